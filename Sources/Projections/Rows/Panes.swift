import Bytes
import EventLog
import LMDB
import Model

/// Cells by bucket and group, from which rows are made.
struct Panes {
  var cells: CellColumns
  /// The bucket and the group's code of each row of `cells`, in order of time; the code is -1 where the group was not
  /// asked for.
  var buckets: [Int64] = []
  var codes: [Int32] = []
  /// The groups by code, as bytes and as labels.
  var groups: [[UInt8]] = []
  var labels: [[Text?]] = []
  /// Whether the rows of a bucket are in the order of their groups.
  var isSorted = true

  /// For each code its group's place in the order of groups.
  var ranks: [Int] {
    var ranks = [Int](repeating: 0, count: groups.count)
    let order = groups.indices.sorted { groups[$0].lexicographicallyPrecedes(groups[$1]) }
    for (rank, code) in order.enumerated() { ranks[code] = rank }
    return ranks
  }
}

/// Gathers the panes that an answer needs.
struct PaneReader {
  private let kpi: CompiledKpi
  private var groups: GroupList
  private var cells: CellColumns
  private var buckets: [Int64] = []
  private var codes: [Int32] = []
  private var isSorted = true
  /// The one group that is asked for, if there is but one.
  var onlyGroup: [UInt8]?
  var maxCells = Int.max
  var isCancelled: @Sendable () -> Bool = { false }
  var blocksRead = 0
  var factsRead = 0

  /// One group's buckets are looked up one by one when there are at most this many.
  private static let maxLookups = 10_000

  /// `reading` says what is wanted of the states of each measure; `isWanted` picks groups by their labels.
  init(
    _ kpi: CompiledKpi, reading: [MeasureReading]? = nil,
    where isWanted: @escaping ([Text?]) throws -> Bool = { _ in true }
  ) {
    self.kpi = kpi
    groups = GroupList(count: kpi.dimensions.count, isWanted)
    cells = CellColumns(kpi.plan, reading: reading)
  }

  var panes: Panes {
    Panes(
      cells: cells, buckets: buckets, codes: codes, groups: groups.bytes, labels: groups.labels,
      isSorted: isSorted)
  }

  /// Reads the cells of the buckets that start within `range`. O(cells).
  mutating func readCells(
    _ known: KpiCells, _ range: Range<Int64>, _ transaction: borrowing ReadTransaction
  ) throws {
    isSorted = known.isSorted
    if try !readOneGroup(known, range, transaction) {
      var (found, groups) = (cells, groups)
      var places: (buckets: [Int64], codes: [Int32]) = ([], [])
      let (maxCells, isCancelled) = (maxCells, isCancelled)
      try known.forEach(
        range, into: &found, transaction, code: { groups.code($0) },
        { bucketNs, code, _ in
          places.buckets.append(bucketNs)
          places.codes.append(code)
          if places.codes.count > maxCells { throw TooManyCellsError(limit: maxCells) }
          if places.codes.count % 4_096 == 0, isCancelled() { throw CancellationError() }
        })
      (cells, self.groups, buckets, codes) = (found, groups, places.buckets, places.codes)
      try groups.check()
    }
    if cells.hasSeries { cells.summarize() }
  }

  /// With all dimensions given there is one cell a bucket.
  private mutating func readOneGroup(
    _ known: KpiCells, _ range: Range<Int64>, _ transaction: borrowing ReadTransaction
  ) throws -> Bool {
    let every = kpi.definition.every.nominalNs
    guard let group = onlyGroup, range.lowerBound > .min, range.upperBound < .max,
      range.upperBound.saturatingSubtracting(range.lowerBound) / every <= Self.maxLookups
    else { return false }
    let code = groups.code(group.rawSpan)
    var cursor = try transaction.cursor(known.stored.tables.cells)
    var bucket = kpi.buckets.start(of: range.lowerBound)
    while bucket < range.upperBound {
      if bucket >= range.lowerBound, try known.append(bucket, group, to: &cells, &cursor) {
        buckets.append(bucket)
        codes.append(code)
      }
      bucket = kpi.buckets.end(ofBucketStarting: bucket)
    }
    return true
  }

  /// Adds cells that were computed from columns.
  mutating func add(_ hot: HotCells) throws {
    for (bucketNs, bucket) in hot.buckets.sorted(by: { $0.key < $1.key }) {
      try Cancellation.check()
      let rows = (0..<bucket.cells.count).map { ($0, hot.group($0, bucket)) }
        .sorted { $0.1.lexicographicallyPrecedes($1.1) }
      for (row, group) in rows {
        let code = groups.code(group.rawSpan)
        if code < 0 { continue }
        cells.append(row, of: bucket.cells)
        buckets.append(bucketNs)
        codes.append(code)
      }
    }
    if cells.hasSeries { cells.summarize() }
  }
}

extension CompiledKpi {
  /// The buckets whose cells the rows of `range` need.
  func reach(of range: Range<Int64>) -> Range<Int64> {
    guard panesPerWindow > 1, range.lowerBound > .min else { return range }
    func start(_ panes: Int) -> Int64 {
      let reach = Int64(panes).multipliedReportingOverflow(by: definition.every.nominalNs)
      return range.lowerBound.saturatingSubtracting(reach.overflow ? .max : reach.partialValue)
    }
    // The window that ends with the first bucket. Where buckets differ, so do the chunks of RollingWindows and what they hold
    // of a window: there the one before as well, with room for days that are an hour longer.
    let window = start(panesPerWindow - 1)
    let isEnough = window > .min && buckets.areOfOneLength(from: window)
    return (isEnough ? window : start(3 * (panesPerWindow + 1)))..<range.upperBound
  }
}
