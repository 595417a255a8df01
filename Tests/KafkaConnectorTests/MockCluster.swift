import Foundation
import KafkaClient
import Testing

/// Brokers that are none, in a process of their own.
final class MockCluster {
  let brokers: String
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()

  init(brokers count: Int = 1) throws {
    process.executableURL = program("kafka-mock")
    process.arguments = ["\(count)"]
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    brokers = try Self.line(output)
  }

  deinit { end() }

  /// As if all brokers went at once.
  func end() {
    try? input.fileHandleForWriting.close()
    process.terminate()
    process.waitUntilExit()
  }

  func tell(_ command: String) throws {
    input.fileHandleForWriting.write(Data((command + "\n").utf8))
    let answer = try Self.line(output)
    try #require(answer == "ok", "\(command): \(answer)")
  }

  func makeTopic(_ name: String, partitions: Int) throws { try tell("topic \(name) \(partitions)") }

  private static func line(_ pipe: Pipe) throws -> String {
    var bytes: [UInt8] = []
    while let byte = try pipe.fileHandleForReading.read(upToCount: 1)?.first, byte != 0x0A {
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Sends values to one partition, in order, and waits until the brokers have them.
  func produce(
    _ values: [String?], to topic: String, partition: Int32 = 0, key: String? = nil,
    headers: [(name: String, value: [UInt8]?)] = []
  ) throws {
    let producer = try KafkaProducer([
      ("bootstrap.servers", brokers), ("message.max.bytes", "20000000"),
      // A machine that stops for a while is no reason to give up.
      ("message.timeout.ms", "0"),
    ])
    defer { producer.close() }
    for (tag, value) in values.enumerated() {
      let message = KafkaProducer.Message(
        key: key.map { Array($0.utf8) }, value: value.map { Array($0.utf8) }, headers: headers,
        partition: partition)
      while true {
        do {
          try producer.send(message, to: topic, tag: tag)
          break
        } catch {
          guard error.kind == .queueFull else { throw error }
          producer.poll(timeoutMs: 10)
        }
      }
    }
    // Tries are counted, and not time, which goes on while the processes are stopped.
    let isFlushed = (0..<300).contains { _ in producer.flush(timeoutMs: 1_000) == 0 }
    try #require(isFlushed, "\(topic) does not take messages")
    let failures = producer.reports().compactMap(\.failure)
    try #require(failures.isEmpty, "\(failures)")
  }
}

/// An executable, which stands beside the test bundle.
func program(_ name: String) -> URL {
  URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    .deletingLastPathComponent().appendingPathComponent(name)
}
