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
    /// How many of them were no cells before.
    fileprivate(set) var newCount = 0
    /// The turn that changed it last.
    fileprivate(set) var lastUse = 0

    fileprivate init(_ plan: FoldPlan) { cells = CellColumns(plan) }

    /// What `other` is now; the columns are copied when either changes. O(1).
    fileprivate init(copying other: Bucket) {
      (cells, groups, rows) = (other.cells, other.groups, other.rows)
      (isChanged, changed, newCount) = (other.isChanged, other.changed, other.newCount)
    }

    fileprivate func row(_ group: Int32) -> Int? {
      guard Int(group) < rows.count, rows[Int(group)] >= 0 else { return nil }
      return Int(rows[Int(group)])
    }

    /// The same, if it was changed.
    fileprivate func changedRow(_ group: Int32) -> Int? {
      row(group).flatMap { isChanged[$0] ? $0 : nil }
    }

    /// Makes the last row of `cells` that of a group.
    fileprivate func addRow(_ group: Int32, isNew: Bool) {
      if isNew { newCount += 1 }
      if Int(group) >= rows.count {
        rows.append(contentsOf: repeatElement(-1, count: Int(group) + 1 - rows.count))
      }
      rows[Int(group)] = Int32(groups.count)
      groups.append(group)
      isChanged.append(false)
    }

    /// Adds cells of a block to rows; gives how many of them had not been changed before.
    fileprivate func add(
      _ added: Range<Int>, of fold: BlockFold, to rows: [Int32],
      _ changed: (SeriesChange) -> Void
    ) -> Int {
      cells.add(added, of: fold, to: rows, changed: changed)
      var count = 0
      for row in rows where noteChange(row) { count += 1 }
      return count
    }

    /// Counts a revision of a row that was not changed itself; whether it had not been changed before.
    fileprivate func revise(_ row: Int) -> Bool {
      cells.revise(row)
      return noteChange(Int32(row))
    }

    private func noteChange(_ row: Int32) -> Bool {
      if isChanged[Int(row)] { return false }
      isChanged[Int(row)] = true
      changed.append(row)
      return true
    }

    fileprivate func keepChanges() {
      for row in changed { isChanged[Int(row)] = false }
      changed.removeAll(keepingCapacity: true)
      newCount = 0
    }
  }

  /// Appends a cell that is not in memory, or says that there is none.
  typealias Load = (_ bucketNs: Int64, _ group: [UInt8], inout CellColumns) throws -> Bool
  /// Finds the next bucket after one in which a series may have samples, among those on disk.
  typealias FindNext = (_ bucketNs: Int64, _ group: [UInt8], _ series: [UInt8]) throws -> Int64?

  /// Groups are kept at least until they are this many.
  static let minGroups = 4_096

  let kpi: CompiledKpi
  private(set) var buckets: [Int64: Bucket] = [:]
  private(set) var count = 0
  /// Cells that were changed since ``keepChanges()``.
  private(set) var changedCount = 0
  /// Series that were new to cells since then.
  private(set) var newSeries = SeriesBuckets()
  private var groups = GroupTable()
  /// The place of each group among all in order.
  private var ranks: [Int32] = []
  private var turn = 0

  init(_ kpi: CompiledKpi) { self.kpi = kpi }

  /// What `other` has changed of the buckets that start within `range`, as it is now: what is added to `other` afterwards
  /// copies what it changes. O(buckets).
  init(changesOf other: HotCells, within range: Range<Int64>) {
    kpi = other.kpi
    (groups, ranks, newSeries) = (other.groups, other.ranks, other.newSeries)
    for (bucketNs, bucket) in other.buckets
    where !bucket.changed.isEmpty && range.contains(bucketNs) {
      buckets[bucketNs] = Bucket(copying: bucket)
      count += bucket.cells.count
      changedCount += bucket.changed.count
    }
  }

  /// Merges a block's cells, in the order of the log. The watermark before it tells which cells that follow others are
  /// revised with these. O(cells of the block).
  func add(
    _ fold: BlockFold, watermarkNs: Int64?, load: Load, findNext: FindNext
  ) throws {
    let bytes = fold.groups.bytes
    let numbers = fold.groups.indices.map {
      groups.number(bytes.rawSpan(fold.groups.range($0)))
    }
    var late: [LateChange] = []
    var cell = 0
    while cell < fold.count {
      let bucketNs = fold.buckets[cell]
      let bucket = bucket(bucketNs)
      let first = cell
      var rows: [Int32] = []
      while cell < fold.count, fold.buckets[cell] == bucketNs {
        let group = numbers[Int(fold.groupOfCell[cell])]
        if let row = try row(group, bucketNs, bucket, load) {
          rows.append(Int32(row))
        } else {
          rows.append(Int32(bucket.cells.appendRow()))
          addRow(group, bucket, isNew: true)
        }
        cell += 1
      }
      let isFinal = kpi.isFinal(bucketNs, watermarkNs)
      changedCount += bucket.add(first..<cell, of: fold, to: rows) { change in
        let series = SeriesOfGroup(group: bucket.groups[Int(change.row)], name: change.name)
        if change.isNew { newSeries.insert(bucketNs, series) }
        if isFinal {
          late.append(LateChange(bucketNs: bucketNs, series: series, measure: change.measure))
        }
      }
    }
    if late.isEmpty { return }
    let own = zip(fold.buckets, fold.groupOfCell).map {
      CellPlace(bucketNs: $0, group: numbers[Int($1)])
    }
    try reviseNext(after: late, own: Set(own), watermarkNs, load, findNext)
  }

  /// The row of a cell, which is loaded if need be; nil when there is none.
  private func row(
    _ group: Int32, _ bucketNs: Int64, _ bucket: Bucket, _ load: Load
  ) throws -> Int? {
    if let row = bucket.row(group) { return row }
    guard try load(bucketNs, groups.groups[Int(group)], &bucket.cells) else { return nil }
    addRow(group, bucket, isNew: false)
    return bucket.cells.count - 1
  }

  private func addRow(_ group: Int32, _ bucket: Bucket, isNew: Bool) {
    bucket.addRow(group, isNew: isNew)
    count += 1
  }

  private func bucket(_ bucketNs: Int64) -> Bucket {
    let bucket = buckets[bucketNs] ?? Bucket(kpi.plan)
    if bucket.cells.count == 0 { buckets[bucketNs] = bucket }
    bucket.lastUse = turn
    return bucket
  }

  /// A series that has another last sample in a bucket that was final.
  private struct LateChange {
    var bucketNs: Int64
    var series: SeriesOfGroup
    var measure: Int
  }

  private struct CellPlace: Hashable {
    var bucketNs: Int64
    var group: Int32
  }

  /// Counts a revision of each final cell whose counters and levels begin at other samples now: the next ones of the
  /// series. One that the block has changed itself, one of `own`, counts it already. O(changes log cells).
  private func reviseNext(
    after changes: [LateChange], own: Set<CellPlace>, _ watermarkNs: Int64?, _ load: Load,
    _ findNext: FindNext
  ) throws {
    var revised = own
    for change in changes {
      let (group, name) = (change.series.group, change.series.name)
      var bucketNs = change.bucketNs
      while let next = [
        newSeries.bucket(of: change.series, after: bucketNs),
        try findNext(bucketNs, self.group(group), name),
      ].compactMap({ $0 }).min(), kpi.isFinal(next, watermarkNs) {
        bucketNs = next
        let bucket = bucket(next)
        // The series may have samples of another measure alone.
        guard let row = try row(group, next, bucket, load),
          bucket.cells.measures[change.measure].samples[row].contains(name)
        else { continue }
        if revised.insert(CellPlace(bucketNs: next, group: group)).inserted, bucket.revise(row) {
          changedCount += 1
        }
        break
      }
    }
  }

  /// A cell that was changed.
  func changed(_ bucketNs: Int64, _ group: RawSpan) -> (bucket: Bucket, row: Int)? {
    guard let bucket = buckets[bucketNs], let number = groups.known(group),
      let row = bucket.changedRow(number)
    else { return nil }
    return (bucket, row)
  }

  /// A group's number; nil when it has none.
  func number(_ group: RawSpan) -> Int32? { groups.known(group) }

  /// The group of a number.
  func group(_ number: Int32) -> [UInt8] { groups.groups[Int(number)] }

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
    newSeries = SeriesBuckets()
    changedCount = 0
  }

  func removeAll() {
    buckets = [:]
    newSeries = SeriesBuckets()
    (groups, ranks) = (GroupTable(), [])
    (count, changedCount) = (0, 0)
  }

  /// Drops the buckets that were not used for longest until at most `limit` cells are left, or those that were used last;
  /// all with a limit of 0. Nothing may be changed.
  func evict(to limit: Int) {
    if limit == 0 { return removeAll() }
    let byUse = buckets.map { ($0.value.lastUse, $0.key) }.sorted { $0 < $1 }
    for (lastUse, bucketNs) in byUse where lastUse < turn - 1 {
      if count <= limit { break }
      count -= buckets.removeValue(forKey: bucketNs)?.cells.count ?? 0
    }
    // Groups are only forgotten all at once.
    if groups.count > max(4 * count, Self.minGroups) { removeAll() }
  }
}
