import Foundation
import Model
import Store

/// Batches for `crash-writer`, and what a store holds after each.
struct Script {
  struct Batch {
    var stream: String
    var documents: [String]
  }

  var batches: [Batch] = []
  private var made = 0
  private var ids: [String: [String]] = [:]

  /// Batches of a few documents each, to several streams: the first of a stream makes it, others bring new
  /// columns, duplicates, late events and documents that are no events.
  init(batches count: Int, streams: [String], _ random: inout SeededGenerator) {
    extend(batches: count, streams: streams, &random)
  }

  mutating func extend(batches count: Int, streams: [String], _ random: inout SeededGenerator) {
    for _ in 0..<count {
      let stream = random.pick(streams)
      var documents: [String] = []
      for _ in 0..<random.within(1...12) { documents.append(document(of: stream, &random)) }
      batches.append(Batch(stream: stream, documents: documents))
    }
  }

  /// Batches of so many documents that are all new.
  init(
    batches count: Int, of size: Int, stream: String, arePlain: Bool = false,
    _ random: inout SeededGenerator
  ) {
    extend(batches: count, of: size, stream: stream, arePlain: arePlain, &random)
  }

  mutating func extend(
    batches count: Int, of size: Int, stream: String, arePlain: Bool = false,
    _ random: inout SeededGenerator
  ) {
    for _ in 0..<count {
      let documents = (0..<size).map { _ in event(of: stream, isPlain: arePlain, &random) }
      batches.append(Batch(stream: stream, documents: documents))
    }
  }

  private mutating func document(of stream: String, _ random: inout SeededGenerator) -> String {
    // The first document of a stream has to tell what it is like.
    guard let known = ids[stream] else { return event(of: stream, &random) }
    switch random.below(20) {
    case 0: return "{\"broken\": \(random.below(100))"
    case 1: return "{\"event_id\": \"x\(random.below(100))\"}"
    case 2: return random.pick(known)
    default: return event(of: stream, &random)
    }
  }

  /// Plain events have all the same fields.
  private mutating func event(
    of stream: String, isPlain: Bool = false, _ random: inout SeededGenerator
  ) -> String {
    made += 1
    let late = random.oneIn(15) ? 600 : 0
    let time = 1_717_200_000 + 600 + made - late
    var text =
      "{\"event_id\":\"\(String(random.next(), radix: 36))-\(made)\",\"device_id\":\"d\(made % 7)\","
      + "\"timestamp\":\(time),\"value\":\(random.below(100_000)).\(random.below(100))"
    if !isPlain, random.oneIn(10) { text += ",\"extra\(random.below(6))\":\"\(random.next())\"" }
    if !isPlain, random.oneIn(30) {
      text += ",\"pad\":\"\(String(repeating: "\(random.next())", count: 900))\""
    }
    text += "}"
    ids[stream, default: []].append(text)
    return text
  }

  var text: String {
    var text = ""
    for batch in batches {
      text += "# \(batch.stream)\n"
      for document in batch.documents { text += "\(document)\n" }
    }
    return text
  }

  /// The batch at `index` as `crash-writer` appends it.
  func batch(_ index: Int) -> DocumentBatch {
    let stream = batches[index].stream
    var batch = DocumentBatch(
      bytes: [], documents: [],
      endPosition: Int64(batches[...index].count { $0.stream == stream }))
    for document in batches[index].documents {
      batch.documents.append(
        DocumentRange(
          start: UInt32(batch.bytes.count), byteCount: UInt32(document.utf8.count),
          position: Int64(batch.documents.count)))
      batch.bytes += Array(document.utf8)
    }
    return batch
  }

  /// A store whose blocks are the batches that came in: when ids go to the index depends on how many there are.
  static func unmerged(_ directory: String) throws -> Store {
    try Store(directory: directory, mergesBlocks: false)
  }

  /// Appends the batches `range` to the store in `directory`.
  func append(_ range: Range<Int>, to directory: String) throws {
    let store = try Self.unmerged(directory)
    defer { store.close() }
    for index in range {
      _ = try store.append(batch(index), to: batches[index].stream, source: "script")
    }
  }

  /// The same for batches of one stream by the pipeline, many to a commit.
  func ingest(_ range: Range<Int>, to directory: String) throws {
    let store = try Self.unmerged(directory)
    defer { store.close() }
    var next = range.lowerBound
    _ = try store.ingest(into: batches[next].stream, source: "script") {
      guard next < range.upperBound else { return nil }
      defer { next += 1 }
      let batch = batch(next)
      return { batch }
    }
  }
}

/// What a store has to hold after the first batches of a script: documents from the script itself, counts
/// from a run without faults.
struct Expected {
  let script: Script
  /// The first batches that were not counted one by one.
  private let first: Int
  /// The counts after these and after each further batch.
  private var counts: [[String: Counts]] = []
  private var lastSeqs: [UInt64] = []
  /// Runs of the dedup index, of the first batches and of all.
  private(set) var dedupRuns: [Int] = []

  private struct Counts: Equatable {
    var totals: StreamTotalsCounts
    var columns: [LogStatistics.Column]
    var shapeCount: Int
    var endPosition: Int64?
    var watermarkNs: Int64?
    var sourceEvents: UInt64?
  }

  /// Without what depends on when a writer was started.
  private struct StreamTotalsCounts: Equatable {
    var events, facts, duplicates, rejected, late, originalBytes: UInt64
    var minTimeNs, maxTimeNs: Int64
  }

  /// Appends the script to a store of its own; that of the first batches alone is kept as `before`.
  init(_ script: Script, in workspace: Workspace, keepingBefore first: Int = 0) throws {
    self.script = script
    self.first = first
    workspace.remove("model")
    defer { workspace.remove("model") }
    if first > 0 {
      if Set(script.batches[..<first].map(\.stream)).count == 1 {
        try script.ingest(0..<first, to: workspace.path("before"))
      } else {
        try script.append(0..<first, to: workspace.path("before"))
      }
      try workspace.copy("before", to: "model")
    }
    let store = try Script.unmerged(workspace.path("model"))
    defer { store.close() }
    try count(store)
    if first > 0 { dedupRuns.append(try store.check().dedupRuns) }
    for index in first..<script.batches.count {
      _ = try store.append(script.batch(index), to: script.batches[index].stream, source: "script")
      try count(store)
    }
    dedupRuns.append(try store.check().dedupRuns)
  }

  private mutating func count(_ store: Store) throws {
    let statistics = try store.statistics()
    counts.append(Self.counts(statistics))
    lastSeqs.append(statistics.lastSeq)
  }

  private static func counts(_ statistics: LogStatistics) -> [String: Counts] {
    var counts: [String: Counts] = [:]
    for stream in statistics.streams {
      let totals = stream.totals
      let source = stream.sources.first?.state
      counts[stream.definition.name] = Counts(
        totals: StreamTotalsCounts(
          events: totals.events, facts: totals.facts, duplicates: totals.duplicates,
          rejected: totals.rejected, late: totals.late, originalBytes: totals.originalBytes,
          minTimeNs: totals.minTimeNs,
          maxTimeNs: totals.maxTimeNs),
        columns: stream.columns, shapeCount: stream.shapeCount,
        endPosition: source?.endPosition, watermarkNs: source?.watermarkNs,
        sourceEvents: source?.events)
    }
    return counts
  }

  /// Opens the store, checks it, and compares all that it holds with the script. Gives the number of batches
  /// that it holds.
  @discardableResult
  func verify(_ directory: String, mode: Store.Mode = .readWrite) throws -> Int {
    let store = try Store(directory: directory, mode: mode)
    defer { store.close() }
    return try verify(store)
  }

  @discardableResult
  func verify(_ store: Store) throws -> Int {
    let report = try store.check()
    try check(report.isSound, "the check found \(report.damages)")
    let statistics = try store.statistics()
    let held = statistics.streams.reduce(0) { sum, stream in
      sum + stream.sources.reduce(0) { $0 + Int($1.state.endPosition) }
    }
    try check(held >= first && held <= script.batches.count, "\(held) batches are there")
    try compare(statistics, held: held)
    for stream in statistics.streams.map(\.definition.name) {
      try compareEvents(of: stream, in: store, held: held)
      try compareLedger(of: stream, in: store, statistics)
    }
    return held
  }

  private func compare(_ statistics: LogStatistics, held: Int) throws {
    var found = Self.counts(statistics)
    var lastSeq = statistics.lastSeq
    // A stream is made by a commit of its own before its first batch.
    if held < script.batches.count {
      let name = script.batches[held].stream
      if counts[held - first][name] == nil, let made = found.removeValue(forKey: name) {
        lastSeq -= 1
        try check(
          made.totals.events == 0 && made.endPosition == nil,
          "stream \(name) holds a part of batch \(held)")
      }
    }
    try checkEqual(
      found.keys.sorted(), counts[held - first].keys.sorted(), "streams after \(held) batches")
    for (name, counted) in counts[held - first] {
      var wanted = counted
      // A merge of blocks writes all that was learned by then, also by a batch that is still on its way.
      if held < script.batches.count, let next = counts[held + 1 - first][name] {
        if found[name]?.columns == next.columns { wanted.columns = next.columns }
        if found[name]?.shapeCount == next.shapeCount { wanted.shapeCount = next.shapeCount }
      }
      try checkEqual(found[name], wanted, "counts of \(name) after \(held) batches")
    }
    try checkEqual(lastSeq, lastSeqs[held - first], "last seq after \(held) batches")
  }

  private func compareEvents(of stream: String, in store: Store, held: Int) throws {
    let wanted = documents(of: stream, batches: held)
    var found: [String] = []
    var last: UInt64 = 0
    try store.forEachEvent(of: stream) { event in
      found.append(String(decoding: event.bytes, as: UTF8.self))
      try check(event.seq > last, "seq \(event.seq) after \(last)")
      last = event.seq
      return true
    }
    try check(found == wanted, "events of \(stream) are not those of the first \(held) batches")
    var values = 0
    try store.forEachColumn("value", of: stream) { column in
      values += (0..<column.factCount).count { column.isPresent($0) }
    }
    try checkEqual(values, wanted.count, "values of \(stream)")
  }

  private func compareLedger(
    of stream: String, in store: Store, _ statistics: LogStatistics
  ) throws {
    var found: [LedgerEntry.Kind: UInt64] = [:]
    try store.forEachLedgerEntry(stream: stream) { entry in
      found[entry.kind, default: 0] += 1
      return true
    }
    let totals = statistics.streams.first { $0.definition.name == stream }!.totals
    try checkEqual(
      found[.duplicate] ?? 0, totals.duplicates, "duplicates of \(stream) on the ledger")
    try checkEqual(found[.rejected] ?? 0, totals.rejected, "rejected of \(stream) on the ledger")
    try checkEqual(found[.late] ?? 0, totals.late, "late of \(stream) on the ledger")
  }

  /// The documents of the first batches that are events, each once.
  func documents(of stream: String, batches: Int) -> [String] {
    var seen: Set<String> = []
    return script.batches[..<batches].filter { $0.stream == stream }.flatMap(\.documents).filter {
      $0.contains("\"timestamp\"") && seen.insert($0).inserted
    }
  }

  /// The batches that `crash-writer` was told are durable; what it was told of each has to be right.
  func acknowledged(_ ended: Ended) throws -> Int {
    var count = 0
    for line in ended.lines {
      let words = line.split(separator: " ").map(String.init)
      guard words.first == "ack", words.count == 6, let index = Int(words[1]) else { continue }
      count = index + 1
      let stream = script.batches[index].stream
      let (before, after) = (
        counts[index - first][stream]?.totals, counts[index + 1 - first][stream]!.totals
      )
      let wanted = [
        after.events - (before?.events ?? 0), after.duplicates - (before?.duplicates ?? 0),
        after.rejected - (before?.rejected ?? 0),
      ]
      try checkEqual(words[2...4].map { UInt64($0)! }, wanted, "what was said of batch \(index)")
      if wanted[0] > 0 {
        try checkEqual(UInt64(words[5])!, lastSeqs[index + 1 - first], "last seq of batch \(index)")
      }
    }
    return count
  }
}
