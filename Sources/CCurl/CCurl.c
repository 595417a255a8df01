#include "CCurl.h"

#include <curl/curl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct nilo_curl {
  CURL *easy;
  char message[CURL_ERROR_SIZE];
  const nilo_curl_hooks *hooks;
  bool has_refused;
};

static pthread_once_t is_set_up = PTHREAD_ONCE_INIT;
// Takes some milliseconds, which programs that ask nobody do not have to wait.
static void set_up_library(void) { curl_global_init(CURL_GLOBAL_DEFAULT); }

nilo_curl *nilo_curl_create(void) {
  pthread_once(&is_set_up, set_up_library);
  nilo_curl *session = calloc(1, sizeof *session);
  if (!session) return NULL;
  session->easy = curl_easy_init();
  if (session->easy) return session;
  free(session);
  return NULL;
}

void nilo_curl_destroy(nilo_curl *session) {
  curl_easy_cleanup(session->easy);
  free(session);
}

const char *nilo_curl_message(const nilo_curl *session) { return session->message; }

static size_t take_head(char *bytes, size_t size, size_t count, void *pointer) {
  nilo_curl *session = pointer;
  session->hooks->take_head(session->hooks->context, bytes, size * count);
  return size * count;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *pointer) {
  nilo_curl *session = pointer;
  bool goes_on = session->hooks->take_body(session->hooks->context, bytes, size * count);
  return goes_on ? size * count : CURL_WRITEFUNC_ERROR;
}

static int on_progress(
    void *pointer, curl_off_t total_down, curl_off_t down, curl_off_t total_up, curl_off_t up) {
  nilo_curl *session = pointer;
  (void)total_down, (void)down, (void)total_up, (void)up;
  return session->hooks->is_cancelled(session->hooks->context) ? 1 : 0;
}

// Called after names are resolved, so that what is looked at is what is connected to.
static curl_socket_t open_socket(
    void *pointer, curlsocktype purpose, struct curl_sockaddr *address) {
  nilo_curl *session = pointer;
  (void)purpose;
  if (session->hooks->permits) {
    char text[NI_MAXHOST];
    int failure = getnameinfo(
        &address->addr, address->addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
    if (failure || !session->hooks->permits(session->hooks->context, text)) {
      session->has_refused = true;
      return CURL_SOCKET_BAD;
    }
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static nilo_curl_outcome outcome(const nilo_curl *session, CURLcode code) {
  switch (code) {
    case CURLE_OK: return nilo_curl_done;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT: return nilo_curl_bad_url;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return nilo_curl_unresolved;
    case CURLE_COULDNT_CONNECT:
      return session->has_refused ? nilo_curl_refused_address : nilo_curl_unreachable;
    case CURLE_OPERATION_TIMEDOUT: return nilo_curl_timed_out;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ISSUER_ERROR: return nilo_curl_untrusted;
    case CURLE_WRITE_ERROR:
    case CURLE_ABORTED_BY_CALLBACK: return nilo_curl_stopped;
    default: return nilo_curl_broken_off;
  }
}

static CURLcode configure(nilo_curl *session, const nilo_curl_request *request) {
  CURL *easy = session->easy;
  CURLcode code = CURLE_OK;
#define SET(option, value) \
  if (code == CURLE_OK) code = curl_easy_setopt(easy, option, value)
  SET(CURLOPT_ERRORBUFFER, session->message);
  SET(CURLOPT_PROTOCOLS_STR, "http,https");
  SET(CURLOPT_NOSIGNAL, 1L);
  SET(CURLOPT_URL, request->url);
  SET(CURLOPT_CUSTOMREQUEST, request->method);
  SET(CURLOPT_NOBODY, strcmp(request->method, "HEAD") == 0 ? 1L : 0L);
  SET(CURLOPT_CONNECTTIMEOUT_MS, request->connect_timeout_ms);
  SET(CURLOPT_TIMEOUT_MS, request->timeout_ms);
  SET(CURLOPT_HEADERFUNCTION, take_head);
  SET(CURLOPT_HEADERDATA, session);
  SET(CURLOPT_WRITEFUNCTION, take_body);
  SET(CURLOPT_WRITEDATA, session);
  SET(CURLOPT_NOPROGRESS, 0L);
  SET(CURLOPT_XFERINFOFUNCTION, on_progress);
  SET(CURLOPT_XFERINFODATA, session);
  SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
  SET(CURLOPT_OPENSOCKETDATA, session);
  if (request->ca_file) SET(CURLOPT_CAINFO, request->ca_file);
  if (request->body) {
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_count);
    SET(CURLOPT_POSTFIELDS, request->body);
  }
#undef SET
  return code;
}

// Gives a list of its own to an option; what is in `list` belongs to the caller.
static CURLcode set_list(
    CURL *easy, CURLoption option, const char *const *lines, size_t count,
    struct curl_slist **list) {
  for (size_t index = 0; index < count; index++) {
    struct curl_slist *longer = curl_slist_append(*list, lines[index]);
    if (!longer) return CURLE_OUT_OF_MEMORY;
    *list = longer;
  }
  return curl_easy_setopt(easy, option, *list);
}

nilo_curl_outcome nilo_curl_perform(
    nilo_curl *session, const nilo_curl_request *request, const nilo_curl_hooks *hooks) {
  session->hooks = hooks;
  session->has_refused = false;
  session->message[0] = 0;
  curl_easy_reset(session->easy);
  struct curl_slist *headers = NULL, *addresses = NULL;
  CURL *easy = session->easy;
  CURLcode code = configure(session, request);
  if (code == CURLE_OK) {
    code = set_list(easy, CURLOPT_HTTPHEADER, request->headers, request->header_count, &headers);
  }
  if (code == CURLE_OK) {
    code = set_list(
        easy, CURLOPT_RESOLVE, request->addresses, request->address_count, &addresses);
  }
  if (code == CURLE_OK) code = curl_easy_perform(easy);
  curl_slist_free_all(headers);
  curl_slist_free_all(addresses);
  if (!session->message[0] && code != CURLE_OK) {
    strncpy(session->message, curl_easy_strerror(code), sizeof session->message - 1);
  }
  session->hooks = NULL;
  return outcome(session, code);
}
