import Bytes
import Language
import Model

/// Which rows before a range functions that look back need. With a length it is known how far they look; without one they
/// take the row before of their group, however old it is, and that has to be looked for step by step.
struct RowsBefore {
  /// How many buckets before the range are looked at, when the range itself has fewer.
  static let minBuckets = HeldValues.minBuckets
  /// How much time before a range of facts is looked at, when the range itself is shorter.
  static let minFactsNs: Int64 = 30 * 86_400_000_000_000

  private let query: BoundQuery
  /// Rows before this time are there for windows only.
  private let firstNs: Int64
  private let expressions: [RowExpression]

  /// Nil when no row before has to be looked for. FILL makes rows of all buckets: the row before is the bucket before.
  init?(_ query: BoundQuery, from firstNs: Int64) {
    guard query.fill == nil, firstNs > .min else { return nil }
    let expressions = query.expressions.filter(\.hasWindow)
    guard expressions.contains(where: { $0.contains(where: \.isChangeOfRow) }) else { return nil }
    (self.query, self.firstNs, self.expressions) = (query, firstNs, expressions)
  }

  /// Adds to `table`, whose rows are those from `startNs` on, what `earlier` finds in the time before, until each group
  /// has the rows that it needs, or the time reaches the first fact or `limitNs`. Each step has twice the length of the
  /// one before, and is told the groups that still look for theirs. Returns how many have not found them although there
  /// may be some.
  func add(
    to table: inout RowTable, from startNs: inout Int64, limitNs: Int64,
    step: (_ endNs: Int64, _ count: Int) -> Int64,
    earlier: (Range<Int64>, _ groups: [[Text?]]) throws -> RowTable
  ) throws -> Int {
    let dataNs = query.stream.timesNs?.lowerBound ?? .max
    var count = 1
    var missing = try trim(&table, from: startNs)
    while !missing.isEmpty, startNs > dataNs, startNs > limitNs {
      try Cancellation.check()
      let next = max(limitNs, step(startNs, count))
      guard next < startNs else { break }
      do {
        var rows = try earlier(next..<startNs, missing)
        rows.append(table)
        table = rows
      } catch is QueryLimitError {
        // The rows that were asked for are there: what they lack is told.
        return missing.count
      }
      startNs = next
      count = count.multipliedReportingOverflow(by: 2).overflow ? count : count * 2
      missing = try trim(&table, from: startNs)
    }
    return startNs > dataNs ? missing.count : 0
  }

  /// Says of groups that lack the row before.
  static func note(_ missing: Int, _ query: BoundQuery, since ns: Int64) -> String {
    let groups =
      missing == 1 ? "1 group has no row" : "\(missing) groups have no row"
    return
      "\(groups) from \(Timestamp(ns: ns)) to the range, and \(missing == 1 ? "its" : "their") "
      + "first pct_change is NULL: it is not looked for before"
  }

  /// Leaves out the rows before the range that no row needs; returns the groups that need older ones. O(rows).
  private func trim(_ table: inout RowTable, from startNs: Int64) throws -> [[Text?]] {
    var isKept = [Bool](repeating: false, count: table.count)
    var missing: [[Text?]] = []
    for (group, rows) in table.rowsByGroup.enumerated() {
      try Cancellation.check()
      let first = rows.firstPlace { table.timesNs[$0] >= firstNs }
      if first == rows.count { continue }
      var place = first
      var isWhole = true
      for expression in expressions {
        if let reach = reach(expression, Reach(ns: firstNs, place: first), rows, table, startNs) {
          place = min(place, reach)
        } else {
          isWhole = false
        }
      }
      if !isWhole {
        missing.append(table.groups[group])
        place = 0
      }
      for row in rows[place...] { isKept[row] = true }
    }
    if isKept.contains(false) { table.gather(isKept.indices.filter { isKept[$0] }) }
    return missing
  }

  /// How far back rows are needed: from a time on, which is at the place of a row of its group or before it.
  private struct Reach {
    var ns: Int64
    var place: Int
  }

  /// The place of the first row of a group that an expression needs for those from `from` on; nil when it is older than
  /// the rows that are there.
  private func reach(
    _ expression: RowExpression, _ from: Reach, _ rows: [Int], _ table: RowTable, _ startNs: Int64
  ) -> Int? {
    var from = from
    if case .window(_, _, let length) = expression {
      if length != nil {
        from.ns = expression.ownLookBack(from: from.ns, query)
        if let buckets = query.buckets { from.ns = buckets.start(of: from.ns) }
        if from.ns < startNs { return nil }
        from.place = min(from.place, rows.firstPlace { table.timesNs[$0] >= from.ns })
      } else {
        if from.place == 0 { return nil }
        from.place -= 1
        from.ns = min(from.ns, table.timesNs[rows[from.place]])
      }
    }
    var place = from.place
    for child in expression.children {
      guard let reach = reach(child, from, rows, table, startNs) else { return nil }
      place = min(place, reach)
    }
    return place
  }
}

extension BoundQuery {
  /// More groups are not worth a condition that names them.
  private static let maxNamedGroups = 64

  /// The same of few groups only, and perhaps of some more: of those without a label all are taken.
  func narrowed(to wanted: [[Text?]]) -> BoundQuery {
    guard !groups.isEmpty, wanted.count <= Self.maxNamedGroups else { return self }
    var narrowed = self
    for (index, group) in groups.enumerated() {
      let labels = Set(wanted.map { $0[index] })
      if labels.contains(nil) { continue }
      let literals = labels.compactMap { $0 }.sorted().map { Literal.string($0) }
      narrowed.filter = .both(
        narrowed.filter, .in(FieldPath(group.path), literals, isNegated: false))
    }
    return narrowed
  }
}

extension RowExpression {
  /// Whether it is a change since the row before.
  fileprivate var isChangeOfRow: Bool {
    if case .window(_, _, nil) = self { true } else { false }
  }
}

extension Buckets {
  /// The start of the bucket that is so many before the one that starts at `ns`.
  func start(_ ns: Int64, before count: Int) -> Int64 {
    var start = ns
    for _ in 0..<count where start > .min { start = self.start(of: start - 1) }
    return start
  }
}
