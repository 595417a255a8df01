import EventLog
import LMDB

/// The cells of one generation: the hot ones in memory, all on disk. Changes gather until they are written with the
/// transaction that they belong to.
///
/// Not for several threads at once: whoever has the turn to commit uses it.
final class CellCache: @unchecked Sendable {
  typealias Cells = [[UInt8]: Cell]

  let kpi: CompiledKpi
  let generation: UInt32
  private let table: Table
  /// Committed cells by bucket.
  private var hot: [Int64: Cells] = [:]
  private var hotCount = 0
  /// The commit that used a bucket last.
  private var lastUses: [Int64: Int] = [:]
  private var commits = 0
  /// Cells that the transaction under way has changed.
  private var pending: [Int64: Cells] = [:]
  private(set) var pendingCount = 0

  /// Cells in memory of one KPI; a cell takes some hundred bytes.
  static let maxHotCells = 40_000

  init(_ kpi: CompiledKpi, generation: UInt32, table: Table) {
    self.kpi = kpi
    self.generation = generation
    self.table = table
  }

  /// Forgets what was changed since the last `committed`.
  func begin() {
    if pendingCount == 0 { return }
    pending = [:]
    pendingCount = 0
  }

  /// Merges a block's cells, in the order of the log. O(cells of the block).
  func apply(
    _ fold: BlockFold, watermarkNs: Int64?, _ transaction: borrowing ReadTransaction
  ) throws {
    var slotsByBucket: [Int64: [Int]] = [:]
    for slot in 0..<fold.count { slotsByBucket[fold.buckets[slot], default: []].append(slot) }
    for (bucket, slots) in slotsByBucket {
      let isFinal = kpi.isFinal(bucket, watermarkNs)
      var cells = pending.removeValue(forKey: bucket) ?? [:]
      defer { pending[bucket] = cells }
      let known = hot[bucket]
      for slot in slots {
        let group = fold.groups[slot]
        if let index = cells.index(forKey: group) {
          add(fold, slot, isFinal, to: &cells.values[index])
          continue
        }
        var cell = try known?[group] ?? read(bucket, group, transaction) ?? Cell(kpi.plan)
        add(fold, slot, isFinal, to: &cell)
        cells[group] = cell
        pendingCount += 1
      }
    }
  }

  @inline(__always)
  private func add(_ fold: BlockFold, _ slot: Int, _ isFinal: Bool, to cell: inout Cell) {
    fold.add(slot, to: &cell, kpi.plan)
    if isFinal { cell.revision += 1 }
  }

  private func read(
    _ bucket: Int64, _ group: [UInt8], _ transaction: borrowing ReadTransaction
  ) throws -> Cell? {
    try CellTable(table, kpi, generation).cell(bucket, group, transaction)
  }

  /// Writes the changed cells. O(cells).
  func finish(_ transaction: inout WriteTransaction) throws {
    for (bucket, cells) in pending {
      for (group, cell) in cells {
        let key = CellKey(generation: generation, bucketNs: bucket, group: group)
        try transaction.put(table, key.key, cell.encoded(kpi.plan, key))
      }
    }
  }

  /// What was finished is durable.
  func committed() {
    commits += 1
    for (bucket, cells) in pending {
      lastUses[bucket] = commits
      guard var known = hot.removeValue(forKey: bucket) else {
        hot[bucket] = cells
        hotCount += cells.count
        continue
      }
      hotCount -= known.count
      known.merge(cells) { _, new in new }
      hotCount += known.count
      hot[bucket] = known
    }
    pending = [:]
    pendingCount = 0
    if hotCount > Self.maxHotCells { evict() }
  }

  /// Drops the buckets that were not used for longest, until half of the room is free.
  private func evict() {
    for (bucket, _) in lastUses.sorted(by: { ($0.value, $0.key) < ($1.value, $1.key) }) {
      if hotCount <= Self.maxHotCells / 2 { return }
      hotCount -= hot.removeValue(forKey: bucket)?.count ?? 0
      lastUses[bucket] = nil
    }
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
