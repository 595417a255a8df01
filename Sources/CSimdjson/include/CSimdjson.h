// A C face on simdjson: opaque parser, integer status, no exceptions.
#ifndef NILOMETER_CSIMDJSON_H
#define NILOMETER_CSIMDJSON_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nilo_json_parser nilo_json_parser;

nilo_json_parser *nilo_json_parser_create(void);
void nilo_json_parser_destroy(nilo_json_parser *parser);

/// Validates one whole document with the DOM parser. The bytes need no padding (they are copied when
/// there is none to read). Returns 0, or simdjson's error code.
int nilo_json_validate(nilo_json_parser *parser, const char *bytes, size_t count, size_t readable);

/// The code that `nilo_json_validate` gives for a number that is legal JSON but fits no 64-bit type.
bool nilo_json_is_number_range_error(int code);

const char *nilo_json_error_message(int code);

/// Reads each field of each line by name, in order, with the On-Demand parser: the yardstick that the
/// benchmarks compare ingest with. Returns the number of documents read; `*sum` keeps the reads alive.
size_t nilo_json_read_fleet_fields(const char *bytes, size_t count, double *sum);

#ifdef __cplusplus
}
#endif
#endif
