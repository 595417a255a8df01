import Language
import Model
import Query
import Store

/// A row of a KPI, as a query gives it.
struct KpiRow: Equatable {
  var timeNs: Int64
  /// The labels of its dimensions.
  var group: [Text?]
  var values: [QueryValue]
  var facts: UInt64
  var isFinal: Bool
  var revision: UInt32
}

/// The rows of a KPI, and what is said of them.
struct KpiRows {
  var rows: [KpiRow] = []
  var watermarkNs: Int64?
  /// `cells of KPI k version 1`, for example.
  var source: String?
}

extension Store {
  /// 2261-01-01.
  private static var lastNs: Int64 { 9_183_110_400_000_000_000 }

  /// The rows of a KPI whose buckets start within `range`, by time and group. `groups` picks rows by dimension; nil as
  /// a label is the absent one.
  func rows(
    of name: String, _ range: Range<Int64> = Int64.min..<Int64.max, groups: [Text: Text?] = [:]
  ) throws -> KpiRows {
    let facts = Item(.field(FieldPath("facts")))
    let revision = Item(.field(FieldPath("revision")))
    var select = Select([.star(.none), .item(facts), .item(revision)], from: Name(name))
    var options = QueryOptions(nowNs: 0)
    for (field, label) in groups {
      let test: Predicate =
        label.map { .compare(FieldPath(field), .eq, .string($0)) }
        ?? .isNull(FieldPath(field), isNegated: false)
      select.filter = select.filter.map { .and($0, test) } ?? test
    }
    if range != Int64.min..<Int64.max {
      options.parameters = ["low": .time(range.lowerBound), "high": .time(range.upperBound)]
      select.range = .bounds(
        since: TimeExpression(.parameter(Parameter("low"))),
        until: TimeExpression(.parameter(Parameter("high"))))
    } else {
      // Windows reach beyond the last fact: with an end of the range all of their rows are there.
      options.parameters = ["high": .time(Self.lastNs)]
      select.range = .bounds(
        since: nil, until: TimeExpression(.parameter(Parameter("high"))))
    }
    select.wholeBuckets = TextSpan.none
    let answer = try QueryEngine(self).run(
      Statement(.select(select)), of: select.canonicalText, options)
    let asked = try snapshot().kpis.first { $0.name == name && $0.isActive }
    return KpiRows(answer, dimensions: asked?.dimensions.count ?? 0)
  }
}

extension KpiRows {
  fileprivate init(_ answer: Answer, dimensions: Int) {
    (watermarkNs, source) = (answer.meta.watermarkNs, answer.meta.answeredFrom)
    let columns = answer.columns.map(\.values)
    guard case .times(let times)? = columns.first else { return }
    // The state is the last one, after facts and revision.
    let items = dimensions + 1..<columns.count - 3
    rows = times.indices.map { row in
      KpiRow(
        timeNs: times[row], group: (0..<dimensions).map { Self.label(columns[$0 + 1][row]) },
        values: items.map { Self.value(columns[$0], row) },
        facts: UInt64(columns[items.upperBound][row].double),
        isFinal: columns[items.upperBound + 2][row] == .text("final"),
        revision: UInt32(columns[items.upperBound + 1][row].number?.double ?? 0))
    }
  }

  /// The same whatever stands beside it in its column.
  private static func value(_ column: ValueColumn, _ row: Int) -> QueryValue {
    guard case .exact(let numbers) = column, let number = numbers[row], !number.isBeyondDoubles
    else { return column[row] }
    return .number(number.double)
  }

  private static func label(_ value: QueryValue) -> Text? {
    if case .text(let text) = value { return text }
    return value.number.map { Text($0.description) }
  }
}
