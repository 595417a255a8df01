import ArgumentParser
import Bytes
import KafkaClient

struct KafkaTopics: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "topics", abstract: "List, make, describe, change and delete topics.",
    subcommands: [
      TopicList.self, TopicCreate.self, TopicDescribe.self, TopicAlter.self, TopicDelete.self,
    ], defaultSubcommand: TopicList.self)
}

struct TopicList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the topics.",
    discussion: """
      Example:
        nilo kafka topics list --brokers localhost:9092
      """)

  @OptionGroup var kafka: KafkaArguments
  @Flag(help: "Write JSON: an object a line.")
  var json = false

  func run() throws {
    let admin = try kafka.admin()
    defer { admin.close() }
    let topics = try admin.topics()
    try Output.buffered { output in
      for topic in topics {
        if json {
          try output.line(topic.json)
        } else {
          let state = topic.failure.map { "  \($0.message)" } ?? ""
          try output.line("\(topic.name)  \(Wording.partitions(topic.partitionCount))\(state)")
        }
      }
    }
  }
}

struct TopicCreate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make a topic.",
    discussion: """
      Example:
        nilo kafka topics create pumps --partitions 3 --set retention.ms=604800000
      """)

  @OptionGroup var kafka: KafkaArguments
  @Argument var topic: String
  @Option(help: ArgumentHelp("How many partitions it has.", valueName: "n"))
  var partitions = 1
  @Option(help: ArgumentHelp("How many brokers have each. (default: theirs)", valueName: "n"))
  var replicas: Int?
  @Option(help: ArgumentHelp("A setting of the topic.", valueName: "name=value"))
  var set: [String] = []
  @Flag(help: "Write what was done as JSON.")
  var json = false

  func validate() throws {
    try KafkaArguments.check(topic: topic)
    guard partitions >= 1, replicas ?? 1 >= 1 else {
      throw ValidationError("--partitions and --replicas are 1 or more.")
    }
  }

  func run() throws {
    let settings = try set.map(nameAndValue)
    let admin = try kafka.admin()
    defer { admin.close() }
    try admin.create(topic, partitions: partitions, replicas: replicas, settings: settings)
    try told("topic \(topic) is made, with \(Wording.partitions(partitions))", json) {
      $0.field("topic", topic)
      $0.field("outcome", "made")
      $0.field("partitions", Int64(partitions))
    }
  }
}

struct TopicDelete: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Delete a topic with all its messages.",
    discussion: """
      What a store has read of it stays there.

      Example:
        nilo kafka topics delete pumps
      """)

  @OptionGroup var kafka: KafkaArguments
  @Argument var topic: String
  @Flag(help: "Write what was done as JSON.")
  var json = false

  func validate() throws { try KafkaArguments.check(topic: topic) }

  func run() throws {
    let admin = try kafka.admin()
    defer { admin.close() }
    try admin.delete(topic)
    try told("topic \(topic) is deleted", json) {
      $0.field("topic", topic)
      $0.field("outcome", "deleted")
    }
  }
}

struct TopicDescribe: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "describe",
    abstract: "Show a topic: its partitions, their offsets and brokers, its settings.",
    discussion: """
      Settings are those of the topic itself; --json has those too that the brokers have for all.

      Example:
        nilo kafka topics describe pumps --json
      """)

  @OptionGroup var kafka: KafkaArguments
  @Argument var topic: String
  @Flag(help: "Write JSON: one object.")
  var json = false

  func validate() throws { try KafkaArguments.check(topic: topic) }

  func run() throws {
    let admin = try kafka.admin()
    defer { admin.close() }
    guard let found = try admin.topics().first(where: { $0.name == topic }) else {
      throw Failure("there is no topic \(topic); nilo kafka topics list shows those that there are")
    }
    let consumer = try KafkaConsumer(try kafka.options(), group: "nilo.describe")
    defer { consumer.close() }
    let offsets = try found.partitions.map {
      try consumer.watermarks(of: KafkaPartition(topic, $0.number), timeoutMs: kafka.timeoutMs)
    }
    let settings = try admin.settings(of: topic)
    try Output.buffered { output in
      if json { return try output.line(Self.json(found, offsets, settings)) }
      try output.line("\(topic)  \(Wording.partitions(found.partitionCount))")
      for (partition, range) in zip(found.partitions, offsets) {
        try output.line(Self.line(partition, range))
      }
      for setting in settings where !setting.isDefault {
        try output.line("\(setting.name)=\(setting.value ?? "(secret)")")
      }
    }
  }

  private static func line(_ partition: KafkaTopic.Partition, _ offsets: Range<Int64>) -> String {
    func listed(_ brokers: [Int32]) -> String {
      brokers.isEmpty ? "none" : brokers.map { "\($0)" }.joined(separator: ",")
    }
    return
      "partition \(partition.number)  offsets \(offsets.lowerBound) to \(offsets.upperBound)"
      + "  leader \(partition.leader < 0 ? "none" : "\(partition.leader)")"
      + "  replicas \(listed(partition.replicas))  in sync \(listed(partition.inSync))"
  }

  private static func json(
    _ topic: KafkaTopic, _ offsets: [Range<Int64>], _ settings: [KafkaAdmin.Setting]
  ) -> [UInt8] {
    jsonObject { json in
      json.field("topic", topic.name)
      json.field(
        "partitions",
        array: zip(topic.partitions, offsets).map { partition, range in
          jsonObject {
            $0.field("partition", Int64(partition.number))
            $0.field("first_offset", range.lowerBound)
            $0.field("next_offset", range.upperBound)
            $0.field("leader", optional: partition.leader < 0 ? nil : Int64(partition.leader))
            $0.field("replicas", numbers: partition.replicas)
            $0.field("in_sync", numbers: partition.inSync)
          }
        })
      json.field(
        "settings",
        array: settings.map { setting in
          jsonObject {
            $0.field("name", setting.name)
            $0.field("value", optional: setting.value)
            $0.field("is_default", setting.isDefault)
          }
        })
    }
  }
}

struct TopicAlter: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "alter", abstract: "Change the settings of a topic, or give it more partitions.",
    discussion: """
      With more partitions, new messages of a key may go to another one than those before. How many brokers have each is not
      changed here: that moves all the data, and is for the tools of the brokers.

      Example:
        nilo kafka topics alter pumps --partitions 6 --set retention.ms=86400000 --unset max.message.bytes
      """)

  @OptionGroup var kafka: KafkaArguments
  @Argument var topic: String
  @Option(help: ArgumentHelp("How many partitions it is to have: more than now.", valueName: "n"))
  var partitions: Int?
  @Option(help: ArgumentHelp("A setting of the topic.", valueName: "name=value"))
  var set: [String] = []
  @Option(help: ArgumentHelp("A setting that is to be as it is for all.", valueName: "name"))
  var unset: [String] = []
  @Flag(help: "Write what was done as JSON.")
  var json = false

  func validate() throws { try KafkaArguments.check(topic: topic) }

  func run() throws {
    let changes: [(name: String, value: String?)] =
      try set.map(nameAndValue).map { ($0.name, $0.value) } + unset.map { ($0, nil) }
    guard partitions != nil || !changes.isEmpty else {
      throw Misuse("say what is to change: --partitions, --set or --unset")
    }
    let admin = try kafka.admin()
    defer { admin.close() }
    if let partitions { try admin.grow(topic, to: partitions) }
    if !changes.isEmpty { try admin.set(changes, of: topic) }
    try told("topic \(topic) is altered", json) {
      $0.field("topic", topic)
      $0.field("outcome", "altered")
    }
  }
}

/// Says what was done: to people, or as an object of JSON.
private func told(
  _ note: String, _ isJSON: Bool, _ fields: (inout JSONObjectWriter) -> Void
) throws {
  if !isJSON { return printNote(note) }
  try Output.buffered { try $0.line(jsonObject(fields)) }
}

extension JSONObjectWriter {
  fileprivate mutating func field(_ name: String, numbers: [Int32]) {
    field(name, array: numbers.map { Array("\($0)".utf8) })
  }

  fileprivate mutating func field(_ name: String, optional value: Int64?) {
    if let value { field(name, value) } else { null(name) }
  }
}

extension KafkaTopic {
  fileprivate var json: [UInt8] {
    jsonObject { json in
      json.field("topic", name)
      json.field("partitions", Int64(partitionCount))
      json.field("failure", optional: failure?.message)
    }
  }
}

extension Wording {
  static func partitions(_ count: Int) -> String {
    count == 1 ? "1 partition" : "\(self.count(count)) partitions"
  }
}
