import Language
import Model

/// FILL: a row for each bucket of the range and each group that occurs, and values where there are none.
struct Gaps {
  let query: BoundQuery
  let watermarkNs: Int64?
  let maxCells: Int

  /// Replaces the inputs of a table by leaves, with rows of `range` added.
  func filled(
    _ table: RowTable, _ leaves: [ValueColumn], _ range: Range<Int64>
  ) throws -> RowTable {
    guard let buckets = query.buckets, let fill = query.fill else { return table }
    let starts = try starts(buckets, range, groups: table.groups.count)
    let groups = order(of: table)
    let places = places(table, starts, groups)
    var result = RowTable()
    result.groups = table.groups
    for start in starts {
      for group in groups {
        result.timesNs.append(start)
        result.groupOfRow.append(Int32(group))
      }
    }
    result.leaves = leaves.map { leaf in
      Self.fill(leaf.gather(optional: places), fill, starts, groups: groups.count)
    }
    let isFinal = starts.map { query.isFinal(bucketStarting: $0, watermarkNs) }
    result.isFinal = places.indices.map { row in
      places[row] < 0 ? isFinal[row / groups.count] : table.isFinal[places[row]]
    }
    func counts<Count: FixedWidthInteger>(_ column: [Count]) -> [Count] {
      places.map { $0 < 0 ? 0 : column[$0] }
    }
    result.facts = counts(table.facts)
    result.firstSeqs = counts(table.firstSeqs)
    result.lastSeqs = counts(table.lastSeqs)
    result.revisions = counts(table.revisions)
    return result
  }

  private func starts(
    _ buckets: Buckets, _ range: Range<Int64>, groups: Int
  ) throws -> [Int64] {
    var starts: [Int64] = []
    for start in buckets.starts(from: range.lowerBound, until: range.upperBound) {
      starts.append(start)
      if starts.count * groups > maxCells {
        throw QueryLimitError(
          "FILL makes more than \(maxCells) rows; ask for a shorter range or longer buckets, "
            + "or raise max_cells")
      }
    }
    return starts
  }

  /// The codes of the groups in the order of their labels.
  private func order(of table: RowTable) -> [Int] {
    let ranks = table.groupRanks
    return table.groups.indices.sorted { ranks[$0] < ranks[$1] }
  }

  /// For each row of the answer its row in the table, or -1.
  private func places(_ table: RowTable, _ starts: [Int64], _ groups: [Int]) -> [Int] {
    var places = [Int](repeating: -1, count: starts.count * groups.count)
    var rankOfCode = [Int](repeating: 0, count: groups.count)
    for (rank, code) in groups.enumerated() { rankOfCode[code] = rank }
    var bucket = 0
    for row in 0..<table.count {
      while bucket < starts.count, starts[bucket] < table.timesNs[row] { bucket += 1 }
      guard bucket < starts.count, starts[bucket] == table.timesNs[row] else { continue }
      places[bucket * groups.count + rankOfCode[Int(table.groupOfRow[row])]] = row
    }
    return places
  }

  /// Rows are by bucket and, within it, by group, all of them there.
  private static func fill(
    _ column: ValueColumn, _ fill: Fill, _ starts: [Int64], groups: Int
  ) -> ValueColumn {
    guard fill != .null, groups > 0 else { return column }
    switch column {
    case .integers, .times: return column
    case .numbers(var values):
      switch fill {
      case .null: break
      case .zero: for row in values.indices where values[row].isNaN { values[row] = 0 }
      case .previous:
        for row in values.indices.dropFirst(groups) where values[row].isNaN {
          values[row] = values[row - groups]
        }
      case .linear:
        for group in 0..<groups { interpolate(&values, starts, group, groups) }
      }
      return .numbers(values)
    case .exact(let values): return ValueColumn(exact: Self.fill(values, fill, starts, groups))
    case .texts(var values):
      guard fill == .previous else { return column }
      for row in values.indices.dropFirst(groups) where values[row] == nil {
        values[row] = values[row - groups]
      }
      return .texts(values)
    case .values(var values):
      guard fill == .previous else { return column }
      for row in values.indices.dropFirst(groups) where values[row].isNull {
        values[row] = values[row - groups]
      }
      return .values(values)
    }
  }

  /// The same for integers that doubles do not hold; what is interpolated is a double.
  private static func fill(
    _ values: [Number?], _ fill: Fill, _ starts: [Int64], _ groups: Int
  ) -> [Number?] {
    var values = values
    switch fill {
    case .null: break
    case .zero: for row in values.indices where values[row] == nil { values[row] = .zero }
    case .previous:
      for row in values.indices.dropFirst(groups) where values[row] == nil {
        values[row] = values[row - groups]
      }
    case .linear:
      var doubles = values.map { $0?.double ?? .nan }
      for group in 0..<groups { interpolate(&doubles, starts, group, groups) }
      for row in values.indices where values[row] == nil { values[row] = Number(doubles[row]) }
    }
    return values
  }

  /// Puts what is missing between two values on the line between them, by time.
  private static func interpolate(
    _ values: inout [Double], _ starts: [Int64], _ group: Int, _ groups: Int
  ) {
    var last: Int?
    for bucket in starts.indices where !values[bucket * groups + group].isNaN {
      defer { last = bucket }
      guard let last, bucket - last > 1 else { continue }
      let (low, high) = (values[last * groups + group], values[bucket * groups + group])
      let width = Double(starts[bucket] - starts[last])
      for gap in last + 1..<bucket {
        let share = Double(starts[gap] - starts[last]) / width
        values[gap * groups + group] = low + (high - low) * share
      }
    }
  }
}

extension BoundQuery {
  /// Whether the watermark has passed the end of a bucket by the lateness that is waited for.
  func isFinal(bucketStarting startNs: Int64, _ watermarkNs: Int64?) -> Bool {
    guard let watermarkNs else { return false }
    let end = buckets?.end(ofBucketStarting: startNs) ?? range.upperBound
    let (due, overflow) = end.addingReportingOverflow(latenessNs)
    return !overflow && watermarkNs >= due
  }
}
