import Foundation
import TestSupport

/// A question in both languages.
struct OracleQuery {
  var nql: String
  var sql: String
  /// How far off each column may be, relative to the value; nil for texts, times and counts.
  var slacks: [Double?]

  /// What the SQL answers where ours may be NULL or a number, since one is computed exactly and the other is not.
  static let anything = 1e300
}

/// Makes up questions about one data set.
struct OracleQueries {
  let data: OracleData
  var random: SeededGenerator

  mutating func next() -> OracleQuery { random.oneIn(5) ? facts() : aggregates() }

  // MARK: Facts

  private mutating func facts() -> OracleQuery {
    let fields = Array(data.fields.shuffled(using: &random).prefix(random.within(1...3)))
    let (filter, having) = (optional { $0.predicate(2) }, optional { $0.predicate(1) })
    let range = range()
    var nql = "SELECT \(fields.joined(separator: ", ")) FROM \(data)"
    var tests = range.tests
    if let filter {
      nql += " WHERE \(filter)"
      tests.append("(\(filter))")
    }
    nql += range.nql ?? " SINCE '1970-01-01'"
    if let having {
      nql += " HAVING \(having)"
      tests.append("(\(having))")
    }
    var sql = "SELECT us, \(fields.joined(separator: ", ")) FROM facts"
    if !tests.isEmpty { sql += " WHERE \(tests.joined(separator: " AND "))" }
    var order = "us, line"
    if random.oneIn(2) {
      let direction = random.pick(["", " DESC"])
      nql += " ORDER BY \(fields[0])\(direction)"
      order = "\(fields[0])\(direction) NULLS LAST, us, line"
      let limit = random.below(30)
      nql += " LIMIT \(limit)"
      order += " LIMIT \(limit)"
    }
    return OracleQuery(
      nql: nql, sql: "\(sql) ORDER BY \(order)",
      slacks: [nil] + fields.map { data.isNumber($0) ? 0 : nil })
  }

  // MARK: Aggregates

  private struct Item {
    var nql: String
    var sql: String
    var slack: Double?
    /// Whether it is computed from counts alone, which are 0 of nothing.
    var isOfCounts = false
  }

  /// A query of aggregates as it grows.
  private struct Aggregates {
    var groups: [String] = []
    var every: Int?
    var items: [Item] = []
    var range: Range
    var filter: String?

    /// The rows in SQL: `t`, the groups, and `v0` and so on.
    func rows(_ tests: [String]) -> String {
      let time = every.map { "us // \($0) * \($0)" } ?? "0"
      let columns =
        ["\(time) AS t"] + groups
        + items.indices.map { "\(items[$0].sql) AS v\($0)" }
      let tests = tests + (filter.map { ["(\($0))"] } ?? [])
      let isOneRow = every == nil && groups.isEmpty
      let keys = (every == nil ? [] : ["t"]) + groups
      return "SELECT \(columns.joined(separator: ", ")) FROM facts"
        + (tests.isEmpty ? "" : " WHERE \(tests.joined(separator: " AND "))")
        + (isOneRow ? "" : " GROUP BY \(keys.joined(separator: ", "))")
    }
  }

  private static let everies = [
    ("1m", 60), ("7m", 420), ("15m", 900), ("1h", 3_600), ("6h", 21_600), ("1d", 86_400),
  ]

  private mutating func aggregates() -> OracleQuery {
    var query = Aggregates(range: range())
    query.filter = optional { $0.predicate(2) }
    query.groups = Array(
      data.texts.map(\.path).shuffled(using: &random).prefix(random.below(3)))
    for _ in 0..<random.within(1...3) { query.items.append(item()) }
    var nql = query.items.enumerated().map { "\($1.nql) AS v\($0)" }.joined(separator: ", ")
    nql = "SELECT \(nql) FROM \(data)"
    if let filter = query.filter { nql += " WHERE \(filter)" }
    if !query.groups.isEmpty { nql += " GROUP BY \(query.groups.joined(separator: ", "))" }
    nql += query.range.nql ?? ""
    if !random.oneIn(3) {
      let every = random.pick(Self.everies.filter { $0.1 >= data.leastSeconds })
      query.every = every.1 * 1_000_000
      nql += " EVERY \(every.0)"
    }
    return finish(nql, query)
  }

  private mutating func finish(_ nql: String, _ query: Aggregates) -> OracleQuery {
    var nql = nql
    var rows = query.rows(query.range.tests)
    let columns = ["t"] + query.groups + query.items.indices.map { "v\($0)" }
    var slacks: [Double?] =
      (query.every == nil ? [] : [nil]) + query.groups.map { _ in nil }
      + query.items.map(\.slack)
    if query.every != nil, query.range.nql != nil, random.oneIn(3) {
      (nql, rows) = filled(nql, rows, query)
    } else if query.every == nil, query.range.nql != nil, !nql.contains("coalesce"),
      random.oneIn(3)
    {
      return compared(nql, query)
    } else if query.every != nil, random.oneIn(3) {
      return scored(nql, query)
    }
    // What is exact is compared and sorted by.
    let exact = query.items.indices.filter { query.items[$0].slack == nil }
    var tests: [String] = []
    if let item = exact.first, random.oneIn(2) {
      let test = "v\(item) \(random.pick(["<", ">=", "!="])) \(random.below(40))"
      nql += " HAVING \(test)"
      tests.append(test)
    }
    var order = (["t"] + query.groups.map { "\($0) NULLS LAST" }).joined(separator: ", ")
    var qualify = ""
    if let item = exact.last, random.oneIn(2) {
      let direction = random.pick(["", " DESC"])
      nql += " ORDER BY v\(item)\(direction)"
      let key = "v\(item)\(direction) NULLS LAST, "
      let limit = random.below(12)
      if query.every != nil, random.oneIn(2) {
        nql += " LIMIT \(limit) PER BUCKET"
        qualify = " QUALIFY row_number() OVER (PARTITION BY t ORDER BY \(key)\(order)) <= \(limit)"
        order = "t, \(key)\(order)"
      } else {
        nql += " LIMIT \(limit)"
        order = "\(key)\(order) LIMIT \(limit)"
      }
    }
    let shown = query.every == nil ? columns.dropFirst() : columns[...]
    let sql =
      "SELECT \(shown.joined(separator: ", ")) FROM (\(rows))"
      + (tests.isEmpty ? "" : " WHERE \(tests.joined(separator: " AND "))")
      + "\(qualify) ORDER BY \(order)"
    if query.every != nil { slacks[0] = nil }
    return OracleQuery(nql: nql, sql: sql, slacks: slacks)
  }

  /// FILL.
  private mutating func filled(
    _ nql: String, _ rows: String, _ query: Aggregates
  ) -> (String, String) {
    let every = query.every ?? 1
    let how = random.pick(["NULL", "0", "PREVIOUS"])
    let keys = ["t"] + query.groups
    let (first, last) = (query.range.since / every * every, (query.range.until - 1) / every * every)
    let names = query.items.indices.map { "v\($0)" }
    let values = zip(names, query.items).map { name, item -> String in
      switch how {
      case "0": return "coalesce(\(name), 0) AS \(name)"
      // A count is never carried.
      case "PREVIOUS" where item.isOfCounts: return "coalesce(\(name), 0) AS \(name)"
      case "PREVIOUS":
        let partition =
          query.groups.isEmpty
          ? "" : "PARTITION BY \(query.groups.joined(separator: ", ")) "
        return "last_value(\(name) IGNORE NULLS) OVER (\(partition)ORDER BY t) AS \(name)"
      default: return name
      }
    }
    let groups =
      query.groups.isEmpty
      ? "(SELECT 1 AS one)" : "(SELECT DISTINCT \(query.groups.joined(separator: ", ")) FROM rows)"
    let columns = (keys + names).joined(separator: ", ")
    // PREVIOUS looks before the range.
    let least = first - max(1_000, (last - first) / every + 1) * every
    let before = query.rows(["us >= \(least)", "us < \(first)"])
    let sql = """
      WITH rows AS (\(rows)), before AS (\(before)), grid AS (SELECT * FROM
        (SELECT unnest(range(\(first), \(last + 1), \(every))) AS t), \(groups)),
      joined AS (SELECT \(columns) FROM grid LEFT JOIN rows USING (\(keys.joined(separator: ", ")))
        UNION ALL SELECT \(columns) FROM before)
      SELECT * FROM (SELECT \((keys + values).joined(separator: ", ")) FROM joined)
      WHERE t >= \(first)
      """
    return ("\(nql) FILL \(how)", sql)
  }

  /// COMPARE WITH.
  private mutating func compared(_ nql: String, _ query: Aggregates) -> OracleQuery {
    let (text, seconds) = random.pick([("1h", 3_600), ("90m", 5_400), ("1d", 86_400)])
    let earlier = Range(
      nql: nil, since: query.range.since - seconds * 1_000_000,
      until: query.range.until - seconds * 1_000_000)
    let tests = ["us >= \(earlier.since)", "us < \(earlier.until)"]
    var shown: [String] = query.groups
    var slacks: [Double?] = query.groups.map { _ in nil }
    for (index, item) in query.items.enumerated() {
      let (new, old) = ("new.v\(index)", "old.v\(index)")
      let change = "100 * (\(new) - \(old)) / nullif(abs(\(old)), 0)"
      // What cancels out may be 0 in one and almost 0 in the other.
      shown += [
        new, old,
        item.slack == nil
          ? change
          : "CASE WHEN abs(\(old)) < 1e-6 AND \(new) IS NOT NULL THEN \(OracleQuery.anything) ELSE \(change) END",
      ]
      slacks += [item.slack, item.slack, item.slack == nil ? 1e-9 : -1]
    }
    let join =
      query.groups.isEmpty
      ? "new, old" : "new FULL JOIN old USING (\(query.groups.joined(separator: ", ")))"
    let order = query.groups.isEmpty ? "" : " ORDER BY \(query.groups.joined(separator: ", "))"
    let sql = """
      WITH new AS (\(query.rows(query.range.tests))), old AS (\(query.rows(tests)))
      SELECT \(shown.joined(separator: ", ")) FROM \(join)\(order)
      """
    return OracleQuery(nql: "\(nql) COMPARE WITH \(text) AGO", sql: sql, slacks: slacks)
  }

  /// zscore, over rows before the range as well.
  private mutating func scored(_ nql: String, _ query: Aggregates) -> OracleQuery {
    let (text, seconds) = random.pick([("2h", 7_200), ("1d", 86_400)])
    let partition =
      query.groups.isEmpty
      ? "" : "PARTITION BY \(query.groups.joined(separator: ", ")) "
    let every = query.every ?? 1
    let window = """
      OVER (\(partition)ORDER BY t RANGE BETWEEN \(seconds * 1_000_000) PRECEDING AND 1 PRECEDING)
      """
    let first = query.range.nql == nil ? Int.min : query.range.since / every * every
    let keys = ["t"] + query.groups
    // A bucket that the range cuts is another one in the answer than in the rows before it.
    let whole = query.rows(
      query.range.nql == nil ? [] : ["us < \(query.range.until)", "us >= \(query.range.since)"])
    let before = query.rows(["us < \(first == .min ? 0 : first)"])
    let slack = query.items[0].slack
    // Equal values have no score; where they are not exact, what is nearly equal may have one or not.
    let score = "(v0 - mean) / deviation"
    let distance = "0.05 * greatest(abs(highest), abs(lowest))"
    let shown =
      switch slack {
      case nil: "CASE WHEN highest > lowest THEN \(score) END"
      case let slack?:
        "CASE WHEN deviation > 1e-5 AND highest - lowest > \(slack > 1e-3 ? distance : "0") THEN \(score)"
          + " WHEN deviation + v0 IS NOT NULL THEN \(OracleQuery.anything) END"
      }
    let sql = """
      WITH rows AS (\(whole) UNION ALL \(before)), scores AS (SELECT *,
        avg(v0) \(window) AS mean, stddev_samp(v0) \(window) AS deviation,
        min(v0) \(window) AS lowest, max(v0) \(window) AS highest FROM rows)
      SELECT \(keys.joined(separator: ", ")), \(shown)
      FROM scores WHERE t >= \(first == .min ? -1 : first)
      ORDER BY \(keys.joined(separator: ", "))
      """
    let items = nql.range(of: " FROM ").map { String(nql[$0.lowerBound...]) } ?? ""
    return OracleQuery(
      nql: "SELECT zscore(\(query.items[0].nql), \(text)) AS z\(items)", sql: sql,
      slacks: keys.map { _ in nil } + [(slack ?? 0) > 1e-3 ? -1 : -2])
  }

  // MARK: Parts

  struct Range {
    /// With its clauses; nil for all.
    var nql: String?
    /// In microseconds.
    var since: Int
    var until: Int

    var tests: [String] { nql == nil ? [] : ["us >= \(since)", "us < \(until)"] }
  }

  private mutating func range() -> Range {
    guard random.oneIn(2) else { return Range(nql: nil, since: 0, until: 0) }
    let span = data.seconds.upperBound - data.seconds.lowerBound
    let since = data.seconds.lowerBound + random.below(span) / 300 * 300
    let until = since + random.within(1...300) * span / 300
    func text(_ second: Int) -> String {
      Date(timeIntervalSince1970: Double(second)).formatted(.iso8601)
    }
    return Range(
      nql: " SINCE '\(text(since))' UNTIL '\(text(until))'", since: since * 1_000_000,
      until: until * 1_000_000)
  }

  private mutating func optional(
    _ make: (inout OracleQueries) -> String
  ) -> String? {
    random.oneIn(2) ? make(&self) : nil
  }

  private mutating func item() -> Item {
    let first = aggregate()
    switch random.below(6) {
    case 0:
      return Item(
        nql: "100 * \(first.nql) / count(*)", sql: "100 * \(first.sql) / nullif(count(*), 0)",
        slack: first.slack ?? 1e-9)
    case 1:
      return Item(
        nql: "round(coalesce(\(first.nql), -1) * 0.5, 6)", sql: "coalesce(\(first.sql), -1) * 0.5",
        slack: max(first.slack ?? 0, 1e-6), isOfCounts: first.isOfCounts)
    case 2:
      return Item(
        nql: "abs(greatest(\(first.nql), -\(first.nql)))", sql: "abs(\(first.sql))",
        slack: first.slack, isOfCounts: first.isOfCounts)
    default: return first
    }
  }

  private mutating func aggregate() -> Item {
    let condition = random.oneIn(3) ? predicate(1) : nil
    let within = condition.map { " WHERE \($0)" } ?? ""
    if random.oneIn(4) {
      let only = condition.map { " FILTER (WHERE \($0))" } ?? ""
      return Item(nql: "count(*\(within))", sql: "count(*)\(only)", isOfCounts: true)
    }
    let x = random.pick(data.numbers).path
    let only = " FILTER (WHERE \(condition.map { "(\($0)) AND " } ?? "")\(x) IS NOT NULL)"
    switch random.below(9) {
    case 0: return Item(nql: "sum(\(x)\(within))", sql: "fsum(\(x))\(only)", slack: 1e-9)
    case 1: return Item(nql: "avg(\(x)\(within))", sql: "favg(\(x))\(only)", slack: 1e-9)
    case 2: return Item(nql: "min(\(x)\(within))", sql: "min(\(x))\(only)", slack: nil)
    case 3: return Item(nql: "max(\(x)\(within))", sql: "max(\(x))\(only)", slack: nil)
    case 4:
      return Item(nql: "first(\(x)\(within))", sql: "arg_min(\(x), (us, line))\(only)", slack: nil)
    case 5:
      return Item(nql: "last(\(x)\(within))", sql: "arg_max(\(x), (us, line))\(only)", slack: nil)
    case 6: return Item(nql: "stddev(\(x)\(within))", sql: "stddev_samp(\(x))\(only)", slack: 1e-6)
    case 7:
      let text = random.pick(data.texts).path
      let only = condition.map { " FILTER (WHERE \($0))" } ?? ""
      return Item(
        nql: "distinct(\(text)\(within))", sql: "count(DISTINCT \(text))\(only)", isOfCounts: true)
    default:
      let percent = random.within(0...100)
      let list = "list_sort(list(\(x))\(only))"
      // In whole numbers: 29 / 100.0 * 100 is a little less than 29.
      let rank = "CAST((count(*)\(only) - 1) * \(percent) // 100 AS BIGINT)"
      return Item(
        nql: "p\(percent)(\(x)\(within))", sql: "list_extract(\(list), 1 + \(rank))", slack: 0.0101)
    }
  }

  private mutating func predicate(_ depth: Int) -> String {
    if depth > 0 {
      switch random.below(6) {
      case 0: return "\(predicate(depth - 1)) AND \(predicate(depth - 1))"
      case 1: return "(\(predicate(depth - 1)) OR \(predicate(depth - 1)))"
      case 2: return "NOT (\(predicate(depth - 1)))"
      default: break
      }
    }
    let not = random.pick(["", "NOT "])
    if random.oneIn(6) { return "\(random.pick(data.fields)) IS \(not)NULL" }
    let comparison = random.pick(["=", "!=", "<", "<=", ">", ">="])
    if random.oneIn(2) {
      let (path, around) = random.pick(data.numbers)
      let values = (0..<2).map { _ in
        (Double.random(in: around, using: &random) * 10).rounded() / 10
      }.sorted()
      return random.oneIn(3)
        ? "\(path) \(not)BETWEEN \(values[0]) AND \(values[1])"
        : "\(path) \(comparison) \(values[0])"
    }
    let (path, values) = random.pick(data.texts)
    let (one, other) = (random.pick(values), random.pick(values))
    switch random.below(3) {
    case 0: return "\(path) \(not)IN ('\(one)', '\(other)')"
    case 1: return "\(path) \(not)LIKE '\(random.pick(["%", "%_", "_%e%", "%-0%", "_", "%a%r%"]))'"
    default: return "\(path) \(comparison) '\(one)'"
    }
  }
}
