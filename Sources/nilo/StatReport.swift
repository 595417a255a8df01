import Bytes
import Language
import Model
import Query
import Store

/// What `nilo stat` prints.
struct StatReport {
  private let statistics: LogStatistics
  private let observers: [ObserverState]
  private let cells: [CellsOnDisk]
  /// Of each stream, fields that its definition names and no event has.
  private let absentFields: [String: [String]]
  private let directory: String

  init(_ store: Store, directory: String) throws {
    statistics = try store.statistics()
    observers = try store.observerStates()
    cells = try store.cellsOnDisk()
    absentFields = Dictionary(
      try store.snapshot().streams.map { ($0.name, $0.notesOfAbsentFields) },
      uniquingKeysWith: { first, _ in first })
    self.directory = directory
  }

  private var events: UInt64 { statistics.streams.reduce(0) { $0 + $1.totals.events } }
  private var originalBytes: UInt64 {
    statistics.streams.reduce(0) { $0 + $1.totals.originalBytes }
  }
  private var bytesPerEvent: Double? {
    events > 0 ? Double(statistics.diskBytes) / Double(events) : nil
  }
  /// Original bytes for each byte on disk.
  private var ratio: Double? {
    events > 0 ? Double(originalBytes) / Double(max(statistics.diskBytes, 1)) : nil
  }

  // MARK: Text

  var text: String {
    var parts = [Wording.table(storeRows)]
    for stream in statistics.streams { parts.append(text(of: stream)) }
    if !cells.isEmpty {
      parts.append("cells of KPIs\n" + Wording.table(cells.map(Self.row(of:)), indent: 2))
    }
    if !observers.isEmpty {
      parts.append("observers\n" + Wording.table(observers.map(Self.row(of:)), indent: 2))
    }
    return parts.joined(separator: "\n\n")
  }

  private var storeRows: [(String, String)] {
    var rows = [
      ("store", directory),
      ("streams", Wording.count(statistics.streams.count)),
      ("events", Wording.count(events)),
      ("last seq", Wording.count(statistics.lastSeq)),
      ("original", Wording.bytes(originalBytes)),
      ("blocks", Wording.blocks(statistics.blocks.count, statistics.blocks.bytes)),
      ("on disk", Wording.bytes(statistics.diskBytes)),
    ]
    let ofCells = ["kpis", "cells", "series"].reduce(0) { $0 + (statistics.tableBytes[$1] ?? 0) }
    if ofCells > 0 { rows.append(("cells", Wording.bytes(UInt64(ofCells)))) }
    if statistics.freeBytes > 0 { rows.append(("free", freeText)) }
    if let bytesPerEvent { rows.append(("per event", "\(Wording.decimal(bytesPerEvent)) B")) }
    if let ratio { rows.append(("ratio", "\(Wording.decimal(ratio)) : 1")) }
    return rows
  }

  /// What is worth to be given back.
  private static let (minGivableBytes, minGivablePercent) = (1 << 20, 10)

  private var freeText: String {
    let free =
      "\(Wording.bytes(UInt64(statistics.freeBytes))) within the file, which are used again"
    let givable = statistics.givableBytes
    guard givable >= Self.minGivableBytes,
      givable >= statistics.diskBytes / 100 * Self.minGivablePercent
    else { return free }
    return free + "; nilo compact gives \(Wording.bytes(UInt64(givable))) back to the file system"
  }

  private static func row(of cells: CellsOnDisk) -> (String, String) {
    let facts = cells.factsBehind == 1 ? "1 fact" : "\(Wording.count(cells.factsBehind)) facts"
    let later =
      cells.factsBehind == 0 ? "nothing later" : "\(facts) later, added when they are read"
    return (cells.stream, "written to seq \(Wording.count(cells.seq)), \(later)")
  }

  private static func row(of observer: ObserverState) -> (String, String) {
    let lag = observer.lag == 1 ? "1 event" : "\(Wording.count(observer.lag)) events"
    let behind = observer.lag == 0 ? "nothing behind" : "\(lag) behind"
    let failure = observer.failure.map { ", fails: \(printable($0))" } ?? ""
    return (observer.name, "at seq \(Wording.count(observer.seq)), \(behind)\(failure)")
  }

  private func text(of stream: LogStatistics.Stream) -> String {
    let name = stream.definition.name
    var lines = ["stream \(name)", Wording.table(Self.rows(of: stream), indent: 2)]
    if !stream.columns.isEmpty {
      lines.append("  columns")
      lines.append(
        Wording.table(stream.columns.map { (Self.printable($0.path.string), $0.type) }, indent: 4))
    }
    if let note = Self.fieldsWithoutColumn(stream.fieldsWithoutColumn) { lines.append("  \(note)") }
    for field in stream.unusedFields {
      lines.append("  \(StreamNotes.text(field, ofStream: name))")
    }
    for note in absentFields[name] ?? [] { lines.append("  \(Self.printable(note))") }
    if let note = StreamNotes.differing(stream) { lines.append("  \(note)") }
    if !stream.sources.isEmpty {
      lines.append("  sources")
      lines.append(Wording.table(stream.sources.map(Self.row(of:)), indent: 4))
    }
    return lines.joined(separator: "\n")
  }

  private static func rows(of stream: LogStatistics.Stream) -> [(String, String)] {
    let totals = stream.totals
    let definition = stream.definition
    var rows = [
      ("events", Wording.count(totals.events)), ("facts", Wording.count(totals.facts)),
      ("duplicates", duplicates(of: stream)), ("rejected", Wording.count(totals.rejected)),
      ("late", Wording.count(totals.late)),
    ]
    if totals.ahead > 0 { rows.append(("ahead", Wording.count(totals.ahead))) }
    if let times = stream.times {
      rows.append(("first time", Timestamp(ns: times.first).description))
      rows.append(("last time", Timestamp(ns: times.last).description))
    }
    rows += [
      ("watermark", stream.watermarkNs.map { Timestamp(ns: $0).description } ?? "none"),
      ("time field", definition.timePath), ("key field", definition.keyPath ?? "none"),
      ("dedup field", ids(definition)),
      ("explodes", definition.explodePath ?? "nothing"),
    ]
    if let path = definition.elementTimePath { rows.append(("element time", path)) }
    if let zone = definition.timeZone { rows.append(("time zone", zone)) }
    if let unit = definition.timeUnit { rows.append(("time unit", unit.abbreviation)) }
    if let format = definition.timeFormat { rows.append(("time format", format)) }
    rows.append(("lateness", TimeLength.text(ns: definition.latenessNs)))
    var blocks = Wording.blocks(stream.blockCount, totals.blockBytes)
    if stream.mergeableBlockCount >= 64 {
      blocks += "; \(Wording.count(stream.mergeableBlockCount)) small (nilo compact merges them)"
    }
    rows += [
      ("shapes", Wording.count(stream.shapeCount)), ("blocks", blocks),
      ("original", Wording.bytes(totals.originalBytes)),
    ]
    return rows
  }

  private static func ids(_ definition: StreamDefinition) -> String {
    if definition.idPaths.isEmpty { return "none" }
    let window = TimeLength.text(ns: definition.dedupWindowNs)
    return "\(definition.idPaths.joined(separator: ", ")) within \(window)"
  }

  private static func duplicates(of stream: LogStatistics.Stream) -> String {
    let totals = stream.totals
    return Wording.count(totals.duplicates)
      + (totals.differing > 0 ? ", \(Wording.count(totals.differing)) of them differ" : "")
  }

  private static func row(of source: LogStatistics.Source) -> (String, String) {
    let state = source.state
    let watermark = state.watermarkNs.map { ", to \(Timestamp(ns: $0))" } ?? ""
    let position = "next position \(Wording.count(state.endPosition))"
    let waiting = state.isClosed ? "closed" : "open"
    return (
      printable(source.name),
      "\(Wording.count(state.events)) events, \(waiting), \(position)\(watermark)"
    )
  }

  /// Fields beyond the limit are told, never dropped in silence.
  static func fieldsWithoutColumn(_ fields: [Text]) -> String? {
    if fields.isEmpty { return nil }
    let shown = 10
    let names = fields.prefix(shown).map { printable($0.string) }.joined(separator: ", ")
    let have = fields.count == 1 ? "field has" : "fields have"
    return "\(Wording.count(fields.count)) \(have) no column: a stream has "
      + "\(Wording.count(Limits.maxColumns)) columns at most, and a name "
      + "\(Wording.count(Limits.maxFieldNameBytes)) bytes: \(names)"
      + (fields.count > shown ? " ..." : "")
  }

  private static func printable(_ text: String) -> String {
    Wording.printable(text.utf8, maxCharacters: 200)
  }

  // MARK: JSON

  var json: [UInt8] {
    jsonObject { json in
      json.field("directory", directory)
      json.field("events", events)
      json.field("last_seq", statistics.lastSeq)
      json.field("original_bytes", originalBytes)
      json.field("blocks", Int64(statistics.blocks.count))
      json.field("block_bytes", statistics.blocks.bytes)
      json.field("used_bytes", Int64(statistics.usedBytes))
      json.field("disk_bytes", Int64(statistics.diskBytes))
      json.field("free_bytes", Int64(statistics.freeBytes))
      json.field("givable_bytes", Int64(statistics.givableBytes))
      json.field("bytes_per_event", bytesPerEvent ?? .nan)
      json.field("ratio", ratio ?? .nan)
      json.field("ledger_pages", statistics.ledgerPages)
      json.field(
        "tables",
        json: jsonObject { tables in
          for (name, bytes) in statistics.tableBytes.sorted(by: { $0.key < $1.key }) {
            tables.field(name, Int64(bytes))
          }
        })
      json.field("streams", array: statistics.streams.map(json(of:)))
      json.field("cells", array: cells.map(Self.json(of:)))
      json.field("observers", array: observers.map(Self.json(of:)))
    }
  }

  private func json(of stream: LogStatistics.Stream) -> [UInt8] {
    let totals = stream.totals
    return jsonObject { json in
      json.field("name", stream.definition.name)
      json.field("events", totals.events)
      json.field("facts", totals.facts)
      json.field("duplicates", totals.duplicates)
      json.field("differing", totals.differing)
      json.field("rejected", totals.rejected)
      json.field("late", totals.late)
      json.field("ahead", totals.ahead)
      json.field("first_time", timeNs: stream.times?.first)
      json.field("last_time", timeNs: stream.times?.last)
      json.field("watermark", timeNs: stream.watermarkNs)
      Self.add(stream.definition, to: &json)
      json.field("shapes", Int64(stream.shapeCount))
      json.field("blocks", Int64(stream.blockCount))
      json.field("block_bytes", totals.blockBytes)
      json.field("mergeable_blocks", Int64(stream.mergeableBlockCount))
      json.field("original_bytes", totals.originalBytes)
      json.field("columns", array: stream.columns.map(Self.json(of:)))
      json.field("fields_without_column", strings: stream.fieldsWithoutColumn.map(\.string))
      json.field("unused_fields", array: stream.unusedFields.map(Self.json(of:)))
      json.field("notes", strings: absentFields[stream.definition.name] ?? [])
      json.field("sources", array: stream.sources.map(Self.json(of:)))
    }
  }

  private static func add(_ definition: StreamDefinition, to json: inout JSONObjectWriter) {
    json.field("time", definition.timePath)
    json.field("key", optional: definition.keyPath)
    json.field(
      "dedup",
      optional: definition.idPaths.isEmpty ? nil : definition.idPaths.joined(separator: ","))
    json.field("explode", optional: definition.explodePath)
    json.field("element_time", optional: definition.elementTimePath)
    json.field("time_zone", optional: definition.timeZone)
    json.field("time_unit", optional: definition.timeUnit?.abbreviation)
    json.field("time_format", optional: definition.timeFormat)
    json.field("dedup_window_s", Double(definition.dedupWindowNs) / 1e9)
    json.field("lateness_s", Double(definition.latenessNs) / 1e9)
  }

  private static func json(of cells: CellsOnDisk) -> [UInt8] {
    jsonObject { json in
      json.field("stream", cells.stream)
      json.field("seq", cells.seq)
      json.field("facts_behind", Int64(cells.factsBehind))
    }
  }

  private static func json(of observer: ObserverState) -> [UInt8] {
    jsonObject { json in
      json.field("name", observer.name)
      json.field("seq", observer.seq)
      json.field("lag", observer.lag)
      json.field("failure", optional: observer.failure)
    }
  }

  private static func json(of column: LogStatistics.Column) -> [UInt8] {
    jsonObject { json in
      json.field("path", column.path.string)
      json.field("type", column.type)
    }
  }

  private static func json(of field: UnusedField) -> [UInt8] {
    jsonObject { json in
      json.field("role", field.role.rawValue)
      json.field("path", field.path)
      json.field("since_seq", field.sinceSeq)
    }
  }

  private static func json(of source: LogStatistics.Source) -> [UInt8] {
    jsonObject { json in
      json.field("name", source.name)
      json.field("events", source.state.events)
      json.field("open", !source.state.isClosed)
      json.field("end_position", source.state.endPosition)
      json.field("watermark", timeNs: source.state.watermarkNs)
      json.field("last_received", timeNs: source.state.lastReceivedNs)
    }
  }
}

extension LogStatistics.Stream {
  /// The first and the last time; nil while there are no events.
  fileprivate var times: (first: Int64, last: Int64)? {
    totals.events > 0 ? (totals.minTimeNs, totals.maxTimeNs) : nil
  }
}
