import Bytes
import CMalloc
import Checksum
import EventLog
import Foundation
import Model
import SimdJSON
import Store
import Zstd

// Measures what `Benchmarks/bench.py` cannot measure from outside. Each command prints one JSON object.
//
//   nilo-bench simdjson FILE         On-Demand reads of each field of each line, one core
//   nilo-bench memory                copying memory, one core
//   nilo-bench disk DIRECTORY        durable appends of 256 KiB, four to a synchronisation
//   nilo-bench zstd FILE             compression at level 1, one core
//   nilo-bench scan STORE STREAM COLUMN
//   nilo-bench reopen STORE          opening for writing, and the first append after it
//   nilo-bench rebuild STORE         all KPIs anew
//   nilo-bench kpi-read STORE KPI DIMENSION
//   nilo-bench rebuild-beside STORE FILE KPI
//   nilo-bench commits STORE FILE SIZE COUNT [merging]
//   nilo-bench topic-read BROKERS TOPIC     messages of a topic, read and forgotten by librdkafka's consumer
//   nilo-bench topic-write BROKERS TOPIC FILE
//   nilo-bench hammer [--seconds N]  commits beside readers and rebuilds, for 10 seconds; 1 when an answer is wrong
let arguments = CommandLine.arguments

func usage() -> Never {
  print(
    """
    usage: nilo-bench simdjson|memory|disk|zstd|scan|reopen|rebuild|kpi-read|queries|pages|commits|appends|rebuild-beside
           nilo-bench topic-read|topic-write
           nilo-bench hammer [--seconds N]
      commits small blocks while others ask and rebuild, for N seconds (10), in a store of its own; ends with 1 when
      an answer is not that of the state of the log that it says it is of
    """)
  exit(2)
}

func seconds(_ body: () throws -> Void) rethrows -> Double {
  let duration = try ContinuousClock().measure(body)
  return Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
}

/// The least of `rounds` runs: what the machine can do when nothing is in the way.
func best(of rounds: Int, _ body: () throws -> Void) rethrows -> Double {
  var least = Double.infinity
  for _ in 0..<rounds { least = min(least, try seconds(body)) }
  return least
}

func report(_ fields: [(String, Double)]) {
  var json = JSONObjectWriter()
  for (name, value) in fields { json.field(name, value) }
  print(String(decoding: json.finish(), as: UTF8.self))
}

func readFile(_ path: String, limit: Int, slack: Int) throws -> [UInt8] {
  guard let handle = FileHandle(forReadingAtPath: path) else {
    throw CocoaError(.fileReadNoSuchFile)
  }
  var bytes = [UInt8](try handle.read(upToCount: limit) ?? Data())
  let end = (bytes.lastIndex(of: UInt8(ascii: "\n")) ?? bytes.count - 1) + 1
  bytes.removeLast(bytes.count - end)
  bytes.append(contentsOf: repeatElement(0, count: slack))
  return bytes
}

func benchSimdjson(_ path: String) throws {
  let slack = 64
  let bytes = try readFile(path, limit: 256 << 20, slack: slack)
  var documents = 0
  let time = best(of: 3) {
    documents = readFleetFieldsOnDemand(bytes.rawSpan, byteCount: bytes.count - slack)
  }
  report([
    ("documents_per_s", Double(documents) / time),
    ("bytes_per_s", Double(bytes.count - slack) / time),
  ])
}

func benchMemory() {
  let source = [UInt8](repeating: 1, count: 256 << 20)
  var target: [UInt8] = []
  target.reserveCapacity(source.count)
  let time = best(of: 5) {
    target.removeAll(keepingCapacity: true)
    target.append(span: source.rawSpan)
  }
  report([("bytes_per_s", Double(source.count) / time)])
}

func benchDisk(_ directory: String) throws {
  let path = directory + "/disk-bench"
  guard FileManager.default.createFile(atPath: path, contents: nil) else {
    throw CocoaError(.fileWriteUnknown)
  }
  defer { try? FileManager.default.removeItem(atPath: path) }
  guard let handle = FileHandle(forWritingAtPath: path) else {
    throw CocoaError(.fileWriteUnknown)
  }
  let data = Data((0..<256 * 1024).map { UInt8(truncatingIfNeeded: $0 &* 31) })
  let count = 256
  let time = try seconds {
    for index in 1...count {
      try handle.write(contentsOf: data)
      if index % 4 == 0 { try handle.synchronize() }
    }
  }
  report([("bytes_per_s", Double(data.count * count) / time)])
}

func benchZstd(_ path: String) throws {
  let bytes = try readFile(path, limit: 64 << 20, slack: 0)
  let compressor = try ZstdCompressor(level: 1)
  var output: [UInt8] = []
  let time = try best(of: 2) {
    output.removeAll(keepingCapacity: true)
    try compressor.compress(bytes.rawSpan, into: &output)
  }
  report([
    ("bytes_per_s", Double(bytes.count) / time),
    ("ratio", Double(bytes.count) / Double(output.count)),
  ])
}

/// Sums a column, so that every value is looked at.
func sum(_ store: Store, _ stream: String, _ column: String) throws -> (count: Int, sum: Double) {
  var count = 0
  var total = 0.0
  try store.forEachColumn(column, of: stream) { block in
    switch block.values {
    case .doubles(let values): for value in values { total += value }
    case .integers(let values): for value in values { total += Double(value) }
    case .numbers(let values): for value in values { total += value.double }
    case .bools, .strings, .none: break
    }
    count += block.factCount
  }
  return (count, total)
}

func benchScan(_ directory: String, _ stream: String, _ column: String) throws {
  let store = try Store(directory: directory, mode: .readOnly)
  var count = 0
  let time = try best(of: 5) { count = try sum(store, stream, column).count }
  report([("values_per_s", Double(count) / time)])
}

func benchReopen(_ directory: String) throws {
  var opened: Store?
  let openTime = try seconds { opened = try Store(directory: directory) }
  guard let store = opened else { return }
  let time = Timestamp(ns: EventLog.wallClockNs())
  let document =
    "{\"event_id\":\"reopen-\(time.ns)\",\"device_id\":\"d\",\"timestamp\":\"\(time)\"}"
  let appendTime = try seconds { _ = try store.append([document], to: "fleet", source: "bench") }
  store.close()
  report([("open_ms", openTime * 1e3), ("first_append_ms", appendTime * 1e3)])
}

// As `nilo` does.
_ = mallopt(M_ARENA_MAX, 1)
_ = mallopt(M_MMAP_THRESHOLD, 64 << 20)
_ = mallopt(M_TRIM_THRESHOLD, 64 << 20)

switch arguments.dropFirst().first {
case "simdjson": try benchSimdjson(arguments[2])
case "memory": benchMemory()
case "disk": try benchDisk(arguments[2])
case "zstd": try benchZstd(arguments[2])
case "scan": try benchScan(arguments[2], arguments[3], arguments[4])
case "reopen": try benchReopen(arguments[2])
case "rebuild": try benchRebuild(arguments[2])
case "kpi-read": try benchKpiRead(arguments[2], arguments[3], arguments[4])
case "queries": try benchQueries(arguments[2], only: arguments.dropFirst(3).first)
case "commits":
  try benchCommits(
    arguments[2], arguments[3], size: Int(arguments[4]) ?? 1, count: Int(arguments[5]) ?? 1,
    merging: arguments.dropFirst(6).first == "merging")
case "appends": try benchAppends(arguments[2], arguments[3], size: Int(arguments[4]) ?? 1)
case "pages": try benchPages(arguments[2], arguments[3], pageBytes: Int(arguments[4]) ?? 8_176)
case "hammer":
  let options = Array(arguments.dropFirst(2))
  guard
    let seconds = options.isEmpty
      ? 10 : options.first == "--seconds" ? Double(options.last ?? "") : nil
  else { usage() }
  if !(try hammer(seconds: seconds)) { exit(1) }
case "topic-read": try benchTopicRead(arguments[2], arguments[3])
case "topic-write": try benchTopicWrite(arguments[2], arguments[3], arguments[4])
case "rebuild-beside": try benchRebuildBeside(arguments[2], arguments[3], arguments[4])
default: usage()
}
