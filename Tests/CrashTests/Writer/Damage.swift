import Bytes
import Foundation
import Store

/// All that can be read of a store.
struct Contents: Equatable {
  var events: [String: [LogEvent]] = [:]
  /// All values, by stream and path.
  var columns: [String: [Part]] = [:]
  var ledger: [LedgerEntry] = []
  var statistics: LogStatistics?
  /// Errors of the reads that failed; what was given before them is above.
  var errors: [String] = []

  init(_ store: Store, streams: [String], columns paths: [(stream: String, path: String)]) {
    failing { $0.statistics = try store.statistics() }
    for stream in streams {
      events[stream] = []
      failing { contents in
        try store.forEachEvent(of: stream) {
          contents.events[stream]!.append($0)
          return true
        }
      }
    }
    for (stream, path) in paths {
      let name = "\(stream) \(path)"
      columns[name] = []
      failing { contents in
        try store.forEachColumn(path, of: stream) { contents.columns[name]!.append(Part($0)) }
      }
    }
    failing { contents in
      try store.forEachLedgerEntry {
        contents.ledger.append($0)
        return true
      }
    }
  }

  private mutating func failing(_ body: (inout Contents) throws -> Void) {
    do { try body(&self) } catch { errors.append("\(error)") }
  }

  /// What `other` gave although it is not what this store holds.
  func lies(of other: Contents) -> [String] {
    var lies: [String] = []
    for (stream, found) in other.events {
      let held = events[stream] ?? []
      if !held.starts(with: found) { lies.append("events of \(stream)") }
    }
    for (name, found) in other.columns where !(columns[name] ?? []).starts(with: found) {
      lies.append("column \(name)")
    }
    if !ledger.starts(with: other.ledger) { lies.append("ledger") }
    if let found = other.statistics, found != statistics {
      lies.append("statistics: \(firstDifference("\(found)", "\(statistics!)"))")
    }
    if other.errors.isEmpty, lies.isEmpty, other != self { lies.append("something is missing") }
    return lies
  }
}

/// A block's values of a column.
struct Part: Equatable {
  var firstSeq: UInt64
  var factCount: Int
  var values: FactColumn.Values
  var presence: Presence

  init(_ column: FactColumn) {
    (firstSeq, factCount) = (column.firstSeq, column.factCount)
    (values, presence) = (column.values, column.presence)
  }
}

/// For each line `offset mask` of the plan: damages that byte of the data file, reads everything, checks, and
/// mends it. Says `at` before, and after what became of it.
func damage(_ directory: String, plan: String) throws {
  let data = "\(directory)/data.mdb"
  let whole = try Store(directory: directory, mode: .readOnly)
  let statistics = try whole.statistics()
  let streams = statistics.streams.map(\.definition.name)
  let columns = statistics.streams.flatMap { stream in
    stream.columns.map { (stream: stream.definition.name, path: $0.path.string) }
  }
  let truth = Contents(whole, streams: streams, columns: columns)
  whole.close()
  guard truth.errors.isEmpty else {
    say("failed: the store was damaged before: \(truth.errors)")
    exit(1)
  }
  for line in try String(contentsOfFile: plan, encoding: .utf8).split(separator: "\n") {
    let words = line.split(separator: " ")
    let (offset, mask) = (UInt64(words[0])!, UInt8(words[1])!)
    say("at \(line)")
    try flip(data, offset, mask)
    say("\(line) \(verdict(directory, truth, streams, columns))")
    try flip(data, offset, mask)
  }
  say("done")
}

private func flip(_ path: String, _ offset: UInt64, _ mask: UInt8) throws {
  let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
  defer { try? file.close() }
  try file.seek(toOffset: offset)
  let byte = try file.read(upToCount: 1)?.first ?? 0
  try file.seek(toOffset: offset)
  try file.write(contentsOf: Data([byte ^ mask]))
}

/// intact: all is as it was. reported: some read or the check told of damage, and nothing false was given.
/// unseen: a read failed, but the check finds the store sound. lied: something false was given, but the
/// check tells of damage. silent: something false was given, and the check finds the store sound.
private func verdict(
  _ directory: String, _ truth: Contents, _ streams: [String],
  _ columns: [(stream: String, path: String)]
) -> String {
  let store: Store
  do {
    store = try Store(directory: directory, mode: .readOnly)
  } catch {
    return "reported \(flat("\(error)"))"
  }
  defer { store.close() }
  let found = Contents(store, streams: streams, columns: columns)
  var damages: [String] = []
  do {
    damages = try store.check().damages.map { "\($0)" }
  } catch {
    damages = ["check: \(error)"]
  }
  let lies = truth.lies(of: found)
  let kind =
    switch (lies.isEmpty, found.errors.isEmpty, damages.isEmpty) {
    case (true, true, true): "intact"
    case (true, false, true): "unseen"
    case (true, _, false): "reported"
    case (false, _, false): "lied"
    case (false, _, true): "silent"
    }
  return "\(kind) \(flat((lies + found.errors + damages).joined(separator: " | ")))"
}

private func firstDifference(_ found: String, _ wanted: String) -> String {
  let common = zip(found, wanted).prefix { $0 == $1 }.count
  let start = max(common - 30, 0)
  return "\(found.dropFirst(start).prefix(60)) for \(wanted.dropFirst(start).prefix(60))"
}

private func flat(_ text: String) -> String { text.replacing("\n", with: " ") }
