import EventLog
import LMDB
import Model

extension Projections {
  /// The rows of a KPI whose buckets start within `range`, by time and group. `groups` picks rows by dimension: nil as a
  /// value is the absent one. O(cells of the range).
  public func read(
    _ name: String, _ range: Range<Int64> = Int64.min..<Int64.max, groups: [String: String?] = [:]
  ) throws -> KpiAnswer {
    try log.environment.read { transaction in
      let live = try kpi(named: name, transaction)
      for dimension in groups.keys where !live.kpi.dimensions.contains(dimension) {
        throw KpiError(
          "KPI \(name) has no dimension \(dimension.debugDescription)"
            + (live.kpi.dimensions.isEmpty
              ? "" : "; it has: \(live.kpi.dimensions.joined(separator: ", "))"))
      }
      let head = try log.position(of: live.kpi.definition.stream, transaction)
      var answer = KpiAnswer(
        definition: live.kpi.definition, watermarkNs: head.watermarkNs, asOfSeq: head.lastSeq)
      var reader = KpiReader(live.kpi, groups, watermarkNs: head.watermarkNs)
      // The generation is that of this transaction: a rebuild may have switched since it began.
      let record = try KpiRecord.read(live.kpi.definition.id, records, transaction)
      if let record, record.isLive {
        let table = CellTable(cells, live.kpi, record.generation)
        try reader.readCells(table, range, transaction)
      } else {
        answer.source = .columns
        answer.fillingProgress = live.progress ?? 0
        try reader.readColumns(log, range, transaction)
      }
      answer.rows = reader.finish(range)
      return answer
    }
  }
}

/// Gathers the cells that an answer needs, and makes rows of them.
private struct KpiReader {
  private let kpi: CompiledKpi
  private let groups: [String: String?]
  private let watermarkNs: Int64?
  private var cells: [[UInt8]: [(bucketNs: Int64, cell: Cell)]] = [:]
  /// Labels of each group that was asked for.
  private var labels: [[UInt8]: [String?]] = [:]
  private var skipped: Set<[UInt8]> = []
  /// Rows that need no other cell.
  private var rows: [KpiAnswer.Row] = []
  private var finality = (bucketNs: Int64(0), isFinal: false, isKnown: false)

  /// One group's buckets are looked up one by one when there are at most this many.
  private static let maxLookups = 10_000

  init(_ kpi: CompiledKpi, _ groups: [String: String?], watermarkNs: Int64?) {
    self.kpi = kpi
    self.groups = groups
    self.watermarkNs = watermarkNs
  }

  /// The buckets whose cells rows of `range` need.
  private func needed(_ range: Range<Int64>) -> Range<Int64> {
    guard kpi.panesPerWindow > 1 else { return range }
    // A window, and the chunk before it, with room for days that are an hour longer.
    let widthNs = Int64(kpi.panesPerWindow + 1) * kpi.definition.every.nominalNs
    let reach = widthNs.multipliedReportingOverflow(by: 3)
    return range.lowerBound.saturatingSubtracting(
      reach.overflow ? .max : reach.partialValue)..<range.upperBound
  }

  private mutating func add(_ bucketNs: Int64, _ group: [UInt8], _ cell: Cell) {
    guard let names = labels(group) else { return }
    if kpi.panesPerWindow > 1 {
      cells[group, default: []].append((bucketNs, cell))
    } else {
      rows.append(row(bucketNs, names, cell))
    }
  }

  /// The dimensions of a group; nil when it was not asked for.
  private mutating func labels(_ group: [UInt8]) -> [String?]? {
    if let known = labels[group] { return known }
    if skipped.contains(group) { return nil }
    guard let names = GroupKey.labels(group, count: kpi.dimensions.count), isWanted(names) else {
      skipped.insert(group)
      return nil
    }
    labels[group] = names
    return names
  }

  private func isWanted(_ names: [String?]) -> Bool {
    zip(kpi.dimensions, names).allSatisfy { dimension, name in
      guard let wanted = groups[dimension] else { return true }
      return wanted == name
    }
  }

  mutating func readCells(
    _ table: CellTable, _ range: Range<Int64>, _ transaction: borrowing ReadTransaction
  ) throws {
    let range = needed(range)
    if try readOneGroup(table, range, transaction) { return }
    try table.forEach(range, transaction) { add($0, $1, $2) }
  }

  /// With all dimensions given there is one cell a bucket.
  private mutating func readOneGroup(
    _ table: CellTable, _ range: Range<Int64>, _ transaction: borrowing ReadTransaction
  ) throws -> Bool {
    let every = kpi.definition.every.nominalNs
    guard groups.count == kpi.dimensions.count, range.lowerBound > .min, range.upperBound < .max,
      range.upperBound.saturatingSubtracting(range.lowerBound) / every <= Self.maxLookups
    else { return false }
    var group: [UInt8] = []
    for dimension in kpi.dimensions {
      GroupKey.append((groups[dimension] ?? nil).map { Array($0.utf8) }, to: &group)
    }
    var bucket = kpi.buckets.start(of: range.lowerBound)
    while bucket < range.upperBound {
      if bucket >= range.lowerBound, let cell = try table.cell(bucket, group, transaction) {
        add(bucket, group, cell)
      }
      bucket = kpi.buckets.end(ofBucketStarting: bucket)
    }
    return true
  }

  /// Computes the cells from the log's columns, while the stored ones are not complete.
  mutating func readColumns(
    _ log: EventLog, _ range: Range<Int64>, _ transaction: borrowing ReadTransaction
  ) throws {
    let range = needed(range)
    let stream = try log.stream(named: kpi.definition.stream, transaction)
    var found: [Int64: [[UInt8]: Cell]] = [:]
    for block in try log.blocks(of: stream, after: 0, limit: .max, transaction) {
      let columns = try FactColumns(log.facts(of: block, stream, transaction))
      guard let fold = try BlockFold(columns, kpi) else { continue }
      for index in 0..<fold.count where range.contains(fold.buckets[index]) {
        fold.add(
          index,
          to: &found[fold.buckets[index], default: [:]][
            fold.groups[Int(fold.groupOfCell[index])], default: Cell(kpi.plan)], kpi.plan)
      }
    }
    for (bucket, cells) in found.sorted(by: { $0.key < $1.key }) {
      for (group, cell) in cells.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
        add(bucket, group, cell)
      }
    }
  }

  // MARK: Rows

  private mutating func isFinal(_ bucketNs: Int64) -> Bool {
    // Neighbours are mostly of one bucket.
    if finality.bucketNs != bucketNs || !finality.isKnown {
      finality = (bucketNs, kpi.isFinal(bucketNs, watermarkNs), true)
    }
    return finality.isFinal
  }

  private mutating func row(_ bucketNs: Int64, _ names: [String?], _ cell: Cell) -> KpiAnswer.Row {
    KpiAnswer.Row(
      timeNs: bucketNs, group: names, values: kpi.values(cell), facts: cell.facts,
      firstSeq: cell.firstSeq, lastSeq: cell.lastSeq, isFinal: isFinal(bucketNs),
      revision: cell.revision)
  }

  /// By time, then by group. O(cells).
  mutating func finish(_ range: Range<Int64>) -> [KpiAnswer.Row] {
    // Cells come in order of their keys, which is that of the groups, but for long ones.
    if kpi.panesPerWindow == 1 && labels.keys.allSatisfy({ !CellKey.isHashed(group: $0) }) {
      return rows
    }
    for group in cells.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      for (bucketNs, cell) in windows(cells[group] ?? [], range) where cell.facts > 0 {
        rows.append(row(bucketNs, labels[group] ?? [], cell))
      }
    }
    let order = rows.indices.sorted { left, right in
      (rows[left].timeNs, left) < (rows[right].timeNs, right)
    }
    return order.map { rows[$0] }
  }

  /// For each bucket the merge of the window that ends with it. O(cells x width of a window) at worst, however far apart
  /// they are.
  private func windows(
    _ cells: [(bucketNs: Int64, cell: Cell)], _ range: Range<Int64>
  ) -> [(bucketNs: Int64, cell: Cell)] {
    let widthNs = Int64(kpi.panesPerWindow) * kpi.definition.every.nominalNs
    var found: [(bucketNs: Int64, cell: Cell)] = []
    var start = 0
    while start < cells.count {
      // Cells that no window has in common do not need the panes between them.
      var end = start + 1
      while end < cells.count,
        cells[end].bucketNs.saturatingSubtracting(cells[end - 1].bucketNs) <= 2 * widthNs
      { end += 1 }
      found += windows(run: cells[start..<end], widthNs, range)
      start = end
    }
    return found
  }

  /// The windows of cells that are near each other.
  private func windows(
    run cells: ArraySlice<(bucketNs: Int64, cell: Cell)>, _ widthNs: Int64, _ range: Range<Int64>
  ) -> [(bucketNs: Int64, cell: Cell)] {
    guard let first = cells.first?.bucketNs, let last = cells.last?.bucketNs else { return [] }
    let width = kpi.panesPerWindow
    var starts: [Int64] = []
    var panes: [Cell?] = []
    var next = cells.startIndex
    var bucket = first
    var left = width
    // The last cell is part of windows up to a width after it.
    while bucket < range.upperBound, left > 0 || bucket <= last {
      starts.append(bucket)
      let isHere = next < cells.endIndex && cells[next].bucketNs == bucket
      panes.append(isHere ? cells[next].cell : nil)
      if isHere { next += 1 }
      if bucket >= last { left -= 1 }
      let end = kpi.buckets.end(ofBucketStarting: bucket)
      if end == bucket { break }
      bucket = end
    }
    let windows = RollingWindows(
      panes, chunks: starts.map { $0.flooredQuotient(widthNs) }, kpi.plan)
    return starts.indices.compactMap { index in
      guard range.contains(starts[index]) else { return nil }
      return windows.window(max(0, index - width + 1)...index).map { (starts[index], $0) }
    }
  }
}
