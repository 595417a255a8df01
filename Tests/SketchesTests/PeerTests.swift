import Foundation
import Testing

@testable import Sketches

/// Compares with the sketches of others, by way of `peers.py`: theirs and ours have to be within
/// the stated bounds of the exact answers.
@Suite struct PeerTests {
  private static let count = 100_000

  /// The generator of `peers.py`.
  private struct Words {
    var state: UInt64

    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 33
    }
  }

  private struct Answer {
    var name: String
    var parameter: Double
    var value: Double
  }

  /// What the peers say.
  private func peerAnswers() throws -> [Answer] {
    let here = URL(filePath: #filePath).deletingLastPathComponent()
    // Not through a link: the environment is found by the path that is called.
    let root = here.deletingLastPathComponent().deletingLastPathComponent()
    let venv = root.appending(path: "build/venv/bin/python3").path(percentEncoded: false)
    let script = here.appending(path: "peers.py").path(percentEncoded: false)
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      FileManager.default.isExecutableFile(atPath: venv) ? venv : "python3", script,
    ]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    try #require(
      process.terminationStatus == 0, "peers.py failed: scripts/setup installs what it needs")
    return try String(decoding: output, as: UTF8.self).split(separator: "\n").map { line in
      let parts = line.split(separator: " ")
      return Answer(
        name: String(parts[0]), parameter: try #require(Double(parts[1])),
        value: try #require(Double(parts[2])))
    }
  }

  @Test func peersAndWeAreWithinTheBounds() throws {
    let answers = try peerAnswers()
    let quantiles = answers.filter { $0.name == "quantile" }
    let distinct = answers.filter { $0.name == "distinct" }
    #expect(quantiles.count == 10 && distinct.count == 4)
    try compareQuantiles(quantiles)
    for answer in distinct { compareDistinct(answer) }
  }

  private func compareQuantiles(_ answers: [Answer]) throws {
    var words = Words(state: 1)
    var sketch = QuantileSketch()
    var values: [Double] = []
    for _ in 0..<Self.count {
      let first = Double(words.next()) / 0x1p31
      let second = Double(words.next()) / 0x1p31
      values.append((first - 0.3) / (1.001 - second))
    }
    for value in values { sketch.add(value) }
    values.sort()
    for answer in answers {
      let q = answer.parameter
      let exact = values[Int(q * Double(Self.count - 1))]
      let share = try #require(Share(q))
      let ours = try #require(sketch.quantile(share))
      // The peer computes its bounds with logarithms, which round.
      #expect(abs(answer.value - exact) <= 0.01000001 * abs(exact), "peer's quantile \(q)")
      #expect(abs(ours - exact) <= 0.01 * abs(exact), "our quantile \(q)")
    }
  }

  private func compareDistinct(_ answer: Answer) {
    let ids = UInt64(answer.parameter)
    var words = Words(state: ids)
    var sketch = HyperLogLog()
    var exact: Set<UInt64> = []
    for _ in 0..<Self.count {
      let id = words.next() % ids
      exact.insert(id)
      sketch.insert(hash: mix(id))
    }
    let bound = 5 * HyperLogLog.relativeError * Double(exact.count)
    let ours = Double(sketch.estimate())
    #expect(abs(answer.value - Double(exact.count)) <= bound, "peer's count of \(ids) ids")
    #expect(abs(ours - Double(exact.count)) <= bound, "our count of \(ids) ids")
  }
}
