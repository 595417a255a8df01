import Model

extension SourceKind {
  /// Topics of Apache Kafka. What is named with dots is an option of librdkafka; those that say where to go on, or how much
  /// to keep, are not among them, since that is decided here.
  public static let kafka = SourceKind(
    "kafka", hasTopics: true,
    [
      brokers,
      Option(
        "topics", .texts, isRequired: true,
        form: (
          "names of topics, and patterns with *",
          {
            $0.split(separator: ",", omittingEmptySubsequences: false).allSatisfy(
              SourceKind.isTopics)
          }
        )),
      Option(
        "partitions", .text, form: (PartitionShare.forms, { PartitionShare($0) != nil })),
      Option("start", .choice(["earliest", "latest"])),
      Option("on_gap", .choice(["stop", "continue"])),
      Option("format", .choice(["json", "line"])),
      Option(
        "metadata", .choices(["key", "headers", "timestamp", "topic", "partition", "offset"])),
      Option("dead_letter", .text, form: topicForm),
      Option("group", .text),
      Option("commit_events", .number(1...65_536)),
      Option("commit_bytes", .number(1_024...67_108_864)),
      Option("commit_after", .length),
      Option("memory_bytes", .number(33_554_432...17_179_869_184)),
    ] + connectionOptions + fetchingOptions)

  /// A topic that a sink puts rows into: no source, but said in the same way.
  public static let kafkaTopic = SourceKind(
    "kafka", isTarget: true,
    [
      brokers, Option("topic", .text, isRequired: true, form: topicForm),
      Option(
        "partitioner",
        .choice([
          "murmur2_random", "murmur2", "consistent_random", "consistent", "fnv1a_random", "fnv1a",
        ])),
    ] + connectionOptions + sendingOptions)

  private static let brokers = Option(
    "brokers", .texts, isRequired: true,
    form: (BrokerList.form, { BrokerList.isLegal($0) }))

  private static let topicForm: (words: String, isMet: @Sendable (String) -> Bool) = (
    "the name of a topic: it has \(TopicName.form)", { TopicName.isLegal($0) }
  )

  private static func isTopics(_ part: Substring) -> Bool {
    TopicName.isPattern(String(part))
  }

  private static let connectionOptions: [Option] =
    [
      "sasl.password", "ssl.key.password", "ssl.keystore.password", "ssl.key.pem",
      "sasl.oauthbearer.client.secret",
    ].map { Option($0, .secret) }
    + [
      "security.protocol", "sasl.mechanism", "sasl.mechanisms", "sasl.username",
      "sasl.kerberos.service.name", "sasl.kerberos.principal", "sasl.kerberos.keytab",
      "sasl.oauthbearer.method", "sasl.oauthbearer.client.id",
      "sasl.oauthbearer.token.endpoint.url", "sasl.oauthbearer.scope",
      "sasl.oauthbearer.extensions", "ssl.ca.location", "ssl.ca.pem", "ssl.certificate.location",
      "ssl.certificate.pem", "ssl.key.location", "ssl.keystore.location", "ssl.cipher.suites",
      "ssl.curves.list", "ssl.sigalgs.list", "ssl.crl.location",
      "ssl.endpoint.identification.algorithm", "enable.ssl.certificate.verification", "client.id",
      "client.rack", "broker.address.family", "broker.address.ttl", "socket.timeout.ms",
      "socket.keepalive.enable", "socket.nagle.disable", "socket.send.buffer.bytes",
      "socket.receive.buffer.bytes", "socket.connection.setup.timeout.ms",
      "connections.max.idle.ms", "reconnect.backoff.ms", "reconnect.backoff.max.ms",
      "metadata.max.age.ms", "topic.metadata.refresh.interval.ms",
    ].map { Option($0, .scalar) }

  private static let fetchingOptions: [Option] =
    [
      "fetch.wait.max.ms", "fetch.min.bytes", "fetch.max.bytes", "fetch.message.max.bytes",
      "fetch.error.backoff.ms", "receive.message.max.bytes", "isolation.level", "check.crcs",
    ].map { Option($0, .scalar) }

  private static let sendingOptions: [Option] =
    [
      "compression.type", "compression.level", "linger.ms", "batch.size",
      "batch.num.messages", "message.max.bytes", "message.timeout.ms", "request.timeout.ms",
      "retry.backoff.ms",
    ].map { Option($0, .scalar) }
}
