internal import CRdkafka

/// Makes, changes and deletes topics. Each call asks the brokers and waits for their answer; all throw ``KafkaError``. For one
/// thread at a time.
@safe public final class KafkaAdmin {
  private let handle: ClientHandle
  private let timeoutMs: Int32
  /// Whether a broker has answered.
  private var isReached = false

  /// Options of librdkafka. Connects to nobody yet. `timeoutMs` is how long the brokers may take for each call.
  public init(
    _ options: [(name: String, value: String)], timeoutMs: Int = 10_000
  ) throws(KafkaError) {
    handle = try ClientHandle(RD_KAFKA_PRODUCER, options)
    self.timeoutMs = Int32(timeoutMs)
  }

  /// Lets go of the brokers.
  public func close() { handle.close() }

  /// All topics that whoever asks may see, by name.
  public func topics() throws(KafkaError) -> [KafkaTopic] {
    try handle.topics(timeoutMs: timeoutMs)
  }

  /// `replicas` is how many brokers are to have each partition; nil leaves it to them.
  public func create(
    _ topic: String, partitions: Int, replicas: Int?, settings: [(name: String, value: String)]
  ) throws(KafkaError) {
    try unsafe ask("topic \(topic)") { reason, size in
      unsafe withSettings(settings) { list, count in
        unsafe nilo_kafka_create_topic(
          handle.pointer, topic, Int32(partitions), Int32(replicas ?? -1), list, count, timeoutMs,
          reason, size)
      }
    }
  }

  /// With all its messages.
  public func delete(_ topic: String) throws(KafkaError) {
    try unsafe ask("topic \(topic)") { reason, size in
      unsafe nilo_kafka_delete_topic(handle.pointer, topic, timeoutMs, reason, size)
    }
  }

  /// Adds partitions, so that there are `partitions`. Messages stay where they are.
  public func grow(_ topic: String, to partitions: Int) throws(KafkaError) {
    try unsafe ask("topic \(topic)") { reason, size in
      unsafe nilo_kafka_grow_topic(handle.pointer, topic, partitions, timeoutMs, reason, size)
    }
  }

  /// A setting of a topic.
  public struct Setting: Sendable, Equatable {
    public var name: String
    /// Nil for a secret.
    public var value: String?
    /// Whether it is not of the topic itself, but what the brokers have for all.
    public var isDefault: Bool
  }

  /// The settings of a topic, by name.
  public func settings(of topic: String) throws(KafkaError) -> [Setting] {
    let found = Found()
    try unsafe ask("topic \(topic)") { reason, size in
      let context = unsafe Unmanaged.passUnretained(found).toOpaque()
      return unsafe nilo_kafka_topic_settings(
        handle.pointer, topic, timeoutMs, context,
        { context, name, value, isDefault in
          guard let context = unsafe context, let name = unsafe name else { return }
          unsafe Unmanaged<Found>.fromOpaque(context).takeUnretainedValue().settings.append(
            Setting(
              name: String(cString: name), value: value.map { unsafe String(cString: $0) },
              isDefault: isDefault != 0))
        }, reason, size)
    }
    return withExtendedLifetime(found) { found.settings.sorted { $0.name < $1.name } }
  }

  private final class Found { var settings: [Setting] = [] }

  /// Changes some settings of a topic; nil brings one to what the brokers have for all. Others stay, as long as nobody else
  /// changes them meanwhile: the protocol replaces all of them at once.
  public func set(
    _ changes: [(name: String, value: String?)], of topic: String
  ) throws(KafkaError) {
    let changed = Set(changes.map(\.name))
    var wanted: [(name: String, value: String)] = []
    for setting in try settings(of: topic) where !setting.isDefault {
      if let value = setting.value, !changed.contains(setting.name) {
        wanted.append((setting.name, value))
      }
    }
    for (name, value) in changes {
      if let value { wanted.append((name, value)) }
    }
    try unsafe ask("topic \(topic)") { reason, size in
      unsafe withSettings(wanted) { list, count in
        unsafe nilo_kafka_set_topic(
          handle.pointer, topic, list, count, timeoutMs, reason, size)
      }
    }
  }

  private func ask(
    _ what: String, _ body: (UnsafeMutablePointer<CChar>?, Int) -> rd_kafka_resp_err_t
  ) throws(KafkaError) {
    // Where none answers the calls below would say that no controller was found, and that late.
    if !isReached { _ = try topics() }
    isReached = true
    var reason = [CChar](repeating: 0, count: 512)
    let code = unsafe reason.withUnsafeMutableBufferPointer {
      unsafe body($0.baseAddress, $0.count)
    }
    if code == RD_KAFKA_RESP_ERR_NO_ERROR { return }
    let text = String(
      decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    throw KafkaError(code, what, message: text.isEmpty ? nil : text)
  }
}

/// Calls `body` with settings as the library takes them, which live as long as the call.
private func withSettings<R>(
  _ settings: [(name: String, value: String)],
  _ body: (UnsafePointer<nilo_kafka_setting>?, Int) -> R
) -> R {
  let bytes = settings.reduce(into: [CChar]()) { bytes, setting in
    for text in [setting.name, setting.value] {
      bytes += text.utf8.map { CChar(bitPattern: $0) } + [0]
    }
  }
  return unsafe bytes.withUnsafeBufferPointer { block in
    var list = unsafe [nilo_kafka_setting]()
    var place = 0
    for (name, value) in settings {
      let valuePlace = place + name.utf8.count + 1
      unsafe list.append(
        nilo_kafka_setting(
          name: block.baseAddress?.advanced(by: place),
          value: block.baseAddress?.advanced(by: valuePlace)))
      place = valuePlace + value.utf8.count + 1
    }
    return unsafe list.withUnsafeBufferPointer { unsafe body($0.baseAddress, $0.count) }
  }
}
