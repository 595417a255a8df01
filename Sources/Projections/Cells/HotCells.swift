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

    /// Adds cells of a block to rows; gives how many of them had not been changed before.
    fileprivate func add(
      _ added: Range<Int>, of fold: BlockFold, to rows: [Int32], isFinal: Bool
    ) -> Int {
      cells.add(added, of: fold, to: rows) { newSeries.append(($0, $1)) }
      let before = changed.count
      for row in rows {
        if isFinal { cells.revise(Int(row)) }
        if !isChanged[Int(row)] {
          isChanged[Int(row)] = true
          changed.append(row)
        }
      }
      return changed.count - before
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
  private var groups = GroupTable()
  /// The place of each group among all in order.
  private var ranks: [Int32] = []
  private var turn = 0

  init(_ kpi: CompiledKpi) { self.kpi = kpi }

  /// Merges a block's cells, in the order of the log. A cell that is not in memory is asked of `load`, which appends
  /// it or says that there is none. O(cells of the block).
  func add(
    _ fold: BlockFold, watermarkNs: Int64?,
    load: (_ bucketNs: Int64, _ group: [UInt8], inout CellColumns) throws -> Bool
  ) throws {
    let bytes = fold.groups.bytes
    let numbers = fold.groups.indices.map {
      groups.number(bytes.rawSpan(fold.groups.range($0)))
    }
    var cell = 0
    while cell < fold.count {
      let bucketNs = fold.buckets[cell]
      let bucket = bucket(bucketNs)
      let first = cell
      var rows: [Int32] = []
      while cell < fold.count, fold.buckets[cell] == bucketNs {
        let group = numbers[Int(fold.groupOfCell[cell])]
        if let row = bucket.row(group) {
          rows.append(Int32(row))
        } else {
          rows.append(Int32(bucket.cells.count))
          if try !load(bucketNs, groups.groups[Int(group)], &bucket.cells) {
            bucket.cells.appendRow()
          }
          bucket.addRow(group)
          count += 1
        }
        cell += 1
      }
      changedCount += bucket.add(
        first..<cell, of: fold, to: rows, isFinal: kpi.isFinal(bucketNs, watermarkNs))
    }
  }

  private func bucket(_ bucketNs: Int64) -> Bucket {
    let bucket = buckets[bucketNs] ?? Bucket(kpi.plan)
    if bucket.cells.count == 0 { buckets[bucketNs] = bucket }
    bucket.lastUse = turn
    return bucket
  }

  /// The group of a bucket's row.
  func group(_ row: Int, _ bucket: Bucket) -> [UInt8] {
    groups.groups[Int(bucket.groups[row])]
  }

  /// The changed rows of a bucket in the order of their groups, so that they are written one beside the other.
  /// O(rows log rows), and O(groups log groups) when there are new ones.
  func changedRows(_ bucket: Bucket) -> [Int32] {
    if ranks.count != groups.count { ranks = groups.ranks }
    return bucket.changed.sorted {
      ranks[Int(bucket.groups[Int($0)])] < ranks[Int(bucket.groups[Int($1)])]
    }
  }

  /// What was changed so far is no change any more.
  func keepChanges() {
    turn += 1
    for bucket in buckets.values where !bucket.changed.isEmpty { bucket.keepChanges() }
    changedCount = 0
  }

  func removeAll() {
    buckets = [:]
    groups = GroupTable()
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
