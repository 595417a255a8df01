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

  func validate() throws {
    guard partitions >= 1, replicas ?? 1 >= 1 else {
      throw ValidationError("--partitions and --replicas are 1 or more.")
    }
  }

  func run() throws {
    let settings = try set.map(nameAndValue)
    let admin = try kafka.admin()
    defer { admin.close() }
    try admin.create(topic, partitions: partitions, replicas: replicas, settings: settings)
    printNote("topic \(topic) is made, with \(Wording.partitions(partitions))")
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

  func run() throws {
    let admin = try kafka.admin()
    defer { admin.close() }
    try admin.delete(topic)
    printNote("topic \(topic) is deleted")
  }
}

struct TopicDescribe: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "describe", abstract: "Show a topic: its partitions, their offsets, its settings.",
    discussion: """
      Example:
        nilo kafka topics describe pumps --json
      """)

  @OptionGroup var kafka: KafkaArguments
  @Argument var topic: String
  @Flag(help: "Write JSON: one object.")
  var json = false

  func run() throws {
    let admin = try kafka.admin()
    defer { admin.close() }
    guard let found = try admin.topics().first(where: { $0.name == topic }) else {
      throw Failure("there is no topic \(topic); nilo kafka topics list shows those that there are")
    }
    let consumer = try KafkaConsumer(try kafka.options(), group: "nilo.describe")
    defer { consumer.close() }
    let offsets = try (0..<Int32(found.partitionCount)).map {
      try consumer.watermarks(of: KafkaPartition(topic, $0), timeoutMs: kafka.timeoutMs)
    }
    let settings = try admin.settings(of: topic)
    try Output.buffered { output in
      if json { return try output.line(Self.json(found, offsets, settings)) }
      try output.line("\(topic)  \(Wording.partitions(found.partitionCount))")
      for (number, range) in offsets.enumerated() {
        try output.line("partition \(number)  offsets \(range.lowerBound) to \(range.upperBound)")
      }
      for setting in settings where !setting.isDefault {
        try output.line("\(setting.name)=\(setting.value ?? "(secret)")")
      }
    }
  }

  private static func json(
    _ topic: KafkaTopic, _ offsets: [Range<Int64>], _ settings: [KafkaAdmin.Setting]
  ) -> [UInt8] {
    jsonObject { json in
      json.field("topic", topic.name)
      json.field(
        "partitions",
        array: offsets.enumerated().map { number, range in
          jsonObject {
            $0.field("partition", Int64(number))
            $0.field("first_offset", range.lowerBound)
            $0.field("next_offset", range.upperBound)
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
      With more partitions, new messages of a key may go to another one than those before.

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
    printNote("topic \(topic) is altered")
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
