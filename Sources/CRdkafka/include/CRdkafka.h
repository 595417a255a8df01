// librdkafka, and what of it Swift cannot call: functions with a variable number of arguments.
#ifndef NILOMETER_CRDKAFKA_H
#define NILOMETER_CRDKAFKA_H
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

/// A header of a message. `value` may be NULL, which is not an empty one.
typedef struct {
  const char *name;
  const void *value;
  size_t value_count;
} nilo_kafka_header;

/// Hands a message to a producer, which copies it. `key` and `value` may be NULL. Partition -1 leaves the choice to the
/// client. `opaque` comes back with the report of its delivery.
rd_kafka_resp_err_t nilo_kafka_produce(
    rd_kafka_t *client, const char *topic, int32_t partition, const void *key, size_t key_count,
    const void *value, size_t value_count, const nilo_kafka_header *headers, size_t header_count,
    void *opaque);

/// A setting of a topic.
typedef struct {
  const char *name;
  const char *value;
} nilo_kafka_setting;

// What follows asks the brokers, waits `timeout_ms` for the answer at most, and writes into `reason` what they say of why they
// do not.

/// `replication` -1 leaves it to the brokers.
rd_kafka_resp_err_t nilo_kafka_create_topic(
    rd_kafka_t *client, const char *name, int partitions, int replication,
    const nilo_kafka_setting *settings, size_t setting_count, int timeout_ms, char *reason,
    size_t reason_size);
rd_kafka_resp_err_t nilo_kafka_delete_topic(
    rd_kafka_t *client, const char *name, int timeout_ms, char *reason, size_t reason_size);
/// Makes the topic have `partitions`, which are more than it has.
rd_kafka_resp_err_t nilo_kafka_grow_topic(
    rd_kafka_t *client, const char *name, size_t partitions, int timeout_ms, char *reason,
    size_t reason_size);
/// Sets these, and brings all others of the topic to what the brokers have by default.
rd_kafka_resp_err_t nilo_kafka_set_topic(
    rd_kafka_t *client, const char *name, const nilo_kafka_setting *settings, size_t setting_count,
    int timeout_ms, char *reason, size_t reason_size);
/// Hands out the settings of a topic. `value` is NULL where it is a secret.
rd_kafka_resp_err_t nilo_kafka_topic_settings(
    rd_kafka_t *client, const char *name, int timeout_ms, void *context,
    void (*take)(void *context, const char *name, const char *value, int is_default),
    char *reason, size_t reason_size);

#endif
