import Bytes
import EventLog
import LMDB

/// Cells in memory, found by bucket and group, to which blocks are added in the order of the log.
///
/// Not for several threads at once.
final class HotCells {
  typealias Bucket = HotBucket

  /// Appends all cells on disk that are of a range of groups with the one given, and their groups; gives the range.
  typealias Load = (
    _ bucketNs: Int64, _ group: [UInt8], inout CellColumns, _ groups: inout ByteStrings
  ) throws -> GroupRange
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
  private var groups = StringTable()
  /// The groups by number.
  var names: ByteStrings { groups.strings }
  /// The groups' numbers in the order of groups, and the place of each there.
  private var order = GroupOrder()
  /// What buckets take in memory, and the part of it that is of changed cells.
  private var bucketBytes = 0
  private(set) var pendingBytes = 0
  private var turn = 0

  init(_ kpi: CompiledKpi) { self.kpi = kpi }

  /// What `other` has changed of the buckets that start within `range`, as it is now: what is added to `other` afterwards
  /// copies what it changes. O(buckets).
  init(changesOf other: HotCells, within range: Range<Int64>) {
    kpi = other.kpi
    (groups, newSeries) = (other.groups, other.newSeries)
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
      defer { noteMemory(of: bucket) }
      let first = cell
      while cell < fold.count, fold.buckets[cell] == bucketNs { cell += 1 }
      let cells = first..<cell
      let groupNumbers = cells.map { numbers[Int(fold.groupOfCell[$0])] }
      // All that is on disk is loaded before there are new rows: both are appended to the same columns.
      for group in groupNumbers { _ = try row(group, bucketNs, bucket, load) }
      let known = bucket.cells.count
      let rows = bucket.rows(adding: groupNumbers)
      count += bucket.cells.count - known
      let isFinal = kpi.isFinal(bucketNs, watermarkNs)
      changedCount += bucket.add(cells, of: fold, to: rows) { change in
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

  /// The row of a cell, which is loaded if need be, with all of its page; nil when there is none.
  private func row(
    _ group: Int32, _ bucketNs: Int64, _ bucket: Bucket, _ load: Load
  ) throws -> Int? {
    if let row = bucket.row(group) { return row }
    if bucket.hasAll { return nil }
    let place = groups.strings.range(Int(group))
    if bucket.hasPage(of: groups.strings.bytes.rawSpan(place)) { return nil }
    var names = ByteStrings()
    let range = try load(bucketNs, groups.strings[Int(group)], &bucket.cells, &names)
    for index in names.indices {
      let number = groups.number(names.bytes.rawSpan(names.range(index)))
      precondition(bucket.row(number) == nil, "a cell is read that is in memory")
      bucket.addRow(number, isNew: false)
    }
    count += names.count
    bucket.insert(range)
    return bucket.row(group)
  }

  private func noteMemory(of bucket: Bucket) {
    let (before, now) = (bucket.noted, bucket.memory)
    bucketBytes += now.bytes - before.bytes
    pendingBytes += now.pendingBytes - before.pendingBytes
    bucket.noted = now
  }

  /// About what all takes in memory. O(1).
  var byteCount: Int { bucketBytes + groups.byteCount + order.byteCount }

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
        defer { noteMemory(of: bucket) }
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
  func group(_ number: Int32) -> [UInt8] { groups.strings[Int(number)] }

  /// The group of a bucket's row.
  func group(_ row: Int, _ bucket: Bucket) -> [UInt8] {
    groups.strings[Int(bucket.groups[row])]
  }

  /// All rows of a bucket in the order of their groups. O(rows log rows), and O(groups) when there are new ones or the
  /// bucket has most of them.
  func sortedRows(_ bucket: Bucket) -> [Int32] {
    order.extend(to: groups.strings)
    return bucket.rows(in: order)
  }

  /// What was changed so far is no change any more.
  func keepChanges() {
    turn += 1
    for bucket in buckets.values where !bucket.changed.isEmpty { bucket.keepChanges() }
    newSeries = SeriesBuckets()
    (changedCount, pendingBytes) = (0, 0)
  }

  func removeAll() {
    buckets = [:]
    newSeries = SeriesBuckets()
    (groups, order) = (StringTable(), GroupOrder())
    (count, changedCount) = (0, 0)
    (bucketBytes, pendingBytes) = (0, 0)
  }

  /// Drops buckets that have no changes, those that were not used for longest first, until cells take at most `limit` bytes or
  /// those are left that were used last; all of them with a limit of 0. O(buckets log buckets).
  func evict(to limit: Int) {
    if limit == 0, changedCount == 0 { return removeAll() }
    let byUse = buckets.filter { $0.value.changed.isEmpty }
      .map { ($0.value.lastUse, $0.key) }.sorted { $0 < $1 }
    for (lastUse, bucketNs) in byUse where limit == 0 || lastUse < turn - 1 {
      if byteCount <= limit { break }
      guard let bucket = buckets.removeValue(forKey: bucketNs) else { continue }
      count -= bucket.cells.count
      bucketBytes -= bucket.noted.bytes
    }
    // Groups are only forgotten all at once.
    if changedCount == 0, groups.count > max(4 * count, Self.minGroups) { removeAll() }
  }
}
