import EventLog
import Model
import Synchronization
import TestSupport
import Testing
import Workloads

@testable import Store

/// What small commits take once they are merged.
@Suite struct MergedSizeTests {
  /// The first events of the fleet.
  private static let lines: [String] = {
    var options = FleetWorkload.Options()
    options.hours = 0.02
    var workload = FleetWorkload(options)
    var bytes: [UInt8] = []
    while workload.next(into: &bytes) {}
    return bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
  }()

  /// Bytes of the merged blocks of `count` events that came `size` at a time, from `sources` in turn.
  private func bytes(_ count: Int, size: Int, sources: Int = 1) throws -> Double {
    let directory = TemporaryDirectory()
    // An append waits for the disk: some half a millisecond, and at times much longer.
    let clock = Mutex((timeNs: Int64(1_732_800_000_000_000_000), random: SeededGenerator(seed: 1)))
    let store = try Store(
      directory: directory.path,
      clock: {
        clock.withLock { clock in
          let stalled = clock.random.oneIn(100) ? clock.random.below(6_000) : 0
          clock.timeNs += Int64(clock.random.within(300...800) + stalled) * 1_000
          return clock.timeNs
        }
      }, mergesBlocks: false)
    defer { store.close() }
    for (index, start) in stride(from: 0, to: count, by: size).enumerated() {
      let part = Array(Self.lines[start..<min(start + size, count)])
      _ = try store.append(part, to: "fleet", source: "sensor \(index % sources)")
    }
    _ = try store.compact()
    let stream = try store.statistics().streams[0]
    #expect(stream.blockCount == 1)
    return Double(stream.totals.blockBytes)
  }

  @Test func smallCommitsTakeWhatOneTakes() throws {
    let count = 1_200
    let bulk = try bytes(count, size: count)
    #expect(try bytes(count, size: 1) < 1.12 * bulk)
    #expect(try bytes(count, size: 1, sources: 8) < 1.14 * bulk)
    #expect(try bytes(count, size: 50) < 1.05 * bulk)
  }
}
