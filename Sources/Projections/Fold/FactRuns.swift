/// Facts of a block sorted by the cell that they belong to; those of one cell are a run, in the order of the log.
struct FactRuns: Sendable {
  /// Places of facts in their block, run after run.
  private(set) var facts: [Int32]
  /// Where each cell's run ends in `facts`; it begins where the one before ends.
  private(set) var ends: [Int32]

  var cellCount: Int { ends.count }

  func range(_ cell: Int) -> Range<Int> {
    (cell == 0 ? 0 : Int(ends[cell - 1]))..<Int(ends[cell])
  }

  init(facts: [Int32], ends: [Int32]) {
    self.facts = facts
    self.ends = ends
  }

  /// The facts whose bit is set: one for each fact of the block, none when all are. O(facts).
  func filtered(_ presence: [UInt64]?) -> FactRuns {
    guard let presence else {
      return FactRuns(facts: [], ends: Array(repeating: 0, count: ends.count))
    }
    if presence.isEmpty { return self }
    return filtered { presence[$0 >> 6] >> UInt64($0 & 63) & 1 == 1 }
  }

  /// The facts that `isIncluded`, called with their places in the block. O(facts).
  func filtered(_ isIncluded: (Int) -> Bool) -> FactRuns {
    var kept = FactRuns(facts: [], ends: [])
    kept.facts.reserveCapacity(facts.count)
    kept.ends.reserveCapacity(ends.count)
    for cell in ends.indices {
      for index in range(cell) where isIncluded(Int(facts[index])) {
        kept.facts.append(facts[index])
      }
      kept.ends.append(Int32(kept.facts.count))
    }
    return kept
  }

  /// How many facts each cell has.
  var counts: [UInt64] { ends.indices.map { UInt64(range($0).count) } }
}

/// Which cells a block has facts of, and which facts. Cells are in order of their buckets' and groups' places.
struct FactCells {
  /// The bucket's start of each cell, and the place of its group in `groups`.
  private(set) var buckets: [Int64] = []
  private(set) var groupOfCell: [Int32] = []
  private(set) var groups: [[UInt8]] = []
  private(set) var runs = FactRuns(facts: [], ends: [])

  var count: Int { buckets.count }

  /// With more pairs of bucket and group than this, those that occur are numbered.
  private static let maxDomain = 1 << 20

  /// O(facts x dimensions).
  init(_ columns: FactColumns, _ kpi: CompiledKpi, within range: Range<Int64>?) throws {
    var mask = try kpi.definition.filter.map { try PredicateMask.evaluate($0, columns) }
    if let range {
      let times = columns.times
      mask = mask ?? Array(repeating: true, count: times.count)
      for fact in times.indices where !range.contains(times[fact]) { mask?[fact] = false }
    }
    let byBucket = columns.buckets(kpi)
    let byGroup = try columns.groups(kpi.dimensions)
    groups = byGroup.groups
    let pairs = Self.pairs(byBucket, byGroup, columns.count, mask)
    let (places, used) = Self.used(pairs, byBucket.starts.count * max(groups.count, 1))
    for pair in used {
      let (bucket, group) = Int(pair).quotientAndRemainder(dividingBy: max(groups.count, 1))
      buckets.append(byBucket.starts[bucket])
      groupOfCell.append(Int32(group))
    }
    runs = Self.sorted(pairs, places, cellCount: used.count)
  }

  /// The number of each fact's pair of bucket and group; -1 for a fact that is masked.
  private static func pairs(
    _ buckets: BucketCodes, _ groups: GroupCodes, _ count: Int, _ mask: [Bool]?
  ) -> [Int64] {
    let groupCount = Int64(max(groups.groups.count, 1))
    var pairs = [Int64](repeating: 0, count: count)
    if !buckets.codes.isEmpty {
      for fact in 0..<count { pairs[fact] = Int64(buckets.codes[fact]) * groupCount }
    }
    if !groups.codes.isEmpty {
      for fact in 0..<count { pairs[fact] += Int64(groups.codes[fact]) }
    }
    if let mask {
      for fact in 0..<count where !mask[fact] { pairs[fact] = -1 }
    }
    return pairs
  }

  /// How a pair's cell is found.
  private enum Places {
    case table([Int32])
    case dictionary([Int64: Int32])
  }

  /// The pairs that occur, ascending, and the place of each among them.
  private static func used(_ pairs: [Int64], _ domain: Int) -> (Places, [Int64]) {
    var used: [Int64] = []
    if domain > maxDomain {
      used = Set(pairs).subtracting([-1]).sorted()
      let places = zip(used, used.indices).map { ($0, Int32($1)) }
      return (.dictionary(Dictionary(uniqueKeysWithValues: places)), used)
    }
    var places = [Int32](repeating: -1, count: domain)
    for pair in pairs where pair >= 0 { places[Int(pair)] = 0 }
    for pair in places.indices where places[pair] == 0 {
      places[pair] = Int32(used.count)
      used.append(Int64(pair))
    }
    return (.table(places), used)
  }

  /// Sorts the facts by cell, by counting; keeps their order within a cell. O(facts + cells).
  private static func sorted(_ pairs: [Int64], _ places: Places, cellCount: Int) -> FactRuns {
    var cells = [Int32](repeating: -1, count: pairs.count)
    switch places {
    case .table(let table):
      for fact in pairs.indices where pairs[fact] >= 0 { cells[fact] = table[Int(pairs[fact])] }
    case .dictionary(let known):
      for fact in pairs.indices where pairs[fact] >= 0 { cells[fact] = known[pairs[fact]] ?? -1 }
    }
    var ends = [Int32](repeating: 0, count: cellCount)
    for cell in cells where cell >= 0 { ends[Int(cell)] += 1 }
    var total: Int32 = 0
    for cell in ends.indices {
      let count = ends[cell]
      ends[cell] = total
      total += count
    }
    var facts = [Int32](repeating: 0, count: Int(total))
    for fact in cells.indices where cells[fact] >= 0 {
      let cell = Int(cells[fact])
      facts[Int(ends[cell])] = Int32(fact)
      ends[cell] += 1
    }
    return FactRuns(facts: facts, ends: ends)
  }
}
