import Bytes

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

/// Which cells a block has facts of, and which facts. Cells are in order of their buckets' and groups' places.
struct FactCells {
  /// The bucket's start of each cell, and the place of its group in `groups`.
  private(set) var buckets: [Int64] = []
  private(set) var groupOfCell: [Int32] = []
  private(set) var groups: ByteStrings
  private(set) var runs = FactRuns(facts: [], ends: [])

  var count: Int { buckets.count }

  /// With more pairs of bucket and group than this, those that occur are numbered.
  private static let maxDomain = 1 << 20

  /// O(facts x dimensions).
  init(_ columns: FactColumns, _ kpi: CompiledKpi, _ selection: FactSelection) throws {
    let mask = try selection.mask(kpi.filter, columns)
    groups = ByteStrings()
    // Most columns of a block need not be read when none of its facts is asked for.
    if let mask, !mask.contains(true) { return }
    let range = selection.facts ?? 0..<columns.count
    let byBucket = try columns.buckets(kpi)
    let byGroup = try columns.groups(kpi.dimensions)
    groups = byGroup.groups
    let groupCount = max(groups.count, 1)
    var pairs = Self.pairs(byBucket, byGroup, range, mask)
    var used: [Int64]?
    if byBucket.starts.count * groupCount > Self.maxDomain { used = Self.renumber(&pairs) }
    let ends = sort(
      pairs, from: range.lowerBound, domain: used?.count ?? byBucket.starts.count * groupCount)
    for (number, end) in ends.enumerated() where end > (runs.ends.last ?? 0) {
      runs.closeRun(at: end)
      let pair = Int(used?[number] ?? Int64(number))
      buckets.append(byBucket.starts[pair / groupCount])
      groupOfCell.append(Int32(pair % groupCount))
    }
  }

  /// The number of each fact's pair of bucket and group; -1 for a fact that is masked.
  private static func pairs(
    _ buckets: BucketCodes, _ groups: GroupCodes, _ range: Range<Int>, _ mask: [Bool]?
  ) -> [Int64] {
    let groupCount = Int64(max(groups.groups.count, 1))
    var pairs: [Int64]
    if buckets.codes.isEmpty {
      pairs =
        groups.codes.isEmpty
        ? Array(repeating: 0, count: range.count) : groups.codes[range].map(Int64.init)
    } else if groups.codes.isEmpty {
      pairs = buckets.codes[range].map { Int64($0) }
    } else {
      pairs = groups.codes[range].map(Int64.init)
      for index in pairs.indices {
        pairs[index] += Int64(buckets.codes[range.lowerBound + index]) * groupCount
      }
    }
    if let mask {
      for index in pairs.indices where !mask[range.lowerBound + index] { pairs[index] = -1 }
    }
    return pairs
  }

  /// Makes each pair its place among those that occur, which are returned, ascending.
  private static func renumber(_ pairs: inout [Int64]) -> [Int64] {
    let used = Set(pairs).subtracting([-1]).sorted()
    let places = Dictionary(uniqueKeysWithValues: zip(used, 0..<Int64(used.count)))
    for fact in pairs.indices where pairs[fact] >= 0 { pairs[fact] = places[pairs[fact]] ?? -1 }
    return used
  }

  /// Sorts the facts from `first` on by pair, by counting; keeps their order within a pair. Gives where each pair's end.
  /// O(facts + domain).
  private mutating func sort(_ pairs: [Int64], from first: Int, domain: Int) -> [Int32] {
    var ends = [Int32](repeating: 0, count: domain)
    for pair in pairs where pair >= 0 { ends[Int(pair)] += 1 }
    var total: Int32 = 0
    for pair in ends.indices {
      let count = ends[pair]
      ends[pair] = total
      total += count
    }
    var facts = [Int32](repeating: 0, count: Int(total))
    for index in pairs.indices where pairs[index] >= 0 {
      let pair = Int(pairs[index])
      facts[Int(ends[pair])] = Int32(truncatingIfNeeded: first + index)
      ends[pair] += 1
    }
    runs = FactRuns(facts: facts, ends: [])
    return ends
  }
}
