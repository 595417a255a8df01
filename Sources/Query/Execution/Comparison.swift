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

    /// Adds rows of a piece.
    mutating func append(_ other: RowTable, _ laterTimes: (Int64) -> [Int64]) {
      let isFirst = table.count == 0
      var (lastNs, last): (Int64, [Int64]) = (.min, [])
      self.laterTimes += other.timesNs.map { timeNs in
        if timeNs != lastNs || last.isEmpty { (lastNs, last) = (timeNs, laterTimes(timeNs)) }
        return last
      }
      if isFirst { table = other } else { table.append(other) }
    }
  }

  private struct Key: Hashable {
    var timeNs: Int64
    var group: Int32
  }

  /// The rows of both times at those of the later one, with the inputs of `current` and then those of `earlier`.
  /// O(rows), and a sort where groups are of the earlier time only.
  func joined(_ current: RowTable, _ earlier: Earlier) -> RowTable {
    var table = current
    let codes = table.merge(groups: earlier.table.groups)
    var rows: [Key: Int] = [:]
    rows.reserveCapacity(table.count)
    for row in 0..<table.count {
      rows[Key(timeNs: table.timesNs[row], group: table.groupOfRow[row])] = row
    }
    var (ofCurrent, ofEarlier) = (
      Array(0..<table.count), [Int](repeating: -1, count: table.count)
    )
    for row in 0..<earlier.table.count {
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
    if ofCurrent.contains(-1) { table.sort() }
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
