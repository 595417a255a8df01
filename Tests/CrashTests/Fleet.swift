import Foundation
import Store
import Testing
import Workloads

/// Generated events, as lines of files, and what a store has to hold of them.
struct Fleet {
  let lines: [String]
  /// Each line once, in order.
  let events: [String]

  init(devices: Int, hours: Double, seed: UInt64) {
    var options = FleetWorkload.Options()
    (options.devices, options.hours, options.seed) = (devices, hours, seed)
    (options.lateShare, options.duplicateShare) = (0.02, 0.01)
    var workload = FleetWorkload(options)
    var bytes: [UInt8] = []
    while workload.next(into: &bytes) {}
    lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    var seen: Set<String> = []
    events = lines.filter { seen.insert($0).inserted }
  }

  /// The lines as so many files of about one size.
  func write(files count: Int, in workspace: Workspace) throws -> [String] {
    try (0..<count).map { number in
      let range = lines.count * number / count..<lines.count * (number + 1) / count
      return try workspace.write("fleet-\(number).ndjson", text(range))
    }
  }

  func text(_ range: Range<Int>) -> String { lines[range].map { "\($0)\n" }.joined() }

  /// Checks the store, and compares it with the first of these events; gives the number of them. When one
  /// run from the start was all there was, the positions of its sources have to fit, too.
  func verifyPrefix(_ directory: String, in workspace: Workspace, isFirstRun: Bool) throws -> Int {
    // One that was ended before it had anything leaves nothing.
    if isFirstRun, !FileManager.default.fileExists(atPath: directory) { return 0 }
    let checked = try Child.run(
      Child.nilo, ["check", "--data", directory, "--json"], in: workspace)
    try checkEqual(checked.status, 0, "nilo check: \(checked)")
    let allEvents = try checked.json()["events"] as? Int
    try checkEqual(try checked.json()["sound"] as? Bool, true, "sound")
    let stat = try Child.run(Child.nilo, ["stat", "--data", directory, "--json"], in: workspace)
      .json()
    let streams = stat["streams"] as? [[String: Any]] ?? []
    guard let stream = streams.first else { return 0 }
    try checkEqual(streams.count, 1, "streams")

    let store = try Store(directory: directory)
    defer { store.close() }
    var count = 0
    var lastSeq: UInt64 = 1
    try store.forEachEvent(of: "fleet") { event in
      try check(
        count < events.count && event.bytes.elementsEqual(events[count].utf8),
        "event \(count) is not that of the source")
      try check(event.seq > lastSeq, "seq of event \(count) is \(event.seq) after \(lastSeq)")
      lastSeq = event.seq
      count += 1
      return true
    }
    try compare(stream, count)
    // The catalogue's events have numbers, too: there is no gap.
    try checkEqual(stat["last_seq"] as? Int, allEvents, "last seq")
    if isFirstRun { try compareSources(stream, count) }
    try compareLedger(stream, store)
    try compareColumns(store, count)
    return count
  }

  private func compare(_ stream: [String: Any], _ count: Int) throws {
    try checkEqual(stream["events"] as? Int, count, "events in the totals")
    try checkEqual(stream["facts"] as? Int, count, "facts in the totals")
    let bytes = events[..<count].reduce(0) { $0 + $1.utf8.count }
    try checkEqual(stream["original_bytes"] as? Int, bytes, "original bytes")
  }

  /// The lines up to the sources' positions are the events and the duplicates.
  private func compareSources(_ stream: [String: Any], _ count: Int) throws {
    let sources = stream["sources"] as? [[String: Any]] ?? []
    let position = sources.reduce(0) { $0 + ($1["end_position"] as? Int ?? 0) }
    var end = 0
    let processed = lines.prefix { line in
      end += line.utf8.count + 1
      return end <= position
    }
    try checkEqual(
      processed.reduce(0) { $0 + $1.utf8.count + 1 }, position, "position at the end of a line")
    try checkEqual(Set(processed).count, count, "events up to the position")
    try checkEqual(
      stream["duplicates"] as? Int, processed.count - count, "duplicates up to the position")
    try checkEqual(
      sources.reduce(0) { $0 + ($1["events"] as? Int ?? 0) }, count, "events of sources")
  }

  private func compareLedger(_ stream: [String: Any], _ store: Store) throws {
    var entries: [LedgerEntry.Kind: Int] = [:]
    try store.forEachLedgerEntry {
      entries[$0.kind, default: 0] += 1
      return true
    }
    try checkEqual(
      stream["duplicates"] as? Int, entries[.duplicate] ?? 0, "duplicates on the ledger")
    try checkEqual(stream["late"] as? Int, entries[.late] ?? 0, "late events on the ledger")
    try checkEqual(stream["rejected"] as? Int, 0, "rejected")
  }

  private func compareColumns(_ store: Store, _ count: Int) throws {
    for path in ["event_id", "temperature"] {
      var values = 0
      try store.forEachColumn(path, of: "fleet") { column in
        values += (0..<column.factCount).count { column.isPresent($0) }
      }
      try checkEqual(values, count, "values of \(path)")
    }
  }

  /// Ingests all of `files`; afterwards each event is there once. No line was read twice, unless what came before was `piped`:
  /// of that nothing is remembered.
  func complete(
    _ directory: String, _ files: [String], in workspace: Workspace, piped: Bool = false
  ) throws {
    let before = try Self.eventCount(directory, in: workspace)
    let ended = try Child.run(
      Child.nilo, ["ingest", "--data", directory, "--stream", "fleet", "--json"] + files,
      in: workspace)
    try checkEqual(ended.status, 0, "\(ended)")
    try checkEqual(try ended.json()["accepted"] as? Int, events.count - before, "accepted")
    let stat = try Child.run(Child.nilo, ["stat", "--data", directory, "--json"], in: workspace)
    let stream = (try stat.json()["streams"] as? [[String: Any]])?.first
    let twice = lines.count - events.count
    if piped {
      try checkEqual(try ended.json()["duplicates"] as? Int, twice + before, "duplicates")
    } else {
      try checkEqual(stream?["duplicates"] as? Int, twice, "duplicates of all runs")
    }
    try checkEqual(
      try verifyPrefix(directory, in: workspace, isFirstRun: false), events.count, "events")
  }

  static func eventCount(_ directory: String, in workspace: Workspace) throws -> Int {
    let ended = try Child.run(Child.nilo, ["stat", "--data", directory, "--json"], in: workspace)
    return ended.status == 0 ? try ended.json()["events"] as? Int ?? 0 : 0
  }
}
