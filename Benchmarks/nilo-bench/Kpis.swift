import Bytes
import FileConnector
import Foundation
import Model
import Store
import Synchronization

/// Rebuilds all KPIs, switching included; the best of some rounds.
func benchRebuild(_ directory: String) throws {
  let store = try Store(directory: directory)
  defer { store.close() }
  var facts: UInt64 = 0
  let time = try best(of: 3) {
    facts = try store.projections.rebuild(named: [], verify: false).map(\.facts).max() ?? 0
  }
  report([("facts_per_s", Double(facts) / time)])
}

/// Reads one group's cells of a day, and all groups' cells of it.
func benchKpiRead(_ directory: String, _ name: String, _ dimension: String) throws {
  let store = try Store(directory: directory, mode: .readOnly)
  defer { store.close() }
  let all = try store.projections.read(name)
  guard let first = all.rows.first, let label = first.group.first ?? nil else { return }
  let day = first.timeNs..<first.timeNs + 86_400_000_000_000
  var cells = 0
  let oneTimes = try times(1_000) {
    cells = try store.projections.read(name, day, groups: [Text(dimension): label]).rows.count
  }
  var allCells = 0
  let allTimes = try times(20) { allCells = try store.projections.read(name, day).rows.count }
  report([
    ("cells", Double(cells)), ("one_group_us", oneTimes[oneTimes.count / 2] * 1e6),
    ("all_cells", Double(allCells)), ("all_groups_ms", allTimes[allTimes.count / 2] * 1e3),
  ])
}

/// Sorted times of `count` runs, in seconds.
private func times(_ count: Int, _ body: () throws -> Void) rethrows -> [Double] {
  var times: [Double] = []
  for _ in 0..<count { times.append(try seconds(body)) }
  return times.sorted()
}

/// Ingests `path` while rebuilds of all KPIs follow each other and one KPI is read all the time.
func benchRebuildBeside(_ directory: String, _ path: String, _ name: String) throws {
  let store = try Store(directory: directory)
  defer { store.close() }
  let isDone = Atomic<Bool>(false)
  let readTimes = Mutex<[Double]>([])
  let threads = DispatchGroup()
  func loop(_ body: @escaping @Sendable () throws -> Void) {
    threads.enter()
    Thread {
      while !isDone.load(ordering: .relaxed) { try? body() }
      threads.leave()
    }.start()
  }
  loop { _ = try store.projections.rebuild(named: [], verify: false) }
  loop {
    let time = try seconds { _ = try store.projections.read(name, Int64.min..<Int64.max) }
    readTimes.withLock { $0.append(time) }
    Thread.sleep(forTimeInterval: 0.005)
  }
  var events: UInt64 = 0
  let time = try seconds {
    var reader = try FileReader(path: path, format: nil)
    let summary = try store.ingest(into: "fleet", source: "bench") {
      guard let chunk = try reader.next() else { return nil }
      return { chunk.documents() }
    }
    events = summary.accepted + summary.duplicates
  }
  isDone.store(true, ordering: .relaxed)
  threads.wait()
  let sorted = readTimes.withLock { $0.sorted() }
  report([
    ("events_per_s", Double(events) / time),
    ("read_p99_ms", (sorted.isEmpty ? 0 : sorted[sorted.count * 99 / 100]) * 1e3),
  ])
}
