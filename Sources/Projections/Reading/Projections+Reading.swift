import Bytes
import EventLog
import LMDB
import Model

extension Projections {
  /// The rows of a KPI whose buckets start within `range`, by time and group. `groups` picks rows by dimension: nil as a
  /// value is the absent one. O(cells of the range).
  public func read(
    _ name: String, _ range: Range<Int64> = Int64.min..<Int64.max, groups: [Text: Text?] = [:]
  ) throws -> KpiAnswer {
    try log.environment.read { transaction in
      let live = try kpi(named: name, transaction)
      let groups = try live.kpi.definition.byPath(groups)
      let head = try log.position(of: live.kpi.definition.stream, transaction)
      var answer = KpiAnswer(
        definition: live.kpi.definition, watermarkNs: head.watermarkNs, asOfSeq: head.lastSeq)
      var reader = PaneReader(live.kpi) { labels in
        zip(live.kpi.dimensions, labels).allSatisfy { dimension, label in
          groups[dimension].map { $0 == label } ?? true
        }
      }
      if groups.count == live.kpi.dimensions.count {
        reader.onlyGroup = GroupKey.bytes(live.kpi.dimensions.map { groups[$0] ?? nil })
      }
      // The generation is that of this transaction: a rebuild may have switched since it began.
      let record = try KpiRecord.read(live.kpi.definition.id, records, transaction)
      if let record, record.isLive {
        let stored = CellReader(tables, live.kpi, record.generation)
        try reader.readCells(stored, live.kpi.reach(of: range), transaction)
        let maker = RowMaker(live.kpi, reader.panes, watermarkNs: head.watermarkNs)
        answer.columns = try maker.columns(range) { name, group, measure, bucketNs in
          try stored.sample(
            ofSeries: name, group, measure: measure, before: bucketNs, transaction)
        }
      } else {
        answer.source = .columns
        answer.fillingProgress = live.progress ?? 0
        let selection = live.kpi.selection(ofBuckets: live.kpi.reach(of: range))
        let panes = try scan(live.kpi, selection, &reader, transaction)
        let maker = RowMaker(live.kpi, panes, watermarkNs: head.watermarkNs)
        let before = try samples(before: selection.times?.first?.lowerBound, live.kpi, transaction)
        answer.columns = try maker.columns(range) { name, group, measure, _ in
          before.last(name, group, measure)
        }
      }
      return answer
    }
  }

  /// The panes that columns give.
  func scan(
    _ kpi: CompiledKpi, _ selection: FactSelection, _ reader: inout PaneReader,
    maxCells: Int = .max, isCancelled: @escaping @Sendable () -> Bool = { false },
    _ transaction: borrowing ReadTransaction
  ) throws -> Panes {
    let scan = ColumnScan(
      kpi: kpi, selection: selection, maxCells: maxCells, isCancelled: isCancelled)
    let blocks = try scan.blocks(log, transaction)
    reader.add(try scan.cells(log, blocks, transaction))
    reader.blocksRead += blocks.count
    reader.factsRead += blocks.reduce(0) { $0 + $1.factCount }
    return reader.panes
  }

  /// The last sample of each series before a time, from columns.
  func samples(
    before timeNs: Int64?, _ kpi: CompiledKpi, lastSeq: UInt64? = nil,
    isCancelled: @escaping @Sendable () -> Bool = { false },
    _ transaction: borrowing ReadTransaction
  ) throws -> LastSamples {
    guard kpi.plan.hasSeries, let timeNs, timeNs > .min else { return LastSamples() }
    var whole = kpi
    whole.makeWhole(.min..<timeNs)
    let scan = ColumnScan(
      kpi: whole, selection: FactSelection(times: [.min..<timeNs], lastSeq: lastSeq),
      isCancelled: isCancelled)
    return LastSamples(try scan.cells(log, scan.blocks(log, transaction), transaction))
  }
}

extension KpiDefinition {
  /// Labels by the fields of dimensions, which are given by their names.
  fileprivate func byPath(_ groups: [Text: Text?]) throws -> [Text: Text?] {
    var labels: [Text: Text?] = [:]
    for (name, label) in groups {
      guard let path = dimensionPath(name) else {
        let names = groupBy.map(\.name).joined(separator: ", ")
        throw KpiError(
          "KPI \(self.name) has no dimension \(name.debugDescription)"
            + (names.isEmpty ? "" : "; it has: \(names)"))
      }
      labels[path] = .some(label)
    }
    return labels
  }
}
