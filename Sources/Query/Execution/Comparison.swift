import Language
import Model

/// COMPARE WITH: two periods side by side.
struct PeriodJoin {
  let query: BoundQuery
  let length: TimeLength
  let watermarkNs: Int64?

  /// The same range so much earlier.
  static func earlier(
    _ range: Range<Int64>, _ length: TimeLength, _ zone: ZoneRules
  ) -> Range<Int64> {
    let low = length.added(to: range.lowerBound, times: -1, in: zone)
    return low..<max(low, length.added(to: range.upperBound, times: -1, in: zone))
  }

  private struct Key: Hashable {
    var timeNs: Int64
    var group: Int32
  }

  /// The rows of both periods at the times of the later one, with the inputs of `current` and then those of `earlier`.
  func joined(_ current: RowTable, _ earlier: RowTable, _ range: Range<Int64>) -> RowTable {
    var table = current
    let codes = table.merge(groups: earlier.groups)
    var rows: [Key: Int] = [:]
    rows.reserveCapacity(table.count)
    for row in 0..<table.count {
      rows[Key(timeNs: table.timesNs[row], group: table.groupOfRow[row])] = row
    }
    var (ofCurrent, ofEarlier) = (
      Array(0..<table.count), [Int](repeating: -1, count: table.count)
    )
    for row in 0..<earlier.count {
      let timeNs = moved(earlier.timesNs[row], range)
      guard timeNs >= range.lowerBound, timeNs < range.upperBound else { continue }
      let key = Key(timeNs: timeNs, group: codes[Int(earlier.groupOfRow[row])])
      if let place = rows[key] {
        // Where clocks change two buckets may come to one: the first is taken.
        if ofEarlier[place] < 0 { ofEarlier[place] = row }
      } else {
        rows[key] = ofCurrent.count
        ofCurrent.append(-1)
        ofEarlier.append(row)
        table.add(key.timeNs, key.group, query.isFinal(bucketStarting: timeNs, watermarkNs))
      }
    }
    table.inputs =
      current.inputs.map { $0.gather(optional: ofCurrent) }
      + earlier.inputs.map { $0.gather(optional: ofEarlier) }
    if ofCurrent.contains(-1) { table.sort() }
    return table
  }

  /// The time of an earlier row in the later period.
  private func moved(_ timeNs: Int64, _ range: Range<Int64>) -> Int64 {
    guard let buckets = query.buckets else { return range.lowerBound }
    return buckets.start(of: length.added(to: timeNs, times: 1, in: query.zone))
  }
}

extension RowTable {
  /// Adds a row without facts and without inputs.
  fileprivate mutating func add(_ timeNs: Int64, _ group: Int32, _ isFinal: Bool) {
    timesNs.append(timeNs)
    groupOfRow.append(group)
    facts.append(0)
    firstSeqs.append(0)
    lastSeqs.append(0)
    revisions.append(0)
    self.isFinal.append(isFinal)
  }
}
