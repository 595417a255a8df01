import Bytes

/// The cells of one bucket in memory: of each page on disk either all of them or none.
final class HotBucket {
  var cells: CellColumns
  private var rows = GroupRows()
  private var isChanged: [Bool] = []
  /// Rows that were changed since ``HotCells/keepChanges()``.
  private(set) var changed: [Int32] = []
  /// How many of them were no cells before.
  private(set) var newCount = 0
  /// The turn that changed it last.
  var lastUse = 0
  /// Groups whose cells are all in memory, in order, each range that of a page on disk, or of none.
  private(set) var ranges: [GroupRange] = []
  /// The same once what was written last is durable.
  var written: [GroupRange]?

  init(_ plan: FoldPlan) { cells = CellColumns(plan) }

  /// What `other` is now; the columns are copied when either changes. O(ranges).
  init(copying other: HotBucket) {
    (cells, rows) = (other.cells, other.rows)
    (isChanged, changed, newCount) = (other.isChanged, other.changed, other.newCount)
    ranges = other.ranges
  }

  // MARK: Rows

  /// The group's number of each row.
  var groups: [Int32] { rows.groups }

  func row(_ group: Int32) -> Int? { rows.row(group) }

  /// The same, if it was changed.
  func changedRow(_ group: Int32) -> Int? { row(group).flatMap { isChanged[$0] ? $0 : nil } }

  /// Makes the next row of `cells` that of a group.
  func addRow(_ group: Int32, isNew: Bool) {
    if isNew { newCount += 1 }
    rows.append(group)
    isChanged.append(false)
  }

  /// The rows of groups whose pages are in memory; those that have no cell become the next ones of `cells`. O(groups).
  func rows(adding groups: [Int32]) -> [Int32] {
    var found: [Int32] = []
    found.reserveCapacity(groups.count)
    for group in groups {
      if let row = row(group) {
        found.append(Int32(row))
      } else {
        found.append(Int32(self.groups.count))
        addRow(group, isNew: true)
      }
    }
    cells.appendRows(self.groups.count - cells.count)
    return found
  }

  /// All rows in the order of their groups. O(rows log rows) or O(groups).
  func rows(in order: GroupOrder) -> [Int32] {
    if groups.count > order.numbers.count / 16 {
      return order.numbers.compactMap { row($0).map { Int32($0) } }
    }
    return (0..<Int32(groups.count)).sorted {
      order.ranks[Int(groups[Int($0)])] < order.ranks[Int(groups[Int($1)])]
    }
  }

  // MARK: Pages

  /// Whether all cells of the bucket are in memory. O(1).
  var hasAll: Bool { ranges.count == 1 && ranges[0] == .all }

  /// Whether all cells of the page that a group belongs to are in memory. O(log ranges).
  func hasPage(of group: RawSpan) -> Bool {
    let next = firstRange(after: group)
    return next > 0 && ranges[next - 1].contains(group)
  }

  /// Notes that all cells of some groups are in memory.
  func insert(_ range: GroupRange) {
    let next = firstRange(after: range.lower.rawSpan)
    precondition(
      next == 0 || !ranges[next - 1].contains(range.lower.rawSpan), "a page is read twice")
    ranges.insert(range, at: next)
  }

  /// The first range that begins after a group.
  private func firstRange(after group: RawSpan) -> Int {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].begins(after: group) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  // MARK: Changes

  /// Adds cells of a block to rows; gives how many of them had not been changed before.
  func add(
    _ added: Range<Int>, of fold: BlockFold, to rows: [Int32],
    _ changed: (SeriesChange) -> Void
  ) -> Int {
    cells.add(added, of: fold, to: rows, changed: changed)
    return rows.count { noteChange($0) }
  }

  /// Counts a revision of a row that was not changed itself; whether it had not been changed before.
  func revise(_ row: Int) -> Bool {
    cells.revise(row)
    return noteChange(Int32(row))
  }

  private func noteChange(_ row: Int32) -> Bool {
    if isChanged[Int(row)] { return false }
    isChanged[Int(row)] = true
    changed.append(row)
    return true
  }

  /// Whether one of some rows was changed. O(rows).
  func hasChanges(_ rows: ArraySlice<Int32>) -> Bool { rows.contains { isChanged[Int($0)] } }

  func keepChanges() {
    for row in changed { isChanged[Int(row)] = false }
    changed.removeAll(keepingCapacity: true)
    newCount = 0
    noted.pendingBytes = 0
    if let written { (ranges, self.written) = (written, nil) }
  }

  // MARK: Memory

  /// About what it takes in memory, and the part of it that is of changed rows.
  struct Memory {
    var bytes = 0
    var pendingBytes = 0
  }

  /// About what a bucket without rows takes: itself, its place among others, and what the allocator adds to its arrays.
  private static let fixedBytes = 1_024

  /// What of it is in the sums of ``HotCells``.
  var noted = Memory()

  /// O(measures).
  var memory: Memory {
    if groups.isEmpty { return Memory() }
    let bytes =
      Self.fixedBytes + cells.byteCount + 4 * (rows.capacity + changed.capacity)
      + isChanged.capacity
    return Memory(bytes: bytes, pendingBytes: bytes / groups.count * changed.count)
  }
}
