import Bytes
import Language

/// The clauses of SELECT.
extension InfluxQLReader {
  mutating func select() throws(InfluxQLError) -> InfluxQLSelect {
    var select = InfluxQLSelect(measurement: "")
    repeat { select.columns.append(try column(beside: select.columns)) } while takeIf(symbol: ",")
    guard takeIf("FROM") else { throw unexpected("expected FROM") }
    select.measurement = try measurement()
    if takeIf("WHERE") { select.condition = try condition() }
    if takeIf("GROUP", "BY") { try groups(&select) }
    if takeIf("FILL") { select.fill = try fill() }
    if takeIf("ORDER", "BY") {
      guard takeIf("TIME") else { throw unexpected("expected time") }
      select.isDescending = takeIf("DESC")
      if !select.isDescending { _ = takeIf("ASC") }
    }
    if takeIf("LIMIT") { select.limit = try wholeNumber() }
    if takeIf("TZ") {
      try expect("(")
      guard let zone = take(), zone.kind == .text else { throw unexpected("expected a time zone") }
      select.timeZone = zone.text
      try expect(")")
    }
    return select
  }

  // MARK: Columns

  private mutating func column(
    beside columns: [InfluxQLSelect.Column]
  ) throws(InfluxQLError) -> InfluxQLSelect.Column {
    let function = try name().lowercased()
    guard takeIf(symbol: "(") else {
      throw InfluxQLError(
        "only aggregates are answered, such as mean(\(function)); ask for points in the query language, at /v1/query"
      )
    }
    if function == "count", takeIf("DISTINCT") {
      try expect("(")
      let field = FieldPath(try name())
      try expect(")")
      return try named("count", Aggregate(.distinct, field), columns, isCount: true)
    }
    guard !takeIf(symbol: "*") else {
      throw InfluxQLError("\(function)(*) is not answered: name the field")
    }
    let field = FieldPath(try name())
    switch function {
    case "percentile":
      try expect(",")
      guard let token = take(), token.kind == .number, let percent = Double(token.text),
        percent <= 100
      else { throw unexpected("expected a number from 0 to 100") }
      return try named(function, Aggregate(.percentile(percent), field), columns)
    case "spread":
      let ends = [AggregateFunction.max, .min].map { Expression.aggregate(Aggregate($0, field)) }
      return try named(function, .binary(.subtract, ends[0], ends[1]), field, columns)
    default:
      guard let aggregate = Self.functions[function] else {
        let known = (Self.functions.keys + ["percentile", "spread"]).sorted()
        throw InfluxQLError(
          "\(function)() is not answered, but \(known.joined(separator: ", ")); ask in the query language at /v1/query"
        )
      }
      return try named(function, Aggregate(aggregate, field), columns, isCount: function == "count")
    }
  }

  private static let functions: [String: AggregateFunction] = [
    "mean": .avg, "count": .count, "sum": .sum, "min": .min, "max": .max, "first": .first,
    "last": .last, "median": .percentile(50), "stddev": .stddev,
  ]

  private mutating func named(
    _ function: String, _ aggregate: Aggregate, _ columns: [InfluxQLSelect.Column],
    isCount: Bool = false
  ) throws(InfluxQLError) -> InfluxQLSelect.Column {
    var column = try named(
      function, .aggregate(aggregate), aggregate.argument ?? FieldPath(""), columns)
    column.isCount = isCount
    return column
  }

  private mutating func named(
    _ function: String, _ expression: Expression, _ field: FieldPath,
    _ columns: [InfluxQLSelect.Column]
  ) throws(InfluxQLError) -> InfluxQLSelect.Column {
    try expect(")")
    var name = function
    if takeIf("AS") {
      name = try self.name()
    } else {
      var count = 0
      while columns.contains(where: { $0.name == name }) {
        count += 1
        name = "\(function)_\(count)"
      }
    }
    return InfluxQLSelect.Column(
      name: name, expression: expression, field: field.path.string, isCount: false)
  }

  // MARK: Groups

  private mutating func groups(_ select: inout InfluxQLSelect) throws(InfluxQLError) {
    repeat {
      if takeIf("TIME") {
        try expect("(")
        guard let token = take(), token.kind == .number else {
          throw unexpected("expected duration")
        }
        select.every = try Self.bucket(token.text)
        if takeIf(symbol: ",") { throw InfluxQLError("an offset of time() is not answered") }
        try expect(")")
      } else if takeIf(symbol: "*") {
        throw InfluxQLError("GROUP BY * is not answered: name the tags")
      } else {
        select.tags.append(try name())
      }
    } while takeIf(symbol: ",")
  }

  /// Weeks are seven days from 1970-01-01 on, as InfluxDB has them.
  private static func bucket(_ text: String) throws(InfluxQLError) -> TimeLength {
    let units: [(name: String, unit: TimeUnit, count: Int64)] = [
      ("s", .second, 1), ("m", .minute, 1), ("h", .hour, 1), ("d", .day, 1), ("w", .day, 7),
    ]
    let digits = text.prefix { $0.isNumber }
    let found = units.first { $0.name == text.dropFirst(digits.count) }
    guard let unit = found, let count = Int64(digits), count > 0, count <= 1_000_000 else {
      throw InfluxQLError("time(\(text)) is not answered: buckets are of whole s, m, h, d or w")
    }
    return TimeLength(count * unit.count, unit.unit)
  }

  private mutating func fill() throws(InfluxQLError) -> InfluxQLSelect.Fill {
    try expect("(")
    defer { _ = takeIf(symbol: ")") }
    for (word, fill) in [
      ("NULL", InfluxQLSelect.Fill.null), ("NONE", .none), ("PREVIOUS", .previous),
      ("LINEAR", .linear),
    ] where takeIf(word) {
      return fill
    }
    let isNegative = takeIf(symbol: "-")
    guard let token = take(), token.kind == .number, let number = Double(token.text) else {
      throw unexpected("expected null, none, previous, linear or a number")
    }
    return .number(isNegative ? -number : number)
  }
}
