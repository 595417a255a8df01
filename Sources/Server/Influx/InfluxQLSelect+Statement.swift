import Bytes
import Language
import Model
import Query

extension InfluxQLSelect {
  /// The time that is asked about: up to now where buckets have no end, and from the first point on where they have no
  /// beginning.
  func range(of stream: StreamInfo, nowNs: Int64) -> Range<Int64>? {
    guard let times = stream.timesNs else { return nil }
    let low = condition.sinceNs ?? times.lowerBound
    let high = condition.untilNs ?? (every == nil ? times.upperBound.saturatingAdding(1) : nowNs)
    return low < high ? low..<high : nil
  }

  /// The same question in the query language. Columns are `c0`, `c1` and so on, groups `g0`, `g1`, and beside them `n0`, `n1`
  /// count the points of each column. Fields that the stream does not have are left out.
  func statement(of stream: StreamInfo, _ range: Range<Int64>) -> Select {
    let known = Set(stream.fields.map(\.path))
    var items: [SelectItem] = []
    for (index, column) in columns.enumerated() where known.contains(Text(column.field)) {
      items.append(.item(Item(column.expression, alias: Text("c\(index)"))))
      let points = Aggregate(.count, FieldPath(column.field))
      items.append(.item(Item(.aggregate(points), alias: Text("n\(index)"))))
    }
    let groups = tags.enumerated().filter { known.contains(Text($0.element)) }.map { index, tag in
      GroupField(FieldPath(tag), alias: Text("g\(index)"))
    }
    var select = Select(
      items, from: Name(stream.name), filter: condition.predicate, groupBy: groups)
    select.range = .bounds(
      since: TimeExpression(range.lowerBound), until: TimeExpression(range.upperBound))
    select.every = every.map { Every($0) }
    select.timeZone = timeZone.map { Spanned($0) }
    // Whatever a gap is filled with, there has to be a row for it.
    if every != nil, fill != InfluxQLSelect.Fill.none { select.fill = Spanned(.null) }
    return select
  }

  /// The fields that a condition and the columns name.
  var fields: [Text] {
    columns.map { Text($0.field) } + tags.map { Text($0) }
  }
}

/// Rows of an answer as series of InfluxQL: one for each group, with its rows by time.
struct InfluxQLSeries {
  let select: InfluxQLSelect
  let answer: Answer
  /// The time of a row without buckets.
  let startNs: Int64
  /// How times are written; nil for RFC 3339.
  let epoch: InfluxQLEpoch?

  private struct Row {
    var timeNs: Int64
    var values: [QueryValue]
    /// Of each column whether it has points.
    var isOfPoints: [Bool]
    var hasPoints: Bool { isOfPoints.contains(true) }
  }

  /// The series that have points, by their tags. O(rows times columns).
  var all: [[UInt8]] {
    var series: [[Text]: [Row]] = [:]
    let columns = Dictionary(
      answer.columns.map { ($0.name, $0.values) }, uniquingKeysWith: { first, _ in first })
    let times = answer.columns.first { $0.kind == .time }?.values
    for row in 0..<answer.rowCount {
      let tags = select.tags.indices.map { columns["g\($0)"]?[row].tagText ?? "" }
      var timeNs = startNs
      if case .time(let ns)? = times?[row] { timeNs = ns }
      let values = select.columns.indices.map { columns["c\($0)"]?[row] ?? .null }
      let isOfPoints = select.columns.indices.map {
        (columns["n\($0)"]?[row] ?? .null).double > 0
      }
      series[tags, default: []].append(
        Row(timeNs: timeNs, values: values, isOfPoints: isOfPoints))
    }
    let sorted = series.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    let shown = sorted.compactMap { json($0.key, $0.value) }
    return select.isDescending ? shown.reversed() : shown
  }

  private func json(_ tags: [Text], _ rows: [Row]) -> [UInt8]? {
    guard rows.contains(where: \.hasPoints) else { return nil }
    var shown = filled(rows)
    if select.every == nil || select.fill == InfluxQLSelect.Fill.none {
      shown = shown.filter(\.hasPoints)
    }
    if select.isDescending { shown.reverse() }
    if let limit = select.limit, limit > 0 { shown = Array(shown.prefix(limit)) }
    return jsonObject { writer in
      writer.field("name", select.measurement)
      if !select.tags.isEmpty {
        writer.field(
          "tags",
          json: jsonObject { object in
            for (name, value) in zip(select.tags, tags).sorted(by: { $0.0 < $1.0 }) {
              object.field(name, value.string)
            }
          })
      }
      writer.field("columns", strings: ["time"] + select.columns.map(\.name))
      writer.field(
        "values",
        array: shown.map { row in
          let time = epoch.map { Array("\($0.number(row.timeNs))".utf8) } ?? row.timeNs.timeJSON
          return ([time] + row.values.map(\.influxJSON)).jsonArray
        })
    }
  }

  // MARK: Gaps

  /// O(rows times columns).
  private func filled(_ rows: [Row]) -> [Row] {
    var rows = rows
    for (index, column) in select.columns.enumerated() {
      // A value that points do not give, such as the deviation of one, is no gap.
      let points = rows.indices.filter { rows[$0].isOfPoints[index] }
      let filler = filler(of: column, hasPoints: !points.isEmpty)
      for row in rows.indices where !rows[row].isOfPoints[index] {
        rows[row].values[index] = filler
      }
      guard select.every != nil else { continue }
      for (place, low) in points.enumerated() {
        let high = place + 1 < points.count ? points[place + 1] : rows.count
        if high > low + 1 { fill(&rows, low, high, index, column) }
      }
    }
    return rows
  }

  /// What stands in all gaps alike. In buckets a count of nothing is 0, unless there is something to fill it with, or the
  /// series has no points of the column at all.
  private func filler(of column: InfluxQLSelect.Column, hasPoints: Bool) -> QueryValue {
    if select.every == nil { return .null }
    return switch select.fill {
    case nil, .null?: column.isCount && hasPoints ? .integer(0) : .null
    case .number(let number)?: Self.number(number, column)
    case InfluxQLSelect.Fill.none?, .previous?, .linear?: .null
    }
  }

  /// Fills the rows between those of two points, or behind the last, by the values at both sides: with the one before, or on
  /// the line between them.
  private func fill(
    _ rows: inout [Row], _ low: Int, _ high: Int, _ index: Int, _ column: InfluxQLSelect.Column
  ) {
    switch select.fill {
    case .previous?:
      for row in low + 1..<high { rows[row].values[index] = rows[low].values[index] }
    case .linear? where high < rows.count:
      let (first, last) = (rows[low].values[index].double, rows[high].values[index].double)
      if first.isNaN || last.isNaN { return }
      for row in low + 1..<high {
        let value = first + (last - first) * Double(row - low) / Double(high - low)
        rows[row].values[index] = Self.number(value, column)
      }
    default: break
    }
  }

  /// Counts stay whole.
  private static func number(_ number: Double, _ column: InfluxQLSelect.Column) -> QueryValue {
    .number(column.isCount ? number.rounded(.towardZero) : number)
  }
}

/// The unit that times are numbers of.
enum InfluxQLEpoch: String {
  case ns, u, ms, s, m, h

  private var lengthNs: Int64 {
    switch self {
    case .ns: 1
    case .u: 1_000
    case .ms: 1_000_000
    case .s: 1_000_000_000
    case .m: 60_000_000_000
    case .h: 3_600_000_000_000
    }
  }

  func number(_ timeNs: Int64) -> Int64 { timeNs.flooredQuotient(lengthNs) }
}

extension QueryValue {
  /// As the value of a tag, of which none is the empty text.
  fileprivate var tagText: Text {
    switch self {
    case .text(let text): text
    case .bool(let bool): bool ? "true" : "false"
    case .integer(let number): Text("\(number)")
    case .unsigned(let number): Text("\(number)")
    case .number(let number): Text("\(number)")
    case .null, .time, .top: ""
    }
  }

  fileprivate var influxJSON: [UInt8] {
    switch self {
    case .number(let number):
      let whole = Int64(exactly: number).flatMap { $0.magnitude < 1 << 53 ? $0 : nil }
      return Array((whole.map { "\($0)" } ?? "\(number)").utf8)
    case .integer(let number): return Array("\(number)".utf8)
    case .unsigned(let number): return Array("\(number)".utf8)
    case .bool(let bool): return Array("\(bool)".utf8)
    case .text(let text):
      var bytes: [UInt8] = []
      bytes.append(jsonString: text.string)
      return bytes
    case .null, .time, .top: return Array("null".utf8)
    }
  }
}

extension Int64 {
  fileprivate var timeJSON: [UInt8] { Array("\"\(Timestamp(ns: self))\"".utf8) }
}
