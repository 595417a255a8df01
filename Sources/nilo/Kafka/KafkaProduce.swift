import ArgumentParser
import Bytes
import FileConnector
import Foundation
import KafkaClient
import Server
import Store

struct KafkaProduce: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "produce", abstract: "Put documents of a file or a pipe into a topic.",
    discussion: """
      Each document is a message, each is sent once and in its order (enable.idempotence). It ends when the brokers have all \
      of them. What they did not take is told with its number, the first five here and all of it in the file of --failures.

      Example:
        nilo generate fleet --hours 1 | nilo kafka produce fleet --key device_id -
      """)

  @OptionGroup var kafka: KafkaArguments
  @Argument var topic: String
  @Argument(help: ArgumentHelp("Documents as nilo ingest reads them; - is standard input."))
  var file: String
  @Option(help: ArgumentHelp("The field whose value is the key.", valueName: "field"))
  var key: String?
  @Option(help: ArgumentHelp("Messages per second at most.", valueName: "n"))
  var rate: Int?
  @Option(
    help: ArgumentHelp(
      "A file for what was not taken: an object of JSON a line, with message and reason.",
      valueName: "file"))
  var failures: String?

  func validate() throws {
    try KafkaArguments.check(topic: topic)
    guard rate ?? 1 >= 1 else { throw ValidationError("--rate is 1 or more.") }
  }

  func run() throws {
    Interruption.catchSignals()
    let producer = try KafkaProducer(
      [("message.max.bytes", "20971520"), ("linger.ms", "5")] + (try kafka.options()))
    defer { producer.close() }
    var run = ProduceRun(producer, topic: topic, key: key, rate: rate)
    if let failures { run.failureFile = try FailureFile(failures) }
    try run.send(file, timeoutMs: kafka.timeoutMs)
    if run.failedCount > 0 { throw ExitCode(ExitStatus.failure) }
    if Interruption.isRequested { throw ExitCode(ExitStatus.interrupted) }
  }
}

/// One run of `nilo kafka produce`.
private struct ProduceRun {
  private let producer: KafkaProducer
  private let topic: String
  private let key: String?
  private let rate: Int?
  private let start = ContinuousClock.now
  private var progress = Progress()
  private var sentCount = 0
  private var deliveredCount = 0
  private var keyedCount = 0
  private(set) var failedCount = 0
  var failureFile: FailureFile?

  private static let maxFailuresShown = 5
  /// With nothing delivered for so long the brokers are taken for gone.
  private static let patience = Duration.seconds(60)

  init(_ producer: KafkaProducer, topic: String, key: String?, rate: Int?) {
    (self.producer, self.topic, self.key, self.rate) = (producer, topic, key, rate)
  }

  mutating func send(_ file: String, timeoutMs: Int) throws {
    defer { progress.wipe() }
    // A topic that is not there would be waited for in vain.
    let topics = try producer.topics(timeoutMs: timeoutMs)
    guard topics.contains(where: { $0.name == topic }) else {
      throw Failure(
        "there is no topic \(topic); make it with: nilo kafka topics create \(topic)")
    }
    var reader = try FileReader(path: file, format: nil, isCancelled: Interruption.wish)
    while let chunk = try reader.next(), !Interruption.isRequested {
      let batch = chunk.documents()
      for refused in batch.refused { try fail(Int(refused.position), refused.reason) }
      for document in batch.documents {
        let start = Int(document.start)
        try send(Array(batch.bytes[start..<start + Int(document.byteCount)]))
      }
      try tell()
    }
    try finish()
  }

  private mutating func send(_ value: [UInt8]) throws {
    if Interruption.isRequested { return }
    sentCount += 1
    let key = key.flatMap { Store.text(ofField: $0, in: value) }.map { Array($0.utf8) }
    if key != nil { keyedCount += 1 }
    let message = KafkaProducer.Message(key: key, value: value)
    _ = try producer.send(message, to: topic, tag: sentCount, unless: Interruption.wish)
    if sentCount % 1_000 == 0 { try tell() }
    guard let rate else { return }
    let due = start + .seconds(Double(sentCount) / Double(rate))
    let now = ContinuousClock.now
    if due > now {
      producer.poll(timeoutMs: 0)
      Thread.sleep(forTimeInterval: (due - now) / .seconds(1))
    }
  }

  /// Waits until the brokers have everything.
  private mutating func finish() throws {
    var lastNews = ContinuousClock.now
    var left = producer.flush(timeoutMs: 200)
    while left > 0 {
      let before = deliveredCount + failedCount
      try tell()
      if deliveredCount + failedCount > before { lastNews = .now }
      if ContinuousClock.now - lastNews > Self.patience {
        let reason = producer.takeFailure().map { ": \($0.message)" } ?? ""
        throw Failure(
          "\(Wording.count(left)) messages were not taken in time\(reason); \(Wording.count(deliveredCount)) were"
        )
      }
      left = producer.flush(timeoutMs: 200)
    }
    try report()
    progress.wipe()
    printNote(
      "\(Wording.count(deliveredCount)) messages sent"
        + (failedCount > 0 ? ", \(Wording.count(failedCount)) not taken" : ""))
    guard let key, keyedCount < sentCount else { return }
    printNote(
      (keyedCount == 0 ? "no document has" : "\(Wording.count(sentCount - keyedCount)) have no")
        + " field \(key): such messages have no key, and go to any partition")
  }

  private mutating func tell() throws {
    producer.poll(timeoutMs: 0)
    try report()
    let count = deliveredCount
    progress.update { "\(Wording.count(count)) messages sent" }
  }

  private mutating func report() throws {
    for (tag, failure) in producer.reports() {
      if let failure { try fail(tag, failure.message) } else { deliveredCount += 1 }
    }
  }

  /// `place` is the number of the message, or where the document stands in its file.
  private mutating func fail(_ place: Int, _ reason: String) throws {
    failedCount += 1
    try failureFile?.write(place, reason)
    guard failedCount <= Self.maxFailuresShown else { return }
    progress.wipe()
    printError("message \(place): \(reason)")
    if failedCount == Self.maxFailuresShown, failureFile == nil {
      printNote("further ones are counted; --failures FILE has them all")
    }
  }
}

/// What was not taken, a line each.
private struct FailureFile {
  private let path: String
  private let file: FileHandle

  /// Makes the file, or empties it. Throws ``Failure``.
  init(_ path: String) throws {
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let file = FileHandle(forWritingAtPath: path)
    else { throw Failure("the file \(path) cannot be written") }
    (self.path, self.file) = (path, file)
  }

  func write(_ place: Int, _ reason: String) throws {
    let line = jsonObject {
      $0.field("message", Int64(place))
      $0.field("reason", reason)
    }
    do { try file.write(contentsOf: Data(line + [0x0A])) } catch {
      throw Failure("the file \(path) cannot be written: \(FileReason.of(error))")
    }
  }
}
