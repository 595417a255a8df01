#include "CRdkafka.h"

rd_kafka_resp_err_t nilo_kafka_produce(
    rd_kafka_t *client, const char *topic, int32_t partition, const void *key, size_t key_count,
    const void *value, size_t value_count, const nilo_kafka_header *headers, size_t header_count,
    void *opaque) {
  rd_kafka_headers_t *list = NULL;
  if (header_count > 0) {
    list = rd_kafka_headers_new(header_count);
    for (size_t i = 0; i < header_count; i++)
      rd_kafka_header_add(
          list, headers[i].name, -1, headers[i].value, (ssize_t)headers[i].value_count);
  }
  // The producer takes the headers only when it takes the message.
  rd_kafka_resp_err_t code = list
      ? rd_kafka_producev(
            client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
            RD_KAFKA_V_KEY(key, key_count), RD_KAFKA_V_VALUE((void *)value, value_count),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADERS(list),
            RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END)
      : rd_kafka_producev(
            client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
            RD_KAFKA_V_KEY(key, key_count), RD_KAFKA_V_VALUE((void *)value, value_count),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR && list) rd_kafka_headers_destroy(list);
  return code;
}
