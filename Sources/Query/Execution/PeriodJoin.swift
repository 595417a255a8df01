import Language
import Model

/// COMPARE WITH: two times side by side.
struct PeriodJoin {
  let query: BoundQuery
  let watermarkNs: Int64?

  /// Rows of the earlier time, each with the times of the later one that it is compared with.
  struct Earlier {
    var table = RowTable()
    var laterTimes: [[Int64]] = []

    /// What the later times of a row take; rows of one time have them in common.
    private static let timesBytes = 8

    /// Adds rows of a piece.
    mutating func append(
      _ other: RowTable, _ budget: MemoryBudget, _ laterTimes: (Int64) -> [Int64]
    ) throws {
      try budget.take(other.bytes + other.count * Self.timesBytes, for: "COMPARE WITH")
      let isFirst = table.count == 0
      var (lastNs, last): (Int64, [Int64]) = (.min, [])
      for row in other.timesNs.indices {
        try Cancellation.check(at: row)
        let timeNs = other.timesNs[row]
        if timeNs != lastNs || last.isEmpty { (lastNs, last) = (timeNs, laterTimes(timeNs)) }
        self.laterTimes.append(last)
      }
      if isFirst { table = other } else { table.append(other) }
    }
  }

  private struct Key: Hashable {
    var timeNs: Int64
    var group: Int32
  }

  /// The rows of both times at those of the later one, with the inputs of `current` and then those of `earlier`.
  /// O(rows), and a sort where groups are of the earlier time only. What it takes beside the rows is counted; those of
  /// the earlier time stay counted, as inputs of the rows.
  func joined(
    _ current: RowTable, _ earlier: Earlier, _ budget: MemoryBudget
  ) throws -> RowTable {
    let count = current.count + earlier.table.count
    return try budget.passing {
      try budget.take(count * Self.keyBytes, for: "COMPARE WITH")
      return try joined(current, earlier)
    }
  }

  /// What a row takes to be found by its time and group, with its places in both tables.
  private static let keyBytes = 2 * MemoryLayout<Key>.stride + 24

  private func joined(_ current: RowTable, _ earlier: Earlier) throws -> RowTable {
    var table = current
    let codes = table.merge(groups: earlier.table.groups)
    var rows: [Key: Int] = [:]
    rows.reserveCapacity(table.count)
    for row in 0..<table.count {
      try Cancellation.check(at: row)
      rows[Key(timeNs: table.timesNs[row], group: table.groupOfRow[row])] = row
    }
    var (ofCurrent, ofEarlier) = (
      Array(0..<table.count), [Int](repeating: -1, count: table.count)
    )
    for row in 0..<earlier.table.count {
      try Cancellation.check(at: row)
      let group = codes[Int(earlier.table.groupOfRow[row])]
      for timeNs in earlier.laterTimes[row] {
        if let place = rows[Key(timeNs: timeNs, group: group)] {
          ofEarlier[place] = row
          continue
        }
        rows[Key(timeNs: timeNs, group: group)] = ofCurrent.count
        ofCurrent.append(-1)
        ofEarlier.append(row)
        table.add(timeNs, group, query.state(bucketStarting: timeNs, watermarkNs))
      }
    }
    table.inputs =
      current.inputs.map { $0.gather(optional: ofCurrent) }
      + earlier.table.inputs.map { $0.gather(optional: ofEarlier) }
    if ofCurrent.contains(-1) { try table.sort() }
    return table
  }
}

extension RowTable {
  /// Adds a row without facts and without inputs.
  fileprivate mutating func add(_ timeNs: Int64, _ group: Int32, _ state: RowState) {
    timesNs.append(timeNs)
    groupOfRow.append(group)
    facts.append(0)
    firstSeqs.append(0)
    lastSeqs.append(0)
    revisions.append(nil)
    states.append(state)
  }
}
