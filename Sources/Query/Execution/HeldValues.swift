import Bytes
import Model

/// The values that held when a range began: FILL PREVIOUS looks for them in the buckets before it.
struct HeldValues {
  /// How many buckets before the range are looked at, when the range itself has fewer.
  static let minBuckets = 1_000
  /// They are read so many at a time, or as many as the range has, until each value is found.
  private static let buckets = 64

  let query: BoundQuery
  let gathering: AggregateRows
  let leaves: [Leaf]
  /// How many buckets the range has.
  let bucketCount: Int

  /// For each leaf the last value of each group before the range; NULL where there is none. O(rows before the range)
  /// at most.
  func values(
    of groups: [[Text?]], before rows: AggregateRows.Rows
  ) throws -> [[QueryValue]] {
    var found = Found(leaves, groups)
    guard let buckets = query.buckets, let firstNs = query.stream.timesNs?.lowerBound else {
      return found.values
    }
    var rest = max(Self.minBuckets, bucketCount)
    var end = rows.range.lowerBound
    // Before the first fact there are no rows.
    while found.missing > 0, rest > 0, end > firstNs {
      let step = min(rest, max(Self.buckets, bucketCount))
      let start = buckets.start(end, before: step)
      try gathering.budget.passing {
        let earlier = try gathering.rows(of: start..<end, hasWindows: false)
        try found.add(earlier.table, query, leaves, gathering.budget)
      }
      (end, rest) = (start, rest - step)
    }
    return found.values
  }

  /// What has been found so far.
  private struct Found {
    var values: [[QueryValue]]
    var missing: Int
    private var places: [[Text?]: Int] = [:]

    init(_ leaves: [Leaf], _ groups: [[Text?]]) {
      values = leaves.map { _ in Array(repeating: .null, count: groups.count) }
      missing = leaves.count { $0.isCarried } * groups.count
      for (place, group) in groups.enumerated() { places[group] = place }
    }

    /// Takes the last values of rows that come before those that were added.
    mutating func add(
      _ table: RowTable, _ query: BoundQuery, _ leaves: [Leaf], _ budget: MemoryBudget
    ) throws {
      let evaluator = Evaluator(
        table: table, groupKinds: query.groups.map(\.kind), zone: query.zone, budget: budget)
      let placeOfGroup = table.groups.map { places[$0] }
      for (index, leaf) in leaves.enumerated() where leaf.isCarried {
        let column = try evaluator.column(leaf.expression)
        for row in (0..<table.count).reversed() {
          try Cancellation.check(at: row)
          guard let place = placeOfGroup[Int(table.groupOfRow[row])] else { continue }
          guard values[index][place].isNull, !column[row].isNull else { continue }
          values[index][place] = column[row]
          missing -= 1
        }
      }
    }
  }
}

extension Leaf {
  /// Whether PREVIOUS takes it from the bucket before.
  fileprivate var isCarried: Bool {
    if case .count = kind { false } else { true }
  }
}
