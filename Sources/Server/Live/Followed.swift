import Bytes
import Language
import Query

/// What is followed: all rows of a KPI, or those of a query.
enum Followed: Hashable, Sendable {
  case kpi(String)
  case query(text: String, timeZone: String?)

  /// Of how many rows the most recent values are told at most, in one go.
  static let maxRows = 100_000

  /// The KPI or stream whose commits matter.
  var target: String {
    get throws {
      switch self {
      case .kpi(let name): return name
      case .query(let text, _): return try Self.select(text).from.text
      }
    }
  }

  /// The one query of a text. Throws a `LanguageError` or ``Problem``.
  static func select(_ text: String) throws -> Select {
    let statements = try Parser.statements(text)
    guard statements.count == 1, case .select(let select) = statements[0].body else {
      throw Problem(.badRequest, "one SELECT can be followed, and nothing else")
    }
    return select
  }

  /// The rows that have changed since a state, and the state that they are of.
  func changes(
    _ engine: QueryEngine, since state: KnownState, _ options: QueryOptions
  ) throws -> (rows: [LiveRow], end: ChangesEnd) {
    var rows: [LiveRow] = []
    var options = options
    options.limits.maxRows = Self.maxRows
    let end: ChangesEnd
    switch self {
    case .kpi(let name):
      end = try engine.changes(ofKpi: name, since: state, options) { rows += LiveRow.all(of: $0) }
    case .query(let text, let timeZone):
      options.timeZone = timeZone
      end = try engine.changes(of: Self.select(text), of: text, since: state, options) {
        rows += LiveRow.all(of: $0)
      }
    }
    return (rows, end)
  }
}

/// A row that has changed, as its followers are told.
struct LiveRow: Sendable {
  /// What a row is told from others by.
  struct Key: Hashable, Sendable {
    var timeNs: Int64
    var group: [Text?]
  }

  var kind: ChangedRows.Kind
  var key: Key
  /// The row as NDJSON has it, without the line break.
  var json: ArraySlice<UInt8>

  static func all(of changed: ChangedRows) -> [LiveRow] {
    let answer = changed.answer
    let lines = AnswerRenderer(.ndjson).bytes(answer).split(separator: 0x0A)
    precondition(lines.count == changed.kinds.count, "a row is not a line of NDJSON")
    let first = answer.columns.first?.kind == .time ? 1 : 0
    let groups = answer.columns.dropFirst(first).prefix(changed.groupCount)
    return lines.indices.map { row in
      var timeNs: Int64 = 0
      if first == 1, case .time(let ns) = answer.columns[0].values[row] { timeNs = ns }
      let group = groups.map { Self.label($0.values[row]) }
      return LiveRow(
        kind: changed.kinds[row], key: Key(timeNs: timeNs, group: group), json: lines[row])
    }
  }

  private static func label(_ value: QueryValue) -> Text? {
    switch value {
    case .null: nil
    case .text(let text): text
    case .bool(let value): Text("\(value)")
    case .integer(let value): Text("\(value)")
    case .unsigned(let value): Text("\(value)")
    case .number(let value): Text("\(value)")
    case .time, .top: nil
    }
  }
}
