import Bytes
import EventLog
import Language
import Model
import Query
import Store

/// Exports the rows of a KPI that have changed between two events: as they are after the later one, with what became of them.
///
/// The same rows whenever it is asked. Who wants the rows of now takes of each bucket and group the last one.
struct KpiExport {
  private let engine: QueryEngine
  private let name: String
  private let settings: ExportSettings

  init(_ store: Store, kpi name: String, _ settings: ExportSettings) {
    (engine, self.name, self.settings) = (QueryEngine(store), name, settings)
  }

  private var options: QueryOptions {
    var options = QueryOptions(nowNs: 0)
    options.isCancelled = settings.isCancelled
    options.limits.maxSeconds = .infinity
    return options
  }

  /// The log's last event, and the event that defined the KPI's version. Throws `LanguageError` when there is no such KPI.
  func end() throws -> (lastSeq: UInt64, definedBySeq: UInt64) {
    let end = try engine.end(of: name)
    guard end.version != nil else {
      throw ExportError(
        "\(name) is a stream, and no KPI; export it with: nilo export facts \(name)")
    }
    return (end.state.seq, end.definitionSeq)
  }

  /// Whether the KPI and its stream are what they were after an event. O(catalogue).
  func isSame(since seq: UInt64) throws -> Bool { try engine.end(of: name, asOf: seq) != nil }

  /// A column's type turned out to be another than was begun with.
  struct OtherType: Error {
    var column: String
    var type: FieldType
  }

  /// The types of columns that are others than usual: of what cannot be begun anew they have to be known before. All rows are
  /// computed for it.
  func types(through seq: UInt64) throws -> [String: FieldType] {
    var types: [String: FieldType] = [:]
    while true {
      do {
        try forEachRows(after: 0, through: seq, types: types) { _, _, _ in }
        return types
      } catch let error as OtherType {
        types[error.column] = error.type
      }
    }
  }

  /// Hands out the rows, a few buckets at a time; `types` are those that columns of numbers have had so far. Throws
  /// ``OtherType``. O(new facts + facts of their buckets).
  func forEachRows(
    after earlier: UInt64, through seq: UInt64, types: [String: FieldType],
    _ body: ([ExportColumn], ExportRows, [Int64]) throws -> Void
  ) throws {
    try engine.changes(ofKpi: name, after: earlier, asOf: seq, options) { changed in
      var columns: [ExportColumn] = []
      var rows = ExportRows(rowCount: changed.kinds.count, columns: [])
      for (index, column) in changed.answer.columns.enumerated() {
        let isGroup = (1...max(1, changed.groupCount)).contains(index) && changed.groupCount > 0
        let (kind, values) = try Self.typed(column, types[column.name])
        let role: ExportColumn.Role =
          column.kind == .time && index == 0 ? .time : isGroup ? .tag : .field
        columns.append(
          ExportColumn(column.name, kind, role, isOptional: role != .time))
        rows.columns.append(values)
        if column.kind == .state {
          columns.append(ExportColumn("revision", .integer, .note, isOptional: false))
          let revisions = column.revisions.map(Int64.init)
          let none = Array(repeating: Int64(0), count: changed.kinds.count)
          rows.columns.append(TypedValues(.integers(revisions.isEmpty ? none : revisions)))
        }
      }
      columns.append(ExportColumn("change", .text, .note, isOptional: false))
      var kinds = ByteStrings()
      for kind in ChangedRows.Kind.allCases { kinds.append(Array(kind.rawValue.utf8)) }
      let codes = changed.kinds.map { Int64(ChangedRows.Kind.allCases.firstIndex(of: $0) ?? 0) }
      rows.columns.append(TypedValues(.labels(codes: codes, names: kinds)))
      guard let first = columns.firstIndex(where: { $0.role == .time }),
        case .integers(let times) = rows.columns[first].values
      else { throw ExportError("KPI \(name) has no column of times") }
      columns = columns.renamed()
      guard let range = settings.times else { return try body(columns, rows, times) }
      let picked = times.indices.filter { range.contains(times[$0]) }
      try body(columns, rows.picked(picked), picked.map { times[$0] })
    }
  }

  private static func typed(
    _ column: Answer.Column, _ known: FieldType?
  ) throws -> (ExportColumn.Kind, TypedValues) {
    let (count, values) = (column.values.count, column.values)
    switch column.kind {
    case .time:
      let times = present(count) { if case .time(let ns) = values[$0] { ns } else { nil } }
      return (.time, TypedValues(.integers(times.values), presence: times.presence))
    case .boolean:
      let flags = present(count) { if case .bool(let flag) = values[$0] { flag } else { nil } }
      return (.boolean, TypedValues(.booleans(flags.values), presence: flags.presence))
    case .number, .integer:
      let type = known ?? (column.kind == .number ? .double : .integer)
      return (ExportColumn.Kind(type), try numbers(column, type))
    case .text, .list, .state:
      let texts = present(count) { values[$0].exportText }
      var strings = ByteStrings()
      for text in texts.values { strings.append(text) }
      return (.text, TypedValues(.texts(strings), presence: texts.presence))
    }
  }

  /// Numbers as a type; integers that it cannot have make it another one.
  private static func numbers(_ column: Answer.Column, _ type: FieldType) throws -> TypedValues {
    let values = column.values
    switch type {
    case .double:
      let doubles = try present(values.count) { row -> Double? in
        guard let number = values[row].number else { return nil }
        if number.isBeyondDoubles { throw OtherType(column: column.name, type: .text) }
        return number.double
      }
      return TypedValues(.doubles(doubles.values), presence: doubles.presence)
    case .integer:
      let integers = try present(values.count) { row -> Int64? in
        guard let number = values[row].number else { return nil }
        guard case .signed(let value) = number.form else {
          throw OtherType(column: column.name, type: .text)
        }
        return value
      }
      return TypedValues(.integers(integers.values), presence: integers.presence)
    case .text, .boolean:
      let texts = present(values.count) { values[$0].number.map { Array($0.description.utf8) } }
      var strings = ByteStrings()
      for text in texts.values { strings.append(text) }
      return TypedValues(.texts(strings), presence: texts.presence)
    }
  }

  /// The values that rows have, and which have one.
  private static func present<Value>(
    _ count: Int, _ value: (Int) throws -> Value?
  ) rethrows -> (values: [Value], presence: Presence) {
    var (rows, values) = (Bitmap(rowCount: count), [Value]())
    for row in 0..<count {
      guard let value = try value(row) else { continue }
      rows.insert(row)
      values.append(value)
    }
    return (values, values.count == count ? .all : .some(rows))
  }
}

extension QueryValue {
  /// As a column of texts has it; nil for NULL.
  fileprivate var exportText: [UInt8]? {
    switch self {
    case .null: nil
    case .text(let text): Array(text.utf8)
    case .bool(let flag): Array("\(flag)".utf8)
    case .top(let entries): Array(QueryValue.text(of: entries).utf8)
    case .time(let ns): Array(Timestamp(ns: ns).description.utf8)
    case .integer, .unsigned, .number: number.map { Array($0.description.utf8) }
    }
  }
}
