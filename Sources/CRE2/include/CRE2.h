// A C face on RE2: opaque expressions, no exceptions.
#ifndef NILOMETER_CRE2_H
#define NILOMETER_CRE2_H
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nilo_regex nilo_regex;

/// Compiles `count` bytes of UTF-8 to an expression that takes `max_memory` bytes at most, its caches included. Gives
/// NULL when there is no memory; otherwise an expression that has to be destroyed, also when the pattern is not legal.
nilo_regex *nilo_regex_create(const char *pattern, size_t count, size_t max_memory);
void nilo_regex_destroy(nilo_regex *regex);

/// 0, or RE2's code for what is wrong with the pattern.
int nilo_regex_status(const nilo_regex *regex);

/// What is wrong, in RE2's words; as long as the expression lives.
const char *nilo_regex_error(const nilo_regex *regex);

/// Whether some part of the text matches. Any number of threads may ask at once. Linear in `count`.
bool nilo_regex_matches(const nilo_regex *regex, const char *text, size_t count);

/// How many groups in parentheses the expression has.
int nilo_regex_group_count(const nilo_regex *regex);

/// The name of group `group`, from 1, as long as the expression lives; NULL when it has none.
const char *nilo_regex_group_name(const nilo_regex *regex, int group);

/// Whether some part of the text matches, and then in `bounds` where: the first and the end of the whole, then of each
/// group, `groups` of them with the whole; -1 twice for a group that took no part.
bool nilo_regex_find(const nilo_regex *regex, const char *text, size_t count, long *bounds, int groups);

#ifdef __cplusplus
}
#endif
#endif
