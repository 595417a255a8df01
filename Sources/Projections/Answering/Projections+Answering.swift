import Asking
import Bytes
import EventLog
import LMDB
import Language
import Model

extension Projections {
  /// Computes aggregates from the cells of a KPI that covers the question, from columns, or from both where the range
  /// cuts buckets or asks for an earlier state of the log. Rows by time and group.
  ///
  /// Throws ``TooManyCellsError`` when they are more than the request may have.
  public func aggregate(_ request: AggregateRequest) throws -> AggregateResult {
    // Cells are read in one transaction; what is left to do is computed from blocks, each read in its own.
    let (plan, begun) = try inOneTransaction { source, transaction in
      let plan = try QueryPlan(request, self, transaction)
      return (plan, try begin(plan, from: source, transaction))
    }
    var answered = plan.answered
    var result =
      switch begun {
      case .done(let result): result
      case .columns(let columns):
        try columns.result(plan, &answered, log)
      case .both(let rollUp, let scan, let blocks, let cells):
        try finish(rollUp, scan, blocks, cells, plan)
      }
    result.asOfSeq = plan.asOfSeq
    return result
  }

  /// How `aggregate` would answer.
  /// Nothing is computed: O(blocks of the stream), and O(cells) to count those that would be read.
  public func plan(_ request: AggregateRequest) throws -> AggregatePlan {
    try inOneTransaction { source, transaction in
      var plan = try QueryPlan(request, self, transaction)
      try plan.describe(self, from: source, transaction)
      return plan.answered
    }
  }

  /// How often cells may move on between a transaction and the look at them, before it is done without those in memory.
  private static let maxAttempts = 8

  /// Calls `body` with a transaction, and with another when cells have moved on meanwhile. Whoever asks does not wait for
  /// those who fold or write cells: what these have not come to yet is folded for the answer alone.
  private func inOneTransaction<R>(
    _ body: (_ source: CellSource, borrowing ReadTransaction) throws -> R
  ) throws -> R {
    for attempt in 0..<Self.maxAttempts {
      do {
        return try log.environment.read { try body(attempt == 0 ? .memory : .memoryAndBlocks, $0) }
      } catch let moved as CellsMovedError {
        // Others are spared what is folded in turn. The turn is waited for where a switch of cells is under way.
        if attempt < 2 { followIfFree(kpi: moved.id) } else { follow(kpi: moved.id) }
      }
    }
    return try log.environment.read { try body(.disk, $0) }
  }

  /// How far one transaction has brought an answer.
  private enum Begun {
    case done(AggregateResult)
    case columns(ColumnAnswer)
    /// Cells, and blocks for the times that they do not do for; and what was read for the cells.
    case both(RollUp, ColumnScan, PinnedBlocks, AggregatePlan)
  }

  private func begin(
    _ plan: QueryPlan, from source: CellSource, _ transaction: borrowing ReadTransaction
  ) throws -> Begun {
    guard let chosen = plan.chosen else {
      return .columns(try ColumnAnswer(plan, log, transaction))
    }
    let coverage = chosen.coverage
    var rollUp = RollUp(coverage, plan.asked)
    let (whole, rest) = rollUp.wholeBuckets(plan.times)
    let cells = try cells(
      of: coverage.kpi, generation: chosen.generation, checkpointSeq: chosen.checkpointSeq,
      within: whole, from: source, transaction)
    let lastSeq = plan.lastSeq ?? (cells.isAhead ? plan.asOfSeq : nil)
    func find(
      _ series: [UInt8], _ group: [UInt8], _ measure: Int, _ bucketNs: Int64,
      _ transaction: borrowing ReadTransaction
    ) throws -> Sample? {
      try cells.sample(
        ofSeries: series, group, measure: measure, before: bucketNs, lastSeq: lastSeq,
        transaction)
    }
    var answered = plan.answered
    (answered.blocks, answered.facts) = (cells.foldedBlocks, cells.foldedFacts)
    if coverage.isIdentical, rest.isEmpty, lastSeq == nil {
      let reading =
        plan.asked.panesPerWindow > 1
        ? coverage.reading : coverage.reading(rowsFor: plan.query.aggregates)
      var reader = PaneReader(coverage.kpi, reading: reading) { try coverage.hasGroup($0) }
      reader.maxCells = plan.maxCells
      reader.isCancelled = plan.query.isCancelled
      reader.onlyGroup = coverage.onlyGroup
      try reader.readCells(cells, whole, transaction)
      answered.cells = reader.panes.codes.count
      let maker = try plan.rows(reader.panes, of: coverage.kpi.plan)
      return .done(
        try maker.columns(plan.rowStarts, within: plan.times, answered) {
          try find($0, $1, $2, $3, transaction)
        })
    }
    let stale = try rollUp.addCells(
      cells, whole, lastSeq: lastSeq, maxCells: plan.maxCells,
      isCancelled: plan.query.isCancelled, transaction)
    let gaps = (rest + stale).sorted { $0.lowerBound < $1.lowerBound }
    if gaps.isEmpty {
      (answered.cells, answered.origin) = (rollUp.cellsRead, coverage.origin(hasColumns: false))
      do {
        return .done(
          try plan.rows(rollUp.panes).columns(plan.rowStarts, within: plan.times, answered) {
            try find($0, $1, coverage.measures[$2], $3, transaction)
          })
      } catch is StaleCellError {
        // Samples before the rows have come since.
        return .columns(try ColumnAnswer(plan, log, transaction))
      }
    }
    // Samples of a series have to be added in order of time.
    if plan.asked.plan.hasSeries { return .columns(try ColumnAnswer(plan, log, transaction)) }
    let scan = ColumnScan(
      kpi: plan.asked, selection: FactSelection(times: gaps, lastSeq: lastSeq),
      maxCells: plan.maxCells, maxBytes: plan.query.limits.maxMemoryBytes,
      isCancelled: plan.query.isCancelled)
    return .both(rollUp, scan, try scan.blocks(log, transaction), answered)
  }

  private func finish(
    _ begun: RollUp, _ scan: ColumnScan, _ blocks: PinnedBlocks, _ cells: AggregatePlan,
    _ plan: QueryPlan
  ) throws -> AggregateResult {
    var (rollUp, answered) = (begun, cells)
    try rollUp.add(try scan.cells(log, blocks))
    answered.origin = plan.chosen?.coverage.origin(hasColumns: true) ?? answered.origin
    answered.cells = rollUp.cellsRead
    answered.blocks += blocks.blocks.count
    answered.facts += blocks.factCount
    return try plan.rows(rollUp.panes).columns(plan.rowStarts, within: plan.times, answered) {
      _, _, _, _ in
      preconditionFailure("a series was made of cells and columns")
    }
  }
}

/// What a query means for this store: the facts that it takes, and whose cells have them.
struct QueryPlan {
  /// A KPI that answers.
  struct Chosen {
    var coverage: Coverage
    var generation: UInt32
    /// The last event of the blocks that its cells on disk have.
    var checkpointSeq: UInt64
  }

  let query: AggregateRequest
  let asked: CompiledKpi
  let watermarkNs: Int64?
  let asOfSeq: UInt64
  /// The same where the log has gone on since; nil at its end.
  let lastSeq: UInt64?
  /// The times of the facts that are needed, and where the buckets of the rows start.
  let times: Range<Int64>
  let rowStarts: Range<Int64>
  /// Cells that the query may have, and that fit into the memory that it may take.
  let maxCells: Int
  private(set) var chosen: Chosen?
  /// How it is answered.
  private(set) var answered = AggregatePlan(origin: .columns)

  var selection: FactSelection {
    FactSelection(
      times: times.lowerBound == .min && times.upperBound == .max ? nil : [times],
      lastSeq: lastSeq)
  }

  init(
    _ query: AggregateRequest, _ projections: Projections, _ transaction: borrowing ReadTransaction
  ) throws {
    self.query = query
    let log = projections.log
    let head = try log.position(of: query.stream, transaction)
    asOfSeq = min(query.asOfSeq ?? .max, head.lastSeq)
    lastSeq = asOfSeq == head.lastSeq ? nil : asOfSeq
    let stream = try log.stream(named: query.stream, transaction)
    if lastSeq != nil { try log.requireFacts(of: stream, asOf: asOfSeq) }
    // What told series apart then may be another field now.
    let then = try log.definition(of: stream, asOf: asOfSeq, transaction)
    let definition = try KpiDefinition(query, latenessNs: then.latenessNs)
    var asked = try CompiledKpi(definition, then)
    maxCells = min(query.limits.maxCells, query.limits.maxMemoryBytes / asked.plan.cellBytes)
    // What was final then may not have been what is final now.
    watermarkNs =
      lastSeq == nil
      ? head.watermarkNs
      : try query.watermarkNs
        ?? projections.log.watermarkNs(of: stream, asOf: asOfSeq, transaction)
    if query.every == nil {
      asked.makeWhole(query.range)
      rowStarts = .min..<Int64.max
      times = query.range
    } else {
      let low = query.range.lowerBound
      rowStarts = (low == .min ? low : asked.buckets.start(of: low))..<query.range.upperBound
      let reach = asked.reach(of: rowStarts)
      // Windows begin before the range; buckets of their own do not.
      times =
        asked.panesPerWindow > 1 && reach.lowerBound > .min
        ? asked.buckets.start(of: reach.lowerBound)..<reach.upperBound : query.range
    }
    self.asked = asked
    try choose(projections, stream, transaction)
  }

  private mutating func choose(
    _ projections: Projections, _ stream: EventStream, _ transaction: borrowing ReadTransaction
  ) throws {
    if query.path == .columns { return }
    let known = try projections.log.times(of: stream, transaction)
    let low = max(times.lowerBound, known?.lowerBound ?? 0)
    let high = min(times.upperBound, known?.upperBound.saturatingAdding(1) ?? 0)
    let range = low..<max(low, high)
    for live in try candidates(projections, transaction) {
      let own = live.kpi.definition
      let name = "KPI \(own.name) version \(own.version)"
      // Also of a KPI that was named: the events have what was asked then.
      if asked.plan.hasSeries, live.kpi.seriesPath != asked.seriesPath {
        answered.alternatives.append(
          AggregatePlan.Alternative(
            name: name, reason: "its series are told apart by another field than then"))
        continue
      }
      do throws(Coverage.Refusal) {
        let coverage = try Coverage(live.kpi, query, asked, range, stream)
        guard let found = try? projections.checkpointed(live, transaction) else {
          throw Coverage.Refusal(reason: "its cells are still being filled")
        }
        // Of a KPI that was named the facts of a part of a bucket are read.
        if chosen == nil, query.path == .best,
          RollUp(coverage, asked).wholeBuckets(times).buckets.isEmpty
        {
          throw Coverage.Refusal(reason: "none of its buckets lies within the range")
        }
        if chosen == nil {
          chosen = Chosen(
            coverage: coverage, generation: found.generation, checkpointSeq: found.seq)
          continue
        }
        throw Coverage.Refusal(reason: "it has more cells to read")
      } catch {
        if case .kpi = query.path, chosen == nil {
          throw CannotAnswerError(
            kpi: own.name, version: own.version, reason: error.reason, subject: error.subject)
        }
        answered.alternatives.append(AggregatePlan.Alternative(name: name, reason: error.reason))
      }
    }
    if let chosen { answered.origin = chosen.coverage.origin(hasColumns: false) }
  }

  /// Makes rows of panes whose cells are of another plan than that of the query, if one is given.
  func rows(_ panes: Panes, of cells: FoldPlan? = nil) throws -> RowMaker {
    let items = try query.aggregates.map { try CellItem($0, cells ?? asked.plan) }
    return RowMaker(asked, items, panes, watermarkNs: watermarkNs)
  }

  /// Adds what would be read.
  mutating func describe(
    _ projections: Projections, from source: Projections.CellSource,
    _ transaction: borrowing ReadTransaction
  ) throws {
    let stream = try projections.log.stream(named: query.stream, transaction)
    let blocks = try selection.blocks(of: stream, projections.log, transaction)
    let facts = blocks.reduce(0) { $0 + $1.factCount }
    guard let chosen else {
      (answered.blocks, answered.facts) = (blocks.count, facts)
      return
    }
    answered.alternatives.append(
      AggregatePlan.Alternative(
        name: "columns", reason: "\(facts) facts would have to be read"))
    let (whole, rest) = RollUp(chosen.coverage, asked).wholeBuckets(times)
    answered.origin = chosen.coverage.origin(hasColumns: !rest.isEmpty)
    let cells = try projections.cells(
      of: chosen.coverage.kpi, generation: chosen.generation,
      checkpointSeq: chosen.checkpointSeq, within: whole, from: source, transaction)
    answered.cells = try cells.count(whole, transaction)
    let cut = FactSelection(times: rest, lastSeq: lastSeq)
    let cutBlocks = rest.isEmpty ? [] : blocks.filter(cut.overlaps)
    // Those that cells on disk lack are read for the cells.
    answered.blocks = cells.foldedBlocks + cutBlocks.count
    answered.facts = cells.foldedFacts + cutBlocks.reduce(0) { $0 + $1.factCount }
  }

  /// The KPIs that might answer, those with the fewest cells first.
  private func candidates(
    _ projections: Projections, _ transaction: borrowing ReadTransaction
  ) throws -> [Projections.Live] {
    let all = try projections.kpis(transaction)
    switch query.path {
    case .columns: return []
    case .kpi(let name, let version):
      return [try projections.kpi(named: name, version: version, transaction)]
    case .best:
      return all.filter { $0.isActive && $0.kpi.definition.stream == query.stream }.sorted {
        ($0.kpi.dimensions.count, -$0.kpi.definition.every.nominalNs, $0.kpi.definition.id)
          < ($1.kpi.dimensions.count, -$1.kpi.definition.every.nominalNs, $1.kpi.definition.id)
      }
    }
  }
}

extension Coverage {
  /// Where the numbers come from: the KPI's cells, and facts where these do not do.
  fileprivate func origin(hasColumns: Bool) -> AggregatePlan.Origin {
    let (name, version) = (kpi.definition.name, kpi.definition.version)
    return hasColumns
      ? .cellsAndColumns(kpi: name, version: version) : .cells(kpi: name, version: version)
  }

  /// Whether the query's filter takes a group.
  func hasGroup(_ labels: [Text?]) throws -> Bool {
    guard let groupProgram else { return true }
    return try PredicateMask.evaluate(
      groupProgram, GroupLabels(dimensions: kpi.dimensions, labels: labels))[0]
  }

  /// The one group that the filter takes, when it names one of each dimension: `a = 'x' AND b IS NULL`.
  var onlyGroup: [UInt8]? {
    guard let groupFilter else { return nil }
    var labels: [Text: Text?] = [:]
    for term in Self.terms(groupFilter) {
      let (path, label): (Text, Text?)
      switch term {
      case .compare(let field, .eq, .string(let text)): (path, label) = (field.path, text)
      case .isNull(let field, isNegated: false): (path, label) = (field.path, nil)
      default: return nil
      }
      guard labels.updateValue(label, forKey: path) == nil else { return nil }
    }
    guard labels.count == kpi.dimensions.count else { return nil }
    return GroupKey.bytes(kpi.dimensions.map { labels[$0] ?? nil })
  }
}
