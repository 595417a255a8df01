import Bytes
import EventLog
import Language
import Sketches

/// What some blocks add to the cells of one KPI.
///
/// Sums are exact, so it does not matter who folds a block, when, or how many are folded together or side by side. They are
/// added in the order of the log all the same: `top` and samples of one time depend on it, and `top` on what came in
/// together, which pieces tell.
struct BlockFold: Sendable {
  /// The bucket's start of each cell, and the place of its group in `groups`. Cells of one bucket are neighbours.
  let buckets: [Int64]
  let groupOfCell: [Int32]
  let groups: ByteStrings
  let headers: [CellHeader]
  /// For each measure of the plan the states of all cells.
  let measures: [MeasureFold]

  var count: Int { buckets.count }

  /// Of the facts that are selected; nil when none of them is part of the KPI. Those that are not cost next to nothing.
  /// Headers have revisions with `revisions`. O(facts x measures).
  init?(
    _ columns: FactColumns, _ kpi: CompiledKpi, _ selection: FactSelection = FactSelection(),
    revisions: Bool = false
  ) throws {
    try self.init(try FactCells(columns, kpi, selection), columns, kpi, revisions)
  }

  /// The same of all facts but a few, with revisions: KPIs of the same buckets and groups share what it takes to sort them.
  init?(
    sharing columns: FactColumns, _ kpi: CompiledKpi, _ selection: FactSelection
  ) throws {
    precondition(selection.facts == nil, "places of facts are told that are sorted")
    let sorted = try columns.sorted(by: kpi)
    let mask = try selection.mask(kpi.filter, sorted.columns)
    let cells = mask.map { FactCells(sorted.cells, $0) } ?? sorted.cells
    try self.init(cells, sorted.columns, kpi, true)
  }

  private init?(
    _ cells: FactCells, _ columns: FactColumns, _ kpi: CompiledKpi, _ revisions: Bool
  ) throws {
    guard cells.count > 0 else { return nil }
    buckets = cells.buckets
    groupOfCell = cells.groupOfCell
    groups = cells.groups
    headers = Self.headers(cells, columns, revisions ? LatePieces(columns, kpi) : nil)
    measures = try zip(kpi.plan.measures, kpi.measureFilters).map { measure, filter in
      try MeasureFold(measure, filter, columns, cells.runs, seriesPath: kpi.seriesPath)
    }
  }

  private static func headers(
    _ cells: FactCells, _ columns: FactColumns, _ late: LatePieces?
  ) -> [CellHeader] {
    let places = columns.places
    var final: (bucketNs: Int64, firstPiece: Int?)?
    return (0..<cells.count).map { cell in
      let run = cells.runs.range(cell)
      let bucketNs = cells.buckets[cell]
      if final?.bucketNs != bucketNs {
        final = (bucketNs, late?.first(afterFinal: bucketNs))
      }
      return CellHeader(
        facts: UInt64(run.count),
        firstSeq: places.seq(Int(cells.runs.facts[run.lowerBound])),
        lastSeq: places.seq(Int(cells.runs.facts[run.upperBound - 1])),
        revision: final?.firstPiece.flatMap {
          late?.count(cells.runs.facts.span.extracting(run), from: $0)
        } ?? 0)
    }
  }
}

/// What a block adds to one measure of all its cells.
struct MeasureFold: Sendable {
  private(set) var counts: [UInt64]
  private(set) var moments = MomentColumns(hasSquares: false)
  /// The sketch's key of each number, cell by cell.
  private(set) var keys: [Int32] = []
  private(set) var keyEnds: [Int32] = []
  /// The labels that occur in each cell, as their places in `names`; with how often they do, if the most frequent are asked for.
  private(set) var labels: [Int32] = []
  private(set) var labelCounts: [UInt64] = []
  private(set) var labelEnds: [Int32] = []
  private(set) var names = ByteStrings()
  private(set) var hashes: [UInt64] = []
  /// Texts and booleans among the values.
  private(set) var texts: [TextEnds] = []
  /// Nil unless series are asked for.
  private(set) var samples: SeriesRuns?

  init(
    _ measure: FoldPlan.Measure, _ filter: FactFilter?, _ columns: FactColumns,
    _ all: FactRuns, seriesPath: Text?
  ) throws {
    var runs = all
    if let filter {
      let mask = try columns.mask(filter)
      runs = runs.filtered { mask[$0] }
    }
    guard let path = measure.path else {
      counts = runs.counts
      return
    }
    let presence = try columns.presence(path)
    runs = runs.filtered(presence)
    counts = runs.counts
    if !measure.needs.isDisjoint(with: [.moments, .series]) {
      let numbers = try columns.exacts(path)
      let numeric =
        numbers.presence == presence ? runs : runs.filtered(numbers.presence)
      if measure.needs.contains(.moments) {
        moments = try MomentFold.moments(
          numbers, path, columns, numeric, hasSquares: measure.needs.contains(.variance))
      }
      if measure.needs.contains(.quantiles) {
        let keys = numbers.presence == .none ? [] : try columns.keys(path)
        self.keys = numeric.facts.gather(keys)
        keyEnds = numeric.ends
      }
      if measure.needs.contains(.series) {
        let series = try seriesPath.map { try columns.labels($0) }
        samples = SeriesRuns(numbers, try columns.times(), numeric, series)
      }
      if measure.needs.contains(.texts), numbers.presence != presence {
        let other = runs.filtered { !numbers.presence[$0] }
        texts = try TextEnds.ends(try columns.labels(path), columns, other)
      }
    }
    if !measure.needs.isDisjoint(with: [.distinct, .top]) {
      let labels = try columns.labels(path)
      names = labels.names
      if measure.needs.contains(.distinct) { hashes = try columns.hashes(path) }
      if measure.needs.contains(.top) {
        countLabels(labels.codes, runs, columns.places)
      } else {
        listLabels(labels.codes, runs)
      }
    }
  }

  /// Lists the labels that occur in each cell, in order of their first facts. O(facts).
  private mutating func listLabels(_ codes: [Int64], _ runs: FactRuns) {
    // For each label the cell that had it last.
    var lastCells = [Int32](repeating: -1, count: names.count)
    var listed: [Int32] = []
    let (facts, codes) = (runs.facts.span, codes.span)
    for cell in 0..<runs.cellCount {
      for index in runs.range(cell) {
        let code = Int(codes[Int(facts[index])])
        if code < 0 || lastCells[code] == cell { continue }
        lastCells[code] = Int32(cell)
        listed.append(Int32(code))
      }
      labelEnds.append(Int32(listed.count))
    }
    labels = listed
  }

  /// Counts how often each label occurs in each cell; labels in order of their first facts. Those of each piece of a
  /// merged block are counted by themselves: it matters which labels are added first where not all can be kept. O(facts).
  private mutating func countLabels(_ codes: [Int64], _ runs: FactRuns, _ places: FactPlaces) {
    let places = places.hasPieces ? places : nil
    // For each label the cell that had it last, and its entry there.
    var lastCells = [Int32](repeating: -1, count: names.count)
    var entries = [Int32](repeating: 0, count: names.count)
    for cell in 0..<runs.cellCount {
      var (piece, firstEntry) = (0, labels.count)
      for index in runs.range(cell) {
        let fact = Int(runs.facts[index])
        let code = Int(codes[fact])
        if code < 0 { continue }
        if let next = places?.piece(of: fact, from: piece), next != piece {
          (piece, firstEntry) = (next, labels.count)
        }
        if lastCells[code] == cell, entries[code] >= firstEntry {
          labelCounts[Int(entries[code])] += 1
        } else {
          lastCells[code] = Int32(cell)
          entries[code] = Int32(labels.count)
          labels.append(Int32(code))
          labelCounts.append(1)
        }
      }
      labelEnds.append(Int32(labels.count))
    }
  }
}
