/// Cells in memory, found by bucket and group, to which blocks are added in the order of the log.
///
/// Not for several threads at once.
final class HotCells {
  /// The cells of one bucket.
  final class Bucket {
    fileprivate(set) var cells: CellColumns
    /// The group's number of each row.
    fileprivate(set) var groups: [Int32] = []
    /// For each group's number its row, or -1.
    private var rows: [Int32] = []
    private var isChanged: [Bool] = []
    /// Rows that were changed since ``HotCells/keepChanges()``.
    fileprivate(set) var changed: [Int32] = []
    /// Series that were new to their rows since then.
    fileprivate(set) var newSeries: [(row: Int32, name: [UInt8])] = []
    /// The turn that changed it last.
    fileprivate(set) var lastUse = 0

    fileprivate init(_ plan: FoldPlan) { cells = CellColumns(plan) }

    fileprivate func row(_ group: Int32) -> Int? {
      guard Int(group) < rows.count, rows[Int(group)] >= 0 else { return nil }
      return Int(rows[Int(group)])
    }

    /// Makes the last row of `cells` that of a group.
    fileprivate func addRow(_ group: Int32) {
      if Int(group) >= rows.count {
        rows.append(contentsOf: repeatElement(-1, count: Int(group) + 1 - rows.count))
      }
      rows[Int(group)] = Int32(groups.count)
      groups.append(group)
      isChanged.append(false)
    }

    /// Adds cell `cell` of a block to a row; gives whether the row had not been changed before.
    fileprivate func add(_ cell: Int, of fold: BlockFold, to row: Int, isFinal: Bool) -> Bool {
      cells.add(cell, of: fold, to: row) { newSeries.append((Int32(row), $0)) }
      if isFinal { cells.revise(row) }
      if isChanged[row] { return false }
      isChanged[row] = true
      changed.append(Int32(row))
      return true
    }

    fileprivate func keepChanges() {
      for row in changed { isChanged[Int(row)] = false }
      changed.removeAll(keepingCapacity: true)
      newSeries.removeAll()
    }
  }

  let kpi: CompiledKpi
  private(set) var buckets: [Int64: Bucket] = [:]
  private(set) var count = 0
  /// Cells that were changed since ``keepChanges()``.
  private(set) var changedCount = 0
  private var groupNumbers: [[UInt8]: Int32] = [:]
  private(set) var groups: [[UInt8]] = []
  private var turn = 0

  init(_ kpi: CompiledKpi) { self.kpi = kpi }

  /// Merges a block's cells, in the order of the log. A cell that is not in memory is asked of `load`, which appends it
  /// or says that there is none. O(cells of the block).
  func add(
    _ fold: BlockFold, watermarkNs: Int64?,
    load: (_ bucketNs: Int64, _ group: [UInt8], inout CellColumns) throws -> Bool
  ) throws {
    let numbers = fold.groups.map(number)
    var cell = 0
    while cell < fold.count {
      let bucketNs = fold.buckets[cell]
      let bucket = bucket(bucketNs)
      let isFinal = kpi.isFinal(bucketNs, watermarkNs)
      while cell < fold.count, fold.buckets[cell] == bucketNs {
        let group = numbers[Int(fold.groupOfCell[cell])]
        var row = bucket.row(group)
        if row == nil {
          row = bucket.cells.count
          if try !load(bucketNs, groups[Int(group)], &bucket.cells) { bucket.cells.appendRow() }
          bucket.addRow(group)
          count += 1
        }
        if bucket.add(cell, of: fold, to: row ?? 0, isFinal: isFinal) { changedCount += 1 }
        cell += 1
      }
    }
  }

  private func bucket(_ bucketNs: Int64) -> Bucket {
    let bucket = buckets[bucketNs] ?? Bucket(kpi.plan)
    if bucket.cells.count == 0 { buckets[bucketNs] = bucket }
    bucket.lastUse = turn
    return bucket
  }

  private func number(_ group: [UInt8]) -> Int32 {
    if let known = groupNumbers[group] { return known }
    let number = Int32(groups.count)
    groupNumbers[group] = number
    groups.append(group)
    return number
  }

  /// The group of a bucket's row.
  func group(_ row: Int, _ bucket: Bucket) -> [UInt8] { groups[Int(bucket.groups[row])] }

  /// What was changed so far is no change any more.
  func keepChanges() {
    turn += 1
    for bucket in buckets.values where !bucket.changed.isEmpty { bucket.keepChanges() }
    changedCount = 0
  }

  func removeAll() {
    buckets = [:]
    groupNumbers = [:]
    groups = []
    (count, changedCount) = (0, 0)
  }

  /// Drops the buckets that were not used for longest until at most `limit` cells are left; all when those used last
  /// are more. Nothing may be changed.
  func evict(to limit: Int, maxGroups: Int) {
    let byUse = buckets.map { ($0.value.lastUse, $0.key) }.sorted { $0 < $1 }
    for (lastUse, bucketNs) in byUse where lastUse < turn - 1 {
      if count <= limit { break }
      count -= buckets.removeValue(forKey: bucketNs)?.cells.count ?? 0
    }
    // Groups are only forgotten all at once.
    if count > 2 * limit || groups.count > maxGroups { removeAll() }
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
