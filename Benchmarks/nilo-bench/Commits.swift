import EventLog
import Foundation
import Query
import Store

/// Appends the first `count` lines of a file `size` at a time, each append waiting until it is durable; then what the
/// store takes and how long a query over columns takes, before and after small blocks are merged. With `merging` a thread
/// merges them meanwhile, as it does for every writer.
func benchCommits(
  _ directory: String, _ path: String, size: Int, count: Int, merging: Bool
) throws {
  let bytes = try readFile(path, limit: 256 << 20, slack: 0)
  let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: count)
    .prefix(count).map { String(decoding: $0, as: UTF8.self) }
  let store = try Store(
    directory: directory, mode: .readWrite, mergesBlocks: merging)
  defer { store.close() }
  var times: [Double] = []
  let appending = try seconds {
    for start in stride(from: 0, to: lines.count, by: size) {
      let part = Array(lines[start..<min(start + size, lines.count)])
      times.append(try seconds { _ = try store.append(part, to: "fleet", source: "bench") })
    }
  }
  times.sort()
  let before = try measure(store)
  let merged = try seconds { _ = try store.compact() }
  let after = try measure(store)
  report([
    ("append_us", times[times.count / 2] * 1e6),
    ("append_p99_us", times[times.count * 99 / 100] * 1e6),
    ("events_per_s", Double(lines.count) / appending),
    ("bytes_per_event", before.bytes / Double(lines.count)), ("blocks", before.blocks),
    ("query_ms", before.queryMs), ("empty_query_ms", before.emptyMs), ("compact_s", merged),
    ("compacted_bytes_per_event", after.bytes / Double(lines.count)),
    ("compacted_blocks", after.blocks), ("compacted_query_ms", after.queryMs),
  ])
}

/// Appends the lines of a file to a store as it is, `size` at a time, each append waiting until it is durable, and closes it:
/// cells of its KPIs are on disk as well then.
func benchAppends(_ directory: String, _ path: String, size: Int) throws {
  let bytes = try readFile(path, limit: 1 << 30, slack: 0)
  let lines = bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
  let time = try seconds {
    let store = try Store(directory: directory)
    defer { store.close() }
    for start in stride(from: 0, to: lines.count, by: size) {
      let part = Array(lines[start..<min(start + size, lines.count)])
      _ = try store.append(part, to: "fleet", source: "bench")
    }
  }
  report([("events_per_s", Double(lines.count) / time)])
}

private struct Measured {
  var bytes: Double
  var blocks: Double
  /// A query that reads all facts.
  var queryMs: Double
  /// A query of a range in which there are none: what looking through the block index takes.
  var emptyMs: Double
}

private func measure(_ store: Store) throws -> Measured {
  let stream = try store.statistics().streams[0]
  let all = "SELECT avg(temperature), max(temperature), p95(temperature) FROM fleet GROUP BY site"
  return Measured(
    bytes: Double(stream.totals.blockBytes), blocks: Double(stream.blockCount),
    queryMs: try milliseconds(all, store),
    emptyMs: try milliseconds("\(all) SINCE '2031-01-01' UNTIL '2031-01-02'", store))
}

/// The median time of a query over columns.
private func milliseconds(_ query: String, _ store: Store) throws -> Double {
  let engine = QueryEngine(store)
  var options = QueryOptions(nowNs: EventLog.wallClockNs())
  options.path = .columns
  var times: [Double] = []
  for _ in 0..<15 {
    times.append(try seconds { _ = try engine.run(query, options) })
  }
  return times.sorted()[times.count / 2] * 1e3
}
