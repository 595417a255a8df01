import Foundation
import KafkaClient
import Store
import Testing

/// Against a broker that is none of librdkafka's: `make test-kafka` installs it.
@Suite(.serialized, .enabled(if: TansuBroker.program != nil)) struct BrokerTests {
  @Test func theWholeOldSystem() throws { try PipelineTests.wholeSystem(on: TansuBroker()) }

  /// Documents of the size that the example is of.
  @Test func largeDevices() throws {
    try ExampleTests.devices(on: TansuBroker(), size: "5MB", messages: 3)
  }

  @Test func topics() throws {
    let (broker, place) = (try TansuBroker(), try Workplace())
    func topics(_ arguments: String...) throws -> Workplace.Outcome {
      try place.run(
        program("nilo"), ["kafka", "topics"] + arguments + ["--brokers", broker.brokers])
    }
    let made = try topics(
      "create", "pumps", "--partitions", "3", "--set", "retention.ms=604800000", "--json")
    #expect(
      made.output == "{\"topic\":\"pumps\",\"outcome\":\"made\",\"partitions\":3}\n",
      "\(made.error)")
    let again = try topics("create", "pumps")
    #expect(again.status == 1 && again.error.contains("topic pumps"), "\(again.error)")
    #expect(try topics("list").output == "pumps  3 partitions\n")
    let shown = try topics("describe", "pumps").output
    #expect(shown.contains("partition 2  offsets 0 to 0  leader "), "\(shown)")
    // This broker says of all settings that they are what it has for all.
    let settings = try topics("describe", "pumps", "--json").output
    #expect(
      settings.contains("{\"name\":\"retention.ms\",\"value\":\"604800000\""), "\(settings)")
    let object =
      try JSONSerialization.jsonObject(
        with: Data(try topics("describe", "pumps", "--json").output.utf8)) as? [String: Any]
    let partitions = object?["partitions"] as? [[String: Any]]
    #expect(partitions?.count == 3)
    #expect((partitions?.first?["replicas"] as? [Int])?.count == 1)
    // This broker changes nothing of a topic that is there. That is told, and nothing else is.
    for altered in [
      try topics("alter", "pumps", "--partitions", "4"),
      try topics("alter", "pumps", "--set", "retention.ms=1"),
    ] {
      #expect(altered.status == 1 && altered.output == "", "\(altered.output)")
      let isTold = altered.error.contains("topic pumps: ")
      #expect(isTold && altered.error.contains("not supported by broker"), "\(altered.error)")
    }
    #expect(try topics("list").output == "pumps  3 partitions\n")
    #expect(try topics("delete", "pumps").status == 0)
    #expect(try topics("list").output == "")
    #expect(try topics("delete", "pumps").status == 1)
    #expect(try topics("describe", "pumps").status == 1)
  }

  /// Documents of 5 MB go in whole, and come out of the store as they were.
  @Test func largeMessages() throws {
    let (broker, place) = (try TansuBroker(), try Workplace())
    try broker.makeTopic("large", partitions: 2)
    let documents = (0..<6).map { number in
      document(number).dropLast()
        + ",\"x\":\"\(String(repeating: "\(number)", count: 5_000_000))\"}"
    }
    try place.write(documents.joined(separator: "\n"), to: "large.ndjson")
    let sent = try place.nilo(
      "kafka", "produce", "large", "large.ndjson", "--key", "n", "--brokers", broker.brokers)
    #expect(sent.status == 0, "\(sent.error)")
    let read = try place.nilo(
      "consume", "--data", "d", "--brokers", broker.brokers, "--topics", "large", "--into", "s",
      "--until-end")
    #expect(read.error.contains("6 documents, 0 rejected"), "\(read.error)")
    let store = try Store(directory: place.path("d"), mode: .readOnly)
    defer { store.close() }
    var found: [String] = []
    try store.forEachEvent(of: "s") { event in
      found.append(String(decoding: event.bytes, as: UTF8.self))
      return true
    }
    #expect(found.sorted() == documents.map(String.init).sorted())
  }

  /// Who looks for lag at the brokers finds how far the group has got there.
  @Test func theGroupsOffsets() throws {
    let (broker, target) = (try TansuBroker(), try TargetStore())
    try broker.makeTopic("t", partitions: 2)
    let producer = try KafkaProducer([("bootstrap.servers", broker.brokers)])
    defer { producer.close() }
    for number in 0..<30 {
      let message = KafkaProducer.Message(
        value: Array(document(number).utf8), partition: number < 20 ? 0 : 1)
      try producer.send(message, to: "t", tag: number)
    }
    try #require(producer.flush(timeoutMs: 30_000) == 0)
    var settings = target.settings(broker, topics: ["t"])
    settings.endsAtEnd = false
    let hooks = TestHooks()
    let running = try target.running(settings, hooks)
    let consumer = try KafkaConsumer(
      [("bootstrap.servers", broker.brokers)], group: settings.group)
    defer { consumer.close() }
    let partitions = [KafkaPartition("t", 0), KafkaPartition("t", 1)]
    try eventually("the group has got to the end") {
      try consumer.committed(partitions, timeoutMs: 10_000).map { $0?.offset } == [20, 10]
    }
    hooks.stop()
    try running.wait()
    #expect(try target.numbers() == Array(0..<30))
  }

  @Test func rowsOfSinks() throws {
    let (broker, plant) = (try TansuBroker(), try SinkPlant())
    try broker.makeTopic("rows", partitions: 1)
    try plant.define("brokers '\(broker.brokers)', topic 'rows', compression.type 'zstd'")
    try plant.append("a", "01:10", 2)
    try plant.append("a", "02:10", 5)
    try plant.publish()
    let messages = try readMessages(broker.brokers, "rows", partitions: 1, count: 2)
    #expect(messages.map { $0.row["total"] as? Int } == [1, 2])
  }

  /// A certificate is checked, with its name; one that nobody vouches for is refused.
  @Test func encrypted() throws {
    let (broker, place) = (try TansuBroker(isEncrypted: true), try Workplace())
    let options = "security.protocol=SSL\nssl.ca.location=\(broker.certificate)\n"
    try place.write(options, to: "client")
    func list(_ file: String) throws -> Workplace.Outcome {
      try place.nilo(
        "kafka", "topics", "list", "--brokers", broker.brokers, "--client-config", file)
    }
    let made = try place.nilo(
      "kafka", "topics", "create", "secret", "--brokers", broker.brokers, "--client-config",
      "client")
    #expect(made.status == 0, "\(made.error)")
    #expect(try list("client").output == "secret  1 partition\n")
    try place.write("security.protocol=SSL\n", to: "trusting")
    let refused = try list("trusting")
    #expect(
      refused.status == 1 && refused.error.contains("certificate verify failed"), "\(refused)")
  }

  /// Who is not let in is told so, and not only that nobody answers.
  @Test func notLetIn() throws {
    let (broker, place) = (try TansuBroker(isClosed: true), try Workplace())
    try place.write(
      """
      security.protocol=SASL_PLAINTEXT
      sasl.mechanism=SCRAM-SHA-512
      sasl.username=nobody
      sasl.password=hunter2

      """, to: "client")
    let refused = try place.nilo(
      "kafka", "topics", "list", "--brokers", broker.brokers, "--client-config", "client",
      "--timeout", "3")
    #expect(refused.status == 1)
    #expect(
      refused.error.contains("SASL") && !refused.error.contains("hunter2"), "\(refused.error)")
  }
}

/// A broker of the Tansu project in a process of its own, which keeps its topics in memory.
final class TansuBroker: Brokers {
  /// Where it is installed; nil where it is not.
  static let program = ProcessInfo.processInfo.environment["NILO_TANSU"]

  let brokers: String
  /// Of who vouches for it.
  let certificate: String
  private let place: Workplace
  private var processes: [Process] = []

  /// `isEncrypted` has it behind TLS, `isClosed` lets nobody in.
  init(isEncrypted: Bool = false, isClosed: Bool = false) throws {
    let program = URL(fileURLWithPath: try #require(Self.program))
    place = try Workplace()
    certificate = place.path("cert.pem")
    let port = try Self.freePort()
    var advertised = port
    if isEncrypted {
      let made = try place.run(
        URL(fileURLWithPath: "/usr/bin/env"),
        [
          "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout",
          "key.pem", "-out", "cert.pem", "-subj", "/CN=localhost", "-addext",
          "subjectAltName=DNS:localhost,IP:127.0.0.1",
        ])
      try #require(made.status == 0, "\(made.error)")
      advertised = try Self.freePort()
      let proxy = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("tls.py")
      processes.append(
        try place.start(
          URL(fileURLWithPath: "/usr/bin/env"),
          ["python3", proxy.path, "\(advertised)", "\(port)", "cert.pem", "key.pem"],
          output: "proxy.out", error: "proxy.err"))
    }
    brokers = "localhost:\(advertised)"
    processes.append(
      try place.start(
        program,
        [
          "broker", "--listener-url", "tcp://127.0.0.1:\(port)", "--advertised-listener-url",
          "tcp://\(brokers)", "--storage-engine", "memory://tansu/",
        ] + (isClosed ? ["--authentication"] : []), output: "broker.out", error: "broker.err"))
    try eventually("the broker is ready") {
      let proxy = isEncrypted ? try place.text(of: "proxy.out") : "ready"
      let said = try place.text(of: "broker.out") + place.text(of: "broker.err")
      return said.contains("ready") && proxy.contains("ready")
    }
  }

  deinit {
    for process in processes {
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
  }

  func makeTopic(_ name: String, partitions: Int) throws {
    let admin = try KafkaAdmin([("bootstrap.servers", brokers)])
    defer { admin.close() }
    try admin.create(
      name, partitions: partitions, replicas: 1,
      settings: [("max.message.bytes", "20971520")])
  }

  /// One that nobody listens at. Somebody could take it in between.
  private static func freePort() throws -> Int {
    let place = try Workplace()
    let found = try place.run(
      URL(fileURLWithPath: "/usr/bin/env"),
      [
        "python3", "-c",
        "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1])",
      ])
    return try #require(Int(found.output.trimmingCharacters(in: .whitespacesAndNewlines)))
  }
}
