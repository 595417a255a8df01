import Bytes
import FileConnector
import Foundation
import Language
import Model
import Projections
import Query
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

/// Reads one group's cells of a day, and all groups' cells of it: by queries, and by what these ask of the cells.
func benchKpiRead(_ directory: String, _ name: String, _ dimension: String) throws {
  let store = try Store(directory: directory, mode: .readOnly)
  defer { store.close() }
  let all = try ask(store, "SELECT * FROM \(name)")
  guard case .times(let starts)? = all.columns.first?.values, let firstNs = starts.first else {
    return
  }
  var options = QueryOptions(nowNs: 0)
  options.parameters = [
    "from": .time(firstNs), "to": .time(firstNs + 86_400_000_000_000),
    "label": all.columns[1].values[0],
  ]
  let range = "SINCE $from UNTIL $to"
  var cells = 0
  let oneTimes = try times(1_000) {
    let query = "SELECT * FROM \(name) WHERE \(dimension) = $label \(range)"
    cells = try ask(store, query, options).rowCount
  }
  var allCells = 0
  let allTimes = try times(20) {
    allCells = try ask(store, "SELECT * FROM \(name) \(range)", options).rowCount
  }
  var request = try allRows(of: name, in: store)
  request.range = firstNs..<firstNs + 86_400_000_000_000
  let allCellTimes = try times(20) { _ = try store.aggregate(request) }
  if case .text(let label) = all.columns[1].values[0] {
    request.filter = .compare(FieldPath(dimension), .eq, .string(label))
  }
  let oneCellTimes = try times(1_000) { _ = try store.aggregate(request) }
  report([
    ("cells", Double(cells)), ("one_group_us", oneTimes[oneTimes.count / 2] * 1e6),
    ("all_cells", Double(allCells)), ("all_groups_ms", allTimes[allTimes.count / 2] * 1e3),
    ("one_group_cells_us", oneCellTimes[oneCellTimes.count / 2] * 1e6),
    ("all_groups_cells_ms", allCellTimes[allCellTimes.count / 2] * 1e3),
  ])
}

/// What a query of all of a KPI's rows asks of its cells.
private func allRows(of name: String, in store: Store) throws -> AggregateRequest {
  let listed = try store.projections.list().first { $0.definition.name == name }
  guard let kpi = listed?.definition else { throw CocoaError(.fileReadNoSuchFile) }
  let aggregates = kpi.items.compactMap { item -> Aggregate? in
    if case .aggregate(let aggregate) = item.expression { return aggregate }
    return nil
  }
  var request = AggregateRequest(stream: kpi.stream, aggregates: aggregates)
  request.groupBy = kpi.groupBy.map(\.path.path)
  (request.every, request.rolling, request.timeZone) = (kpi.every, kpi.rolling, kpi.timeZone)
  request.path = .kpi(name, version: kpi.version)
  return request
}

/// Loads events into a new store with a KPI by device each hour whose pages have so many bytes: what a cell takes on disk, and
/// how long it takes to read the cells of one group, and all.
func benchPages(_ directory: String, _ path: String, pageBytes: Int) throws {
  var limits = CellLimits()
  limits.pageSize = PageSize(target: pageBytes)
  do {
    let store = try Store(directory: directory, cellLimits: limits)
    defer { store.close() }
    try ingest(path, into: store)
    let kpi = "count(*), avg(temperature), max(temperature), p95(temperature)"
    _ = try ask(store, "DEFINE KPI pages AS \(kpi) FROM fleet GROUP BY device_id EVERY 1h")
  }
  let store = try Store(directory: directory, mode: .readOnly)
  defer { store.close() }
  let all = try ask(store, "SELECT * FROM pages")
  var options = QueryOptions(nowNs: 0)
  options.parameters = ["label": all.columns[1].values[0]]
  let one = try times(1_000) {
    _ = try ask(store, "SELECT * FROM pages WHERE device_id = $label", options)
  }
  let every = try times(20) { _ = try ask(store, "SELECT * FROM pages") }
  let bytes = try store.statistics().tableBytes["cells"] ?? 0
  report([
    ("bytes_per_cell", Double(bytes) / Double(all.rowCount)), ("cells", Double(all.rowCount)),
    ("one_group_us", one[one.count / 2] * 1e6), ("all_groups_ms", every[every.count / 2] * 1e3),
  ])
}

/// The answer of one statement.
private func ask(
  _ store: Store, _ text: String, _ options: QueryOptions = QueryOptions(nowNs: 0)
) throws -> Answer {
  try QueryEngine(store).run(text, options)[0]
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
    let time = try seconds { _ = try ask(store, "SELECT * FROM \(name)") }
    readTimes.withLock { $0.append(time) }
    Thread.sleep(forTimeInterval: 0.005)
  }
  var events: UInt64 = 0
  let time = try seconds { events = try ingest(path, into: store) }
  isDone.store(true, ordering: .relaxed)
  threads.wait()
  let sorted = readTimes.withLock { $0.sorted() }
  report([
    ("events_per_s", Double(events) / time),
    ("read_p99_ms", (sorted.isEmpty ? 0 : sorted[sorted.count * 99 / 100]) * 1e3),
  ])
}

/// Loads a file; gives how many events it has.
@discardableResult
private func ingest(_ path: String, into store: Store) throws -> UInt64 {
  var reader = try FileReader(path: path, format: nil)
  let summary = try store.ingest(into: "fleet", source: "bench") {
    guard let chunk = try reader.next() else { return nil }
    return { chunk.documents() }
  }
  return summary.accepted + summary.duplicates
}
