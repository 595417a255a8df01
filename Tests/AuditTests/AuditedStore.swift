import Foundation
import Merkle
import Model
import Query
import Synchronization
import TestSupport

@testable import Audit
@testable import Store

/// A folder that is removed with the test.
final class Folder {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent(
    "nilo-audit-\(UUID().uuidString)"
  ).path

  init() {
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }
}

/// A clock that goes on by a second with each step of a test, so that two stores that do the same note the same times, whatever
/// their threads look at the clock for.
final class TickingClock: Sendable {
  // After all measurements: a watermark is never ahead of it.
  private let ns = Mutex<Int64>(1_717_290_000_000_000_000)
  var now: @Sendable () -> Int64 { { [self] in ns.withLock { $0 } } }
  func tick() { ns.withLock { $0 += 1_000_000_000 } }
}

/// A store of measurements with a KPI of them.
struct AuditedStore {
  static let origin = "example.org/plant"
  let store: Store
  let path: String
  let clock: TickingClock

  /// `mergesBlocks` is off: tests say when.
  init(_ path: String, clock: TickingClock = TickingClock()) throws {
    (self.path, self.clock) = (path, clock)
    store = try Store(directory: path, clock: clock.now, mergesBlocks: false)
  }

  func run(_ text: String) throws -> [Answer] {
    clock.tick()
    return try QueryEngine(store).run(text, QueryOptions(nowNs: 1_717_300_000_000_000_000))
  }

  /// With the first measurement, since a KPI is of fields that there are.
  func define() throws {
    _ = try run("DEFINE STREAM heat TIME ts KEY device DEDUP BY id WITHIN 1 day LATENESS 1s")
    try append(0..<1)
    _ = try run(
      """
      DEFINE KPI hourly AS avg(v) AS mean, sum(v) AS total, count(*) AS n, min(v) AS low, max(v) AS high
      FROM heat GROUP BY device EVERY 1h
      """)
  }

  /// Measurement `number`, three of each minute, of device a or b.
  static func document(_ number: Int, v: Double? = nil) -> String {
    let value = v ?? Double((number * 7_919) % 1_000) / 10
    return
      #"{"ts":\#(1_717_200_000 + number * 20),"device":"\#(number % 2 == 0 ? "a" : "b")","id":\#(number),"v":\#(value)}"#
  }

  func append(_ numbers: Range<Int>, source: String = "plant") throws {
    clock.tick()
    _ = try store.append(numbers.map { Self.document($0) }, to: "heat", source: source)
  }

  func close() { store.close() }
}

extension StoredCheckpoint {
  var signed: SignedNote { get throws { try SignedNote(reading: note) } }
}

/// A key that is the same for all tests of a run.
let testKey = try! SigningKey.make(named: AuditedStore.origin)
