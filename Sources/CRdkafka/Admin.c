#include "CRdkafka.h"

#include <stdio.h>

// What is asked of brokers is answered by an event on a queue, which is waited for.

typedef struct {
  rd_kafka_queue_t *queue;
  rd_kafka_AdminOptions_t *options;
} request;

static request begin(rd_kafka_t *client, rd_kafka_admin_op_t operation, int timeout_ms) {
  request made = {rd_kafka_queue_new(client), rd_kafka_AdminOptions_new(client, operation)};
  rd_kafka_AdminOptions_set_request_timeout(made.options, timeout_ms, NULL, 0);
  if (operation != RD_KAFKA_ADMIN_OP_ALTERCONFIGS && operation != RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS)
    rd_kafka_AdminOptions_set_operation_timeout(made.options, timeout_ms, NULL, 0);
  return made;
}

static void end(request made) {
  rd_kafka_AdminOptions_destroy(made.options);
  rd_kafka_queue_destroy(made.queue);
}

static void note(char *reason, size_t size, const char *text) {
  snprintf(reason, size, "%s", text ? text : "");
}

static rd_kafka_resp_err_t failed_event(rd_kafka_event_t *event, char *reason, size_t size) {
  rd_kafka_resp_err_t code = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
  if (code) note(reason, size, event ? rd_kafka_event_error_string(event) : rd_kafka_err2str(code));
  return code;
}

/// The outcome of a request about one topic.
static rd_kafka_resp_err_t topic_outcome(request made, int timeout_ms, char *reason, size_t size) {
  // The library ends each request by its own timeout, a moment before.
  rd_kafka_event_t *event = rd_kafka_queue_poll(made.queue, timeout_ms + 1000);
  rd_kafka_resp_err_t code = failed_event(event, reason, size);
  if (!code) {
    size_t count = 0;
    const rd_kafka_topic_result_t **topics = NULL;
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_CREATETOPICS_RESULT:
      topics = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
      break;
    case RD_KAFKA_EVENT_DELETETOPICS_RESULT:
      topics = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count);
      break;
    case RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT:
      topics = rd_kafka_CreatePartitions_result_topics(
          rd_kafka_event_CreatePartitions_result(event), &count);
      break;
    default: break;
    }
    for (size_t i = 0; i < count && !code; i++) {
      code = rd_kafka_topic_result_error(topics[i]);
      const char *text = rd_kafka_topic_result_error_string(topics[i]);
      if (code) note(reason, size, text && *text ? text : rd_kafka_err2str(code));
    }
  }
  if (event) rd_kafka_event_destroy(event);
  return code;
}

rd_kafka_resp_err_t nilo_kafka_create_topic(
    rd_kafka_t *client, const char *name, int partitions, int replication,
    const nilo_kafka_setting *settings, size_t setting_count, int timeout_ms, char *reason,
    size_t reason_size) {
  rd_kafka_NewTopic_t *topic =
      rd_kafka_NewTopic_new(name, partitions, replication, reason, reason_size);
  if (!topic) return RD_KAFKA_RESP_ERR__INVALID_ARG;
  for (size_t i = 0; i < setting_count; i++)
    rd_kafka_NewTopic_set_config(topic, settings[i].name, settings[i].value);
  request made = begin(client, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout_ms);
  rd_kafka_CreateTopics(client, &topic, 1, made.options, made.queue);
  rd_kafka_resp_err_t code = topic_outcome(made, timeout_ms, reason, reason_size);
  rd_kafka_NewTopic_destroy(topic);
  end(made);
  return code;
}

rd_kafka_resp_err_t nilo_kafka_delete_topic(
    rd_kafka_t *client, const char *name, int timeout_ms, char *reason, size_t reason_size) {
  rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(name);
  request made = begin(client, RD_KAFKA_ADMIN_OP_DELETETOPICS, timeout_ms);
  rd_kafka_DeleteTopics(client, &topic, 1, made.options, made.queue);
  rd_kafka_resp_err_t code = topic_outcome(made, timeout_ms, reason, reason_size);
  rd_kafka_DeleteTopic_destroy(topic);
  end(made);
  return code;
}

rd_kafka_resp_err_t nilo_kafka_grow_topic(
    rd_kafka_t *client, const char *name, size_t partitions, int timeout_ms, char *reason,
    size_t reason_size) {
  rd_kafka_NewPartitions_t *topic =
      rd_kafka_NewPartitions_new(name, partitions, reason, reason_size);
  if (!topic) return RD_KAFKA_RESP_ERR__INVALID_ARG;
  request made = begin(client, RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, timeout_ms);
  rd_kafka_CreatePartitions(client, &topic, 1, made.options, made.queue);
  rd_kafka_resp_err_t code = topic_outcome(made, timeout_ms, reason, reason_size);
  rd_kafka_NewPartitions_destroy(topic);
  end(made);
  return code;
}

static rd_kafka_resp_err_t resource_failure(
    const rd_kafka_ConfigResource_t **resources, size_t count, char *reason, size_t size) {
  for (size_t i = 0; i < count; i++) {
    rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(resources[i]);
    const char *text = rd_kafka_ConfigResource_error_string(resources[i]);
    if (code) {
      note(reason, size, text && *text ? text : rd_kafka_err2str(code));
      return code;
    }
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t nilo_kafka_set_topic(
    rd_kafka_t *client, const char *name, const nilo_kafka_setting *settings, size_t setting_count,
    int timeout_ms, char *reason, size_t reason_size) {
  rd_kafka_ConfigResource_t *topic = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
  for (size_t i = 0; i < setting_count; i++)
    rd_kafka_ConfigResource_set_config(topic, settings[i].name, settings[i].value);
  request made = begin(client, RD_KAFKA_ADMIN_OP_ALTERCONFIGS, timeout_ms);
  rd_kafka_AlterConfigs(client, &topic, 1, made.options, made.queue);
  rd_kafka_event_t *event = rd_kafka_queue_poll(made.queue, timeout_ms + 1000);
  rd_kafka_resp_err_t code = failed_event(event, reason, reason_size);
  if (!code) {
    size_t count = 0;
    const rd_kafka_ConfigResource_t **resources =
        rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event), &count);
    code = resource_failure(resources, count, reason, reason_size);
  }
  if (event) rd_kafka_event_destroy(event);
  rd_kafka_ConfigResource_destroy(topic);
  end(made);
  return code;
}

rd_kafka_resp_err_t nilo_kafka_topic_settings(
    rd_kafka_t *client, const char *name, int timeout_ms, void *context,
    void (*take)(void *context, const char *name, const char *value, int is_default),
    char *reason, size_t reason_size) {
  rd_kafka_ConfigResource_t *topic = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
  request made = begin(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout_ms);
  rd_kafka_DescribeConfigs(client, &topic, 1, made.options, made.queue);
  rd_kafka_event_t *event = rd_kafka_queue_poll(made.queue, timeout_ms + 1000);
  rd_kafka_resp_err_t code = failed_event(event, reason, reason_size);
  if (!code) {
    size_t count = 0;
    const rd_kafka_ConfigResource_t **resources = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event), &count);
    code = resource_failure(resources, count, reason, reason_size);
    for (size_t i = 0; i < count && !code; i++) {
      size_t entry_count = 0;
      const rd_kafka_ConfigEntry_t **entries =
          rd_kafka_ConfigResource_configs(resources[i], &entry_count);
      for (size_t k = 0; k < entry_count; k++)
        take(
            context, rd_kafka_ConfigEntry_name(entries[k]), rd_kafka_ConfigEntry_value(entries[k]),
            rd_kafka_ConfigEntry_source(entries[k]) != RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG);
    }
  }
  if (event) rd_kafka_event_destroy(event);
  rd_kafka_ConfigResource_destroy(topic);
  end(made);
  return code;
}
