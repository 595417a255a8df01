import EventLog
import LMDB

/// The cells of one generation: the hot ones in memory, all on disk. Blocks change them in memory; they are written
/// with the transaction that the blocks belong to.
///
/// Not for several threads at once: whoever has the turn to commit uses it.
final class CellCache: @unchecked Sendable {
  let kpi: CompiledKpi
  let generation: UInt32
  private let table: Table
  private var buckets: [Int64: HotBucket] = [:]
  private var hotCount = 0
  /// Numbers of the groups in memory.
  private var groupNumbers: [[UInt8]: Int32] = [:]
  private var groups: [[UInt8]] = []
  private var commits = 0
  /// Nothing is on disk that is not in memory as well.
  private var hasAll: Bool
  /// Gives pages of the store's file back when too many count as memory.
  private let releaseMemory: () -> Void
  /// Cells that were read or written, each somewhere in the file.
  private var touched = 0
  /// Cells that were changed since the last commit.
  private(set) var pendingCount = 0

  /// Cells in memory of one KPI at most, but for those of one transaction; a cell takes some hundred bytes.
  static let maxHotCells = 40_000

  /// The cells of a bucket that are in memory.
  fileprivate struct HotBucket {
    /// For each group's number the place of its cell, or -1.
    var places: [Int32] = []
    var groups: [Int32] = []
    var cells: [Cell] = []
    var isChanged: [Bool] = []
    /// Places of the changed cells.
    var changed: [Int32] = []
    /// The commit that changed it last.
    var lastUse = 0

    mutating func place(_ group: Int32) -> Int? {
      guard Int(group) < places.count, places[Int(group)] >= 0 else { return nil }
      return Int(places[Int(group)])
    }

    mutating func add(_ cell: Cell, _ group: Int32) -> Int {
      if Int(group) >= places.count {
        places.append(contentsOf: repeatElement(-1, count: Int(group) + 1 - places.count))
      }
      places[Int(group)] = Int32(cells.count)
      groups.append(group)
      cells.append(cell)
      isChanged.append(false)
      return cells.count - 1
    }
  }

  /// `isNew`: the generation has no cells yet.
  init(
    _ kpi: CompiledKpi, generation: UInt32, table: Table, isNew: Bool = false,
    releaseMemory: @escaping () -> Void
  ) {
    self.releaseMemory = releaseMemory
    self.kpi = kpi
    self.generation = generation
    self.table = table
    hasAll = isNew
  }

  /// Begins a transaction. What was changed since the last commit is void, and with it all that is in memory.
  func begin() {
    if pendingCount > 0 { removeAll() }
  }

  private func removeAll() {
    buckets = [:]
    groupNumbers = [:]
    groups = []
    (hotCount, pendingCount) = (0, 0)
    hasAll = false
  }

  /// Merges a block's cells, in the order of the log. O(cells of the block).
  func apply(
    _ fold: BlockFold, watermarkNs: Int64?, _ transaction: borrowing ReadTransaction
  ) throws {
    let numbers = fold.groups.map(number)
    var slotsByBucket: [Int64: [Int]] = [:]
    for slot in 0..<fold.count { slotsByBucket[fold.buckets[slot], default: []].append(slot) }
    for (bucketNs, slots) in slotsByBucket {
      let isFinal = kpi.isFinal(bucketNs, watermarkNs)
      var bucket = buckets.removeValue(forKey: bucketNs) ?? HotBucket()
      defer { buckets[bucketNs] = bucket }
      bucket.lastUse = commits
      for slot in slots {
        let group = numbers[Int(fold.groupOfCell[slot])]
        let place = try bucket.place(group) ?? load(bucketNs, group, &bucket, transaction)
        fold.add(slot, to: &bucket.cells[place], kpi.plan)
        if isFinal { bucket.cells[place].revision += 1 }
        if !bucket.isChanged[place] {
          bucket.isChanged[place] = true
          bucket.changed.append(Int32(place))
          pendingCount += 1
        }
      }
    }
  }

  private func number(_ group: [UInt8]) -> Int32 {
    if let known = groupNumbers[group] { return known }
    let number = Int32(groups.count)
    groupNumbers[group] = number
    groups.append(group)
    return number
  }

  private func load(
    _ bucketNs: Int64, _ group: Int32, _ bucket: inout HotBucket,
    _ transaction: borrowing ReadTransaction
  ) throws -> Int {
    var cell: Cell?
    if !hasAll {
      let stored = CellTable(table, kpi, generation)
      cell = try stored.cell(bucketNs, groups[Int(group)], transaction)
      touch()
    }
    hotCount += 1
    return bucket.add(cell ?? Cell(kpi.plan), group)
  }

  private func touch() {
    touched += 1
    if touched % 256 == 0 { releaseMemory() }
  }

  /// Writes the changed cells. O(cells).
  func finish(_ transaction: inout WriteTransaction) throws {
    if pendingCount == 0 { return }
    for (bucketNs, bucket) in buckets {
      for place in bucket.changed {
        let group = groups[Int(bucket.groups[Int(place)])]
        let key = CellKey(generation: generation, bucketNs: bucketNs, group: group)
        try transaction.put(
          table, key.key, bucket.cells[Int(place)].encoded(kpi.plan, key))
        touch()
      }
    }
  }

  /// What was finished is durable.
  func committed() {
    if pendingCount == 0 { return }
    commits += 1
    for bucketNs in buckets.keys where !buckets[bucketNs]!.changed.isEmpty {
      buckets[bucketNs]!.removeChanges()
    }
    pendingCount = 0
    if hotCount > Self.maxHotCells { evict() }
  }

  /// Drops the buckets that were not used for longest, until half of the room is free; all when that is not enough.
  private func evict() {
    hasAll = false
    let byUse = buckets.map { ($0.value.lastUse, $0.key) }.sorted { $0 < $1 }
    for (lastUse, bucketNs) in byUse where lastUse < commits - 1 {
      if hotCount <= Self.maxHotCells / 2 { break }
      hotCount -= buckets.removeValue(forKey: bucketNs)?.cells.count ?? 0
    }
    // Groups are only forgotten all at once.
    if hotCount > Self.maxHotCells || groups.count > Self.maxHotCells { removeAll() }
  }
}

extension CellCache.HotBucket {
  fileprivate mutating func removeChanges() {
    for place in changed { isChanged[Int(place)] = false }
    changed.removeAll(keepingCapacity: true)
  }
}

extension CompiledKpi {
  /// Whether the watermark has passed the end of the bucket by the KPI's lateness.
  func isFinal(_ bucketNs: Int64, _ watermarkNs: Int64?) -> Bool {
    guard let watermarkNs else { return false }
    let (due, overflow) = buckets.end(ofBucketStarting: bucketNs)
      .addingReportingOverflow(definition.latenessNs)
    return !overflow && watermarkNs >= due
  }
}
