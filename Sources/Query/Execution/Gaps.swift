import Bytes
import Language
import Model

/// FILL: a row for each bucket of the range and each group that occurs, and values where there are none.
struct Gaps {
  let query: BoundQuery
  /// What is filled.
  let leaves: [Leaf]
  let watermarkNs: Int64?
  let maxCells: Int
  let budget: MemoryBudget

  /// What a row takes beside its leaves: time, group, state, facts, seqs, revision, and its place in the table.
  private static let rowBytes = 8 + 4 + 1 + 24 + 8 + 8

  /// The groups of the rows that start at `firstNs` or later: those before it are there for windows only. A query
  /// without GROUP BY has one group, whatever facts there are.
  func groups(of table: RowTable, from firstNs: Int64) -> [[Text?]] {
    if query.groups.isEmpty { return [[]] }
    var isThere = [Bool](repeating: false, count: table.groups.count)
    for row in 0..<table.count where table.timesNs[row] >= firstNs {
      isThere[Int(table.groupOfRow[row])] = true
    }
    let ranks = table.groupRanks
    return table.groups.indices.filter { isThere[$0] }.sorted { ranks[$0] < ranks[$1] }
      .map { table.groups[$0] }
  }

  /// The rows of `range` by bucket and group, with leaves in place of inputs. `held` are the values of the leaves by
  /// group when the range began, for PREVIOUS.
  func filled(
    _ table: RowTable, _ values: [ValueColumn], groups: [[Text?]], _ range: Range<Int64>,
    held: [[QueryValue]]
  ) throws -> RowTable {
    guard query.buckets != nil, let fill = query.fill else { return table }
    let starts = try starts(range, groups: groups.count)
    let count = starts.count * groups.count
    try budget.take(count * (Self.rowBytes + leaves.count * 8), for: "FILL")
    let places = try places(table, starts, groups)
    var result = RowTable()
    result.groups = groups
    for (number, start) in starts.enumerated() {
      try Cancellation.check(at: number)
      for group in groups.indices {
        result.timesNs.append(start)
        result.groupOfRow.append(Int32(group))
      }
    }
    var filling = GapFilling(fill: fill, starts: starts, groups: groups.count, places: places)
    if let compared = query.comparedBuckets {
      filling.hasEarlier = starts.map { compared.earlier(of: $0) != nil }
    }
    result.leaves = try leaves.indices.map { leaf in
      try filling.column(
        values[leaf], leaves[leaf], held: held.isEmpty ? [] : held[leaf])
    }
    let states = starts.map { query.state(bucketStarting: $0, watermarkNs) }
    result.states = places.indices.map { row in
      places[row] < 0 ? states[row / groups.count] : table.states[places[row]]
    }
    func counts<Count: FixedWidthInteger>(_ column: [Count]) -> [Count] {
      places.map { $0 < 0 ? 0 : column[$0] }
    }
    result.facts = counts(table.facts)
    result.firstSeqs = counts(table.firstSeqs)
    result.lastSeqs = counts(table.lastSeqs)
    result.revisions = places.map { $0 < 0 ? nil : table.revisions[$0] }
    return result
  }

  /// The buckets of a range; none when there is no group to have rows in them.
  func starts(_ range: Range<Int64>, groups: Int) throws -> [Int64] {
    guard let buckets = query.buckets, groups > 0 else { return [] }
    var starts: [Int64] = []
    for start in buckets.starts(from: range.lowerBound, until: range.upperBound) {
      try Cancellation.check(at: starts.count)
      starts.append(start)
      if starts.count * groups > maxCells {
        throw QueryLimitError(
          "FILL makes more than \(maxCells) rows; ask for a shorter range or longer buckets, "
            + "or raise max_cells")
      }
    }
    return starts
  }

  /// For each row of the answer its row in the table, or -1.
  private func places(_ table: RowTable, _ starts: [Int64], _ groups: [[Text?]]) throws -> [Int] {
    var places = [Int](repeating: -1, count: starts.count * groups.count)
    var table = table
    let known = table.groups.count
    let codes = table.merge(groups: groups)
    var placeOfCode = [Int](repeating: -1, count: max(known, table.groups.count))
    for (place, code) in codes.enumerated() { placeOfCode[Int(code)] = place }
    var bucket = 0
    for row in 0..<table.count {
      try Cancellation.check(at: row)
      while bucket < starts.count, starts[bucket] < table.timesNs[row] { bucket += 1 }
      guard bucket < starts.count, starts[bucket] == table.timesNs[row] else { continue }
      let group = placeOfCode[Int(table.groupOfRow[row])]
      if group >= 0 { places[bucket * groups.count + group] = row }
    }
    return places
  }
}

/// Fills columns whose rows are by bucket and, within it, by group, all of them there.
struct GapFilling {
  let fill: Fill
  let starts: [Int64]
  let groups: Int
  /// For each row its place among the values that are there, or -1.
  let places: [Int]
  /// For each bucket whether there is one to compare it with; empty when none are compared.
  var hasEarlier: [Bool] = []

  func column(_ values: ValueColumn, _ leaf: Leaf, held: [QueryValue]) throws -> ValueColumn {
    try Cancellation.check()
    if fill == .null || groups == 0 { return values.gather(optional: places) }
    switch leaf.kind {
    // Of no facts a count is known: it is never made up.
    case .count(let ofNothing): return counts(values, ofNothing, isEarlier: leaf.isEarlier)
    case .number:
      let gathered = values.gather(optional: places)
      if case .exact(let numbers) = gathered { return try exact(numbers, held: held) }
      var numbers = gathered.doubles
      // What held before the range may be more exact than all that is within it.
      if fill == .previous, held.contains(where: \.isInteger) {
        return try exact(numbers.map { $0.isNaN ? nil : Number($0) }, held: held)
      }
      switch fill {
      case .null: break
      case .zero: for row in numbers.indices where numbers[row].isNaN { numbers[row] = 0 }
      case .previous: try carry(&numbers, held.map(\.double)) { $0.isNaN }
      case .linear: for group in 0..<groups { try interpolate(&numbers, group) }
      }
      return .numbers(numbers)
    // There is neither a 0 nor a line of texts and lists.
    case .other:
      let column = values.gather(optional: places)
      guard fill == .previous else { return column }
      var all = (0..<column.count).map { column[$0] }
      try carry(&all, held) { $0.isNull }
      return .values(all)
    }
  }

  private func counts(
    _ values: ValueColumn, _ ofNothing: Double, isEarlier: Bool
  ) -> ValueColumn {
    if isEarlier, hasEarlier.contains(false) {
      var numbers = values.gather(optional: places).doubles
      for row in numbers.indices where numbers[row].isNaN && hasEarlier[row / groups] {
        numbers[row] = ofNothing
      }
      return .numbers(numbers)
    }
    if case .integers(let counts) = values, let none = Int64(exactly: ofNothing) {
      return .integers(places.map { $0 < 0 ? none : counts[$0] })
    }
    var numbers = values.gather(optional: places).doubles
    for row in numbers.indices where numbers[row].isNaN { numbers[row] = ofNothing }
    return .numbers(numbers)
  }

  /// Each missing value is that of the bucket before, and in the first bucket what held before it.
  private func carry<Value>(
    _ values: inout [Value], _ held: [Value], _ isMissing: (Value) -> Bool
  ) throws {
    for (group, value) in held.enumerated() where isMissing(values[group]) {
      values[group] = value
    }
    for row in values.indices.dropFirst(groups) {
      try Cancellation.check(at: row)
      guard isMissing(values[row]) else { continue }
      values[row] = values[row - groups]
    }
  }

  /// The same for integers that doubles do not hold; what is interpolated is a double.
  private func exact(_ values: [Number?], held: [QueryValue]) throws -> ValueColumn {
    var values = values
    switch fill {
    case .null: break
    case .zero: for row in values.indices where values[row] == nil { values[row] = .zero }
    case .previous: try carry(&values, held.map(\.number)) { $0 == nil }
    case .linear:
      var doubles = values.map { $0?.double ?? .nan }
      for group in 0..<groups { try interpolate(&doubles, group) }
      for row in values.indices where values[row] == nil { values[row] = Number(doubles[row]) }
    }
    return ValueColumn(exact: values)
  }

  /// Puts what is missing between two values on the line between them, by time.
  private func interpolate(_ values: inout [Double], _ group: Int) throws {
    var last: Int?
    // There may be many groups of few buckets.
    try Cancellation.check()
    for bucket in starts.indices {
      try Cancellation.check(at: bucket)
      guard !values[bucket * groups + group].isNaN else { continue }
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

extension QueryValue {
  fileprivate var isInteger: Bool {
    switch self {
    case .integer, .unsigned: true
    default: false
    }
  }
}
