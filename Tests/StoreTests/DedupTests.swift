import Foundation
import Testing

@testable import Store

/// Dedup against a model, through many small commits: these fill memory, are written to the index as runs,
/// merged, and read again from the log after the store was closed.
@Suite struct DedupTests {
  private struct Model {
    let windowMs: Int64 = 7 * 86_400_000
    var accepted: [String: [(seq: UInt64, timeMs: Int64)]] = [:]

    /// The events that an event of this id and time repeats.
    func originals(_ id: String, _ timeMs: Int64) -> [UInt64] {
      (accepted[id] ?? []).filter { abs($0.timeMs - timeMs) <= windowMs }.map(\.seq)
    }
  }

  /// With `devices` the id is unique for each of them only.
  @Test(arguments: [1, 40])
  func agreesWithAModelAcrossRunsMergesAndReopening(devices: Int) throws {
    let directory = TemporaryDirectory()
    var random = SeededGenerator()
    var model = Model()
    var store = try Store(directory: directory.path)
    if devices > 1 {
      var definition = StreamDefinition(name: "s", timePath: "ts")
      definition.idPaths = ["device", "event_id"]
      try store.define(definition)
    }
    let start: Int64 = 1_717_200_000_000
    for round in 0..<3_400 * testRounds {
      var documents: [String] = []
      var expected: [[UInt64]] = []
      // The catalogue's event is the first of the log.
      var next = try store.statistics().lastSeq + (round == 0 && devices == 1 ? 2 : 1)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let device = "d,\(Int.random(in: 0..<devices, using: &random))"
        let id = "id-\(Int.random(in: 0..<4_000 / devices, using: &random))"
        let timeMs =
          start + Int64(round) * 300_000 + Int64.random(in: -864_000_000...0, using: &random)
        documents.append(
          "{\"event_id\":\"\(id)\",\"ts\":\(timeMs),\"device\":\"\(device)\"}")
        let scoped = "\(device) \(id)"
        let originals = model.originals(scoped, timeMs)
        expected.append(originals)
        if originals.isEmpty {
          model.accepted[scoped, default: []].append((next, timeMs))
          next += 1
        }
      }
      let result = try store.append(documents, to: "s")
      let wanted = expected.filter { !$0.isEmpty }
      let isAsModel =
        result.duplicates.count == wanted.count
        && zip(result.duplicates, wanted).allSatisfy { $1.contains($0.firstSeq) }
      #expect(isAsModel, "seed \(random.seed), round \(round)")
      if !isAsModel { return }
      if Int.random(in: 0..<400, using: &random) == 0 {
        store.close()
        store = try Store(directory: directory.path)
      }
    }
    let report = try store.check()
    #expect(report.isSound)
    #expect(
      report.dedupRuns > 0, "nothing was written to the index: the test shows less than it should")
    store.close()
  }

  @Test func idsOfEveryTypeAreCompared() throws {
    let directory = TemporaryDirectory()
    let ids = [
      "\"a\"", "\"a\\u0062\"", "17", "1.50", "1e3", "123456789012345678901234567890",
      "18446744073709551615", "18446744073709551614", "18446744073709551615.0", "\"\"",
      "null", "true",
    ]
    let documents = ids.map { "{\"event_id\":\($0),\"ts\":1717200000}" }
    var store = try Store(directory: directory.path)
    try store.define(.init(name: "s", timePath: "ts", idPath: "event_id"))
    #expect(try store.append(documents, to: "s").accepted == ids.count)
    // Empty strings, nulls and booleans are no ids.
    #expect(try store.append(documents, to: "s").duplicates.map(\.firstSeq) == Array(2...10))
    store.close()
    store = try Store(directory: directory.path)
    let again = try store.append(documents + ["{\"event_id\":\"ab\",\"ts\":1717200000}"], to: "s")
    #expect(again.duplicates.map(\.firstSeq) == Array(2...10) + [3])
    store.close()
  }
}
