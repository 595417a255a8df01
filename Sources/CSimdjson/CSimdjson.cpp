#include "CSimdjson.h"

#include <new>
#include <simdjson.h>

using namespace simdjson;

struct nilo_json_parser {
  dom::parser parser;
};

// Deeper than any document may be, so that the limit is in our words.
static const size_t maxDepth = 1040;

nilo_json_parser *nilo_json_parser_create(void) {
  auto parser = new (std::nothrow) nilo_json_parser;
  if (parser && parser->parser.allocate(1 << 16, maxDepth)) {
    delete parser;
    return nullptr;
  }
  return parser;
}

void nilo_json_parser_destroy(nilo_json_parser *parser) { delete parser; }

int nilo_json_validate(nilo_json_parser *parser, const char *bytes, size_t count,
                       size_t readable) {
  const bool padded = readable >= count + SIMDJSON_PADDING;
  return parser->parser.parse(reinterpret_cast<const uint8_t *>(bytes), count, !padded).error();
}

bool nilo_json_is_number_range_error(int code) { return code == NUMBER_ERROR; }

const char *nilo_json_error_message(int code) {
  return error_message(static_cast<error_code>(code));
}

size_t nilo_json_read_fleet_fields(const char *bytes, size_t count, double *sum) {
  ondemand::parser parser;
  ondemand::document_stream stream;
  size_t documents = 0;
  double total = 0;
  if (parser.iterate_many(bytes, count, 1 << 20).get(stream)) return 0;
  for (auto it = stream.begin(); it != stream.end(); ++it) {
    ondemand::document_reference document;
    if ((*it).get(document)) continue;
    std::string_view eventId, deviceId, site, timestamp, status;
    double temperature = 0, humidity = 0, pressure = 0;
    if (document["event_id"].get(eventId) || document["device_id"].get(deviceId) ||
        document["site"].get(site) || document["timestamp"].get(timestamp) ||
        document["temperature"].get(temperature) || document["humidity"].get(humidity) ||
        document["pressure"].get(pressure) || document["status"].get(status)) {
      continue;
    }
    total += temperature + humidity + pressure + static_cast<double>(
        eventId.size() + deviceId.size() + site.size() + timestamp.size() + status.size());
    documents += 1;
  }
  *sum = total;
  return documents;
}
