import Bytes
import EventLog
import Foundation
import Language
import Model
import Store

/// Exports the facts of a stream: a row for each, with the number of its event, its time and its fields.
///
/// A field has one type in a file, that of all its values there: see ``FieldForm/type``. So the events are gone through twice,
/// first for the types, then for the values. Memory is bounded whatever the stream's size.
struct FactExport {
  private let log: EventLog
  private let name: String
  private let settings: ExportSettings
  /// As the export began.
  let stream: EventStream
  let lastSeq: UInt64

  init(_ log: EventLog, stream name: String, _ settings: ExportSettings) throws {
    (self.log, self.name, self.settings) = (log, name, settings)
    (stream, lastSeq) = try log.state(ofStream: name)
    for tag in settings.tags where !stream.fieldPaths.contains(Text(tag)) {
      let fields = stream.fieldPaths.map(\.string)
      let near = Spelling.nearest(tag, fields).map { "did you mean \($0)?" }
      throw ExportError(
        "stream \(name) has no field \(tag) that could be a tag; "
          + (near ?? "SHOW FIELDS FROM \(name) lists them"))
    }
  }

  /// Those that each stream has.
  static let ownColumns = [
    ExportColumn("seq", .integer, .note, isOptional: false),
    ExportColumn("time", .time, .time, isOptional: false),
  ]

  /// Some events that are exported together.
  struct Part {
    var seqs: ClosedRange<UInt64>
    /// The types of fields that have values in it.
    var types: [Text: FieldType]
    var columns: [ExportColumn] = []
    /// The field of each column but the first two.
    var fields: [(path: Text, type: FieldType)] = []
  }

  /// The next events after `seq`, until there are facts enough or none are left; nil when there are no more. Where an array
  /// explodes there may be more facts, by those of a block. O(numbers).
  func part(after seq: UInt64, maxFacts: Int, known: [String: FieldType]) throws -> Part? {
    if seq >= lastSeq { return nil }
    var forms: [Text: FieldForm] = [:]
    var (facts, first, last) = (0, UInt64?.none, seq)
    try log.forEachBlock(of: name, seqs: seq + 1...lastSeq, times: settings.times) { block in
      try check(block)
      forms.merge(try block.forms()) { $0.union($1) }
      first = first ?? max(seq + 1, block.block.firstSeq)
      last = min(lastSeq, block.block.lastSeq)
      let passed = block.seqs.count(before: seq + 1)
      let room = maxFacts - facts
      if block.seqs.count - passed > room {
        last = min(last, block.seqs[passed + room - 1])
        return false
      }
      facts += block.factCount
      return facts < maxFacts
    }
    guard let first else { return nil }
    return part(first...last, forms, known)
  }

  private func part(
    _ seqs: ClosedRange<UInt64>, _ forms: [Text: FieldForm], _ known: [String: FieldType]
  ) -> Part {
    var part = Part(seqs: seqs, types: [:])
    part.columns = Self.ownColumns
    let tags =
      settings.tags.isEmpty ? [stream.definition.keyPath].compactMap(\.self) : settings.tags
    for path in currentPaths {
      let found = forms[path]?.type
      if let found { part.types[path] = found }
      let before = known[path.string]
      guard let type = found.map({ before?.union($0) ?? $0 }) ?? before else { continue }
      part.fields.append((path, type))
      let role: ExportColumn.Role = tags.contains { Text($0) == path } ? .tag : .field
      part.columns.append(ExportColumn(path.string, ExportColumn.Kind(type), role))
    }
    if settings.format == .parquet {
      // The integer beside the time has that name.
      part.columns.insert(ExportColumn("time_ns", .integer, .note), at: 2)
      part.columns = part.columns.renamed()
      part.columns.remove(at: 2)
    } else {
      part.columns = part.columns.renamed()
    }
    return part
  }

  private var currentPaths: [Text] {
    // Other programs may have brought fields since the export began.
    ((try? log.state(ofStream: name).stream) ?? stream).fieldPaths
  }

  /// Hands out the rows of a part, block by block. O(bytes).
  func forEachRows(of part: Part, _ body: (ExportRows, [Int64]) throws -> Void) throws {
    try log.forEachBlock(of: name, seqs: part.seqs, times: settings.times) { block in
      if settings.isCancelled() { throw CancellationError() }
      try check(block)
      let (times, events, seqs) = (try block.times(), block.events(), block.seqs)
      var factSeqs: [Int64] = []
      factSeqs.reserveCapacity(times.count)
      for fact in times.indices {
        factSeqs.append(Int64(seqs[events.map { Int($0[fact]) } ?? fact]))
      }
      var columns = [
        TypedValues(.integers(factSeqs)), TypedValues(.integers(times)),
      ]
      for field in part.fields { columns.append(try block.typed(field.path, as: field.type)) }
      let rows = ExportRows(rowCount: times.count, columns: columns)
      let isWhole =
        part.seqs.contains(block.block.firstSeq) && part.seqs.contains(block.block.lastSeq)
        && (settings.times.map {
          $0.contains(block.block.minTimeNs) && $0.contains(block.block.maxTimeNs)
        } ?? true)
      if isWhole {
        try body(rows, times)
      } else {
        let picked = times.indices.filter {
          part.seqs.contains(UInt64(factSeqs[$0])) && settings.times?.contains(times[$0]) ?? true
        }
        try body(rows.picked(picked), picked.map { times[$0] })
      }
      return true
    }
  }

  /// Throws when the facts are not any more what they were when the export began.
  private func check(_ block: BlockFacts) throws {
    if block.stream.definition.factsSinceSeq != stream.definition.factsSinceSeq {
      throw FactsReadAnewError(name: name)
    }
  }
}
