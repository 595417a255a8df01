import Bytes

/// Facts of a block sorted by the cell that they belong to; those of one cell are a run, in the order of the log.
struct FactRuns: Sendable {
  /// Places of facts in their block, run after run.
  private(set) var facts: [Int32]
  /// Where each cell's run ends in `facts`; it begins where the one before ends.
  private(set) var ends: [Int32]

  var cellCount: Int { ends.count }

  func range(_ cell: Int) -> Range<Int> { ends.run(cell) }

  init(facts: [Int32], ends: [Int32]) {
    self.facts = facts
    self.ends = ends
  }

  /// Ends a cell's run at a place in `facts`.
  mutating func closeRun(at end: Int32) { ends.append(end) }

  /// The facts that have a value. O(facts).
  func filtered(_ presence: Presence) -> FactRuns {
    switch presence {
    case .all: self
    case .some(let facts): filtered { facts[$0] }
    case .none: FactRuns(facts: [], ends: Array(repeating: 0, count: ends.count))
    }
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

/// Which cells some facts belong to, and which facts each has. Cells of one bucket are neighbours.
struct FactCells {
  /// The bucket's start of each cell, and the place of its group in `groups`.
  private(set) var buckets: [Int64] = []
  private(set) var groupOfCell: [Int32] = []
  private(set) var groups = ByteStrings()
  private(set) var runs = FactRuns(facts: [], ends: [])

  var count: Int { buckets.count }

  /// Those of the facts that a KPI takes, and `selection` with it. O(facts x dimensions).
  init(_ columns: FactColumns, _ kpi: CompiledKpi, _ selection: FactSelection) throws {
    let mask = try selection.mask(kpi.filter, columns)
    // Most columns of a block need not be read when none of its facts is asked for.
    if let mask, !mask.contains(true) { return }
    let range = selection.facts ?? 0..<columns.count
    let facts = Int32(range.lowerBound)..<Int32(range.upperBound)
    if let mask {
      self = try FactCells(columns, kpi, of: facts.filter { mask[Int($0)] })
    } else {
      self = try FactCells(columns, kpi, of: facts)
    }
  }

  /// So many pairs of bucket and group are counted for any facts, and for more facts as many as there are of these.
  private static let smallDomain = 1 << 10

  /// Those of some facts, in the order of the log. O(facts x dimensions).
  init(_ columns: FactColumns, _ kpi: CompiledKpi, of facts: some Collection<Int32>) throws {
    let byBucket = try columns.buckets(kpi)
    let byGroup = try columns.groups(kpi.dimensions)
    groups = byGroup.groups
    if facts.isEmpty { return }
    let pairCount = byBucket.starts.count * groups.count
    if pairCount == 1 {
      (buckets, groupOfCell) = (byBucket.starts, [0])
      runs = FactRuns(facts: Array(facts), ends: [Int32(facts.count)])
    } else if pairCount <= max(Self.smallDomain, facts.count) {
      sort(facts, byPair: try columns.pairs(kpi), byBucket.starts)
    } else {
      sort(Array(facts), byBucket, byGroup)
    }
  }

  /// Sorts facts by pair of bucket and group, by counting. O(facts + pairs).
  private mutating func sort(
    _ facts: some Collection<Int32>, byPair pairs: [Int32], _ starts: [Int64]
  ) {
    let sorted = Self.sorted(facts, by: pairs, domain: starts.count * groups.count)
    var cellEnds: [Int32] = []
    var last: Int32 = 0
    for (bucket, start) in starts.enumerated() {
      for group in 0..<groups.count {
        let end = sorted.ends[bucket * groups.count + group]
        if end == last { continue }
        last = end
        cellEnds.append(end)
        buckets.append(start)
        groupOfCell.append(Int32(group))
      }
    }
    runs = FactRuns(facts: sorted.facts, ends: cellEnds)
  }

  /// The same where there are more pairs than can be counted: by group, then by bucket. Each sort keeps the order of what is
  /// equal. O(facts + buckets + groups).
  private mutating func sort(_ facts: [Int32], _ byBucket: BucketCodes, _ byGroup: GroupCodes) {
    let byGroups = Self.sorted(facts, by: byGroup.codes, domain: groups.count).facts
    let sorted =
      Self.sorted(byGroups, by: byBucket.codes, domain: byBucket.starts.count).facts
    var last: (bucket: Int32, group: Int32)?
    for (index, fact) in sorted.enumerated() {
      let bucket = byBucket.codes.isEmpty ? 0 : byBucket.codes[Int(fact)]
      let group = byGroup.codes.isEmpty ? 0 : byGroup.codes[Int(fact)]
      if let last, last == (bucket, group) { continue }
      if last != nil { runs.closeRun(at: Int32(index)) }
      last = (bucket, group)
      buckets.append(byBucket.starts[Int(bucket)])
      groupOfCell.append(group)
    }
    if last != nil { runs.closeRun(at: Int32(sorted.count)) }
    runs = FactRuns(facts: sorted, ends: runs.ends)
  }

  /// The same without facts that are masked, and without cells that have no others. O(facts).
  init(_ all: FactCells, _ mask: [Bool]) {
    groups = all.groups
    let kept = all.runs.filtered { mask[$0] }
    for cell in 0..<all.count where !kept.range(cell).isEmpty {
      runs.closeRun(at: kept.ends[cell])
      buckets.append(all.buckets[cell])
      groupOfCell.append(all.groupOfCell[cell])
    }
    runs = FactRuns(facts: kept.facts, ends: runs.ends)
  }

  /// All facts as they stand in these cells: 0, 1, 2 and so on.
  fileprivate func inOrder() -> FactCells {
    var cells = self
    cells.runs = FactRuns(facts: Array(0..<Int32(runs.facts.count)), ends: runs.ends)
    return cells
  }

  /// Sorts facts by their codes, by counting, and tells where those of each code end. O(facts + domain).
  private static func sorted(
    _ facts: some Collection<Int32>, by codes: [Int32], domain: Int
  ) -> (facts: [Int32], ends: [Int32]) {
    if codes.isEmpty { return (Array(facts), [Int32(facts.count)]) }
    let codes = codes.span
    var ends = [Int32](repeating: 0, count: domain)
    var places = ends.mutableSpan
    for fact in facts { places[Int(codes[Int(fact)])] &+= 1 }
    var total: Int32 = 0
    for code in places.indices { (places[code], total) = (total, total &+ places[code]) }
    var sorted = [Int32](repeating: 0, count: facts.count)
    var target = sorted.mutableSpan
    for fact in facts {
      let code = Int(codes[Int(fact)])
      let place = places[code]
      target[Int(place)] = fact
      places[code] = place &+ 1
    }
    return (sorted, ends)
  }
}

/// All facts of columns in the order of the cells of a KPI without its filter, so that those of one cell are neighbours.
struct SortedFacts {
  let columns: FactColumns
  let cells: FactCells

  /// O(facts x dimensions).
  init(_ all: FactColumns, _ kpi: CompiledKpi) throws {
    let sorted = try FactCells(all, kpi, of: 0..<Int32(all.count))
    columns = FactColumns(all, order: sorted.runs.facts)
    cells = sorted.inOrder()
  }
}
