// A C face on libcurl: its calls take a variable number of arguments, which Swift cannot give.
#ifndef NILOMETER_CCURL_H
#define NILOMETER_CCURL_H
#include <stdbool.h>
#include <stddef.h>

/// A session: connections stay open for the next request to the same server. For one thread at a time.
typedef struct nilo_curl nilo_curl;

/// NULL when there is no memory.
nilo_curl *nilo_curl_create(void);
void nilo_curl_destroy(nilo_curl *session);

/// What a request is asked and told while it runs. `context` is handed to each.
typedef struct {
  void *context;
  /// A line of the head: the status line, or a field. Of each answer, those before the last among them.
  void (*take_head)(void *context, const char *bytes, size_t count);
  /// A piece of the body, as it was sent. False ends the request.
  bool (*take_body)(void *context, const char *bytes, size_t count);
  /// Asked at least once a second.
  bool (*is_cancelled)(void *context);
  /// Whether a connection to this address, in numbers, may be opened. NULL permits all.
  bool (*permits)(void *context, const char *address);
} nilo_curl_hooks;

typedef struct {
  const char *method;
  const char *url;
  /// `Name: value`, `header_count` of them.
  const char *const *headers;
  size_t header_count;
  /// NULL for none.
  const char *body;
  size_t body_count;
  /// Milliseconds; 0 for no bound.
  long connect_timeout_ms;
  long timeout_ms;
  /// `host:port:address`, `address_count` of them: names that are not looked up.
  const char *const *addresses;
  size_t address_count;
  /// A file of PEM with whom to trust; NULL for those that the system trusts.
  const char *ca_file;
} nilo_curl_request;

/// What ended a request.
typedef enum {
  nilo_curl_done,
  nilo_curl_bad_url,
  nilo_curl_unresolved,
  nilo_curl_unreachable,
  nilo_curl_timed_out,
  nilo_curl_refused_address,
  nilo_curl_untrusted,
  nilo_curl_stopped,
  nilo_curl_broken_off,
} nilo_curl_outcome;

/// Sends a request, and returns when its answer is complete or will not be. Redirects are answers like others.
nilo_curl_outcome nilo_curl_perform(
    nilo_curl *session, const nilo_curl_request *request, const nilo_curl_hooks *hooks);

/// What libcurl said of the last request that failed.
const char *nilo_curl_message(const nilo_curl *session);
#endif
