import Foundation
import Store
import TestSupport
import Testing

/// `nilo consume` is killed at any moment, again and again: each message is stored once.
@Suite(.serialized) struct CrashTests {
  @Test func killedAtRandom() throws {
    let cluster = try MockCluster()
    rounds(30) { random in
      let topic = "t\(UUID().uuidString.prefix(8))"
      let partitions = random.within(1...3)
      try cluster.makeTopic(topic, partitions: partitions)
      let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
        "nilo-kafka-\(UUID().uuidString)")
      defer { try? FileManager.default.removeItem(at: directory) }
      var count = 0
      let options = [
        "--commit-events", "\(random.pick([1, 7, 100, 10_000]))",
        random.oneIn(2) ? "--into=events" : "--into-field=kind",
      ]
      for _ in 0..<random.within(1...3) {
        let more = random.within(1...400)
        try cluster.produce(
          (count..<count + more).map { document($0).dropLast() + ",\"kind\":\"events\"}" },
          to: topic, partition: Int32(random.below(partitions)))
        count += more
        let process = try consume(cluster, topic, directory, options)
        usleep(UInt32(random.within(0...250_000)))
        kill(process.processIdentifier, random.oneIn(4) ? SIGTERM : SIGKILL)
        process.waitUntilExit()
      }
      let last = try consume(cluster, topic, directory, options + ["--until-end"])
      last.waitUntilExit()
      try checkEqual(last.terminationStatus, 0, "exit status")
      let store = try Store(directory: directory.path, mode: .readOnly)
      defer { store.close() }
      try checkEqual(try TargetStore.numbers(store), Array(0..<count), "documents")
      try check(try store.check().isSound, "the store is not sound")
    }
  }

  private func consume(
    _ cluster: MockCluster, _ topic: String, _ directory: URL, _ options: [String]
  ) throws -> Process {
    let process = Process()
    process.executableURL = program("nilo")
    process.arguments =
      [
        "consume", "--data", directory.path, "--brokers", cluster.brokers, "--topics", topic,
      ] + options
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    return process
  }
}
