#include "CRE2.h"

#include <new>
#include <re2/re2.h>
#include <vector>

struct nilo_regex {
  re2::RE2 expression;

  nilo_regex(re2::StringPiece pattern, const re2::RE2::Options &options)
      : expression(pattern, options) {}
};

nilo_regex *nilo_regex_create(const char *pattern, size_t count, size_t max_memory) {
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(static_cast<int64_t>(max_memory));
  return new (std::nothrow) nilo_regex(re2::StringPiece(pattern, count), options);
}

void nilo_regex_destroy(nilo_regex *regex) { delete regex; }

int nilo_regex_status(const nilo_regex *regex) { return regex->expression.error_code(); }

const char *nilo_regex_error(const nilo_regex *regex) {
  return regex->expression.error().c_str();
}

bool nilo_regex_matches(const nilo_regex *regex, const char *text, size_t count) {
  return regex->expression.Match(re2::StringPiece(text, count), 0, count,
                                 re2::RE2::UNANCHORED, nullptr, 0);
}

int nilo_regex_group_count(const nilo_regex *regex) {
  return regex->expression.NumberOfCapturingGroups();
}

const char *nilo_regex_group_name(const nilo_regex *regex, int group) {
  const auto &names = regex->expression.CapturingGroupNames();
  auto found = names.find(group);
  return found == names.end() ? nullptr : found->second.c_str();
}

bool nilo_regex_find(const nilo_regex *regex, const char *text, size_t count, long *bounds,
                     int groups) {
  std::vector<re2::StringPiece> found(static_cast<size_t>(groups));
  if (!regex->expression.Match(re2::StringPiece(text, count), 0, count,
                               re2::RE2::UNANCHORED, found.data(), groups))
    return false;
  for (int group = 0; group < groups; group++) {
    const auto &part = found[static_cast<size_t>(group)];
    bool is_there = part.data() != nullptr;
    bounds[2 * group] = is_there ? part.data() - text : -1;
    bounds[2 * group + 1] = is_there ? part.data() - text + static_cast<long>(part.size()) : -1;
  }
  return true;
}
