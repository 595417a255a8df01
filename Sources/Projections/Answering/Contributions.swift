import Asking
import Bytes
import EventLog
import LMDB
import Language
import Model

extension ContributionRequest {
  fileprivate var hasSeries: Bool { aggregates.contains { $0.function.takesEarlierSample } }
}

extension ContributionBatch {
  init() { self.init(rows: [], seqs: []) }

  mutating func add(_ row: Int32, _ seq: UInt64) {
    rows.append(row)
    seqs.append(seq)
  }
}

extension Projections {
  /// Calls `body` with the facts that rows were computed from, each once for each of its rows, in the order of the log;
  /// at the end with the samples before the rows that counters and levels begin at. Each block is read in a transaction
  /// of its own. O(facts of the blocks that overlap the rows, and with counters of all blocks before).
  ///
  /// Throws ``ContributionLimitError`` when the samples of counters take more memory than they may.
  public func forEachContribution(
    _ query: ContributionRequest, _ body: (ContributionBatch) throws -> Void
  ) throws {
    let index = RowsByGroup(query.rows)
    guard let reach = index.reach(hasEarlierSamples: query.hasSeries) else { return }
    let selection = FactSelection(times: [reach], lastSeq: query.asOfSeq)
    let log = self.log
    let (stream, definition, blocks) = try log.environment.read { transaction in
      let stream = try log.stream(named: query.stream, transaction)
      try log.requireFacts(of: stream, asOf: query.asOfSeq ?? .max)
      let definition = try log.definition(of: stream, asOf: query.asOfSeq ?? .max, transaction)
      return (stream, definition, try selection.blocks(of: stream, log, transaction))
    }
    let keyPath = query.hasSeries ? definition.keyPath.map { Text($0) } : nil
    let programs = try ContributionPrograms(query)
    let found = try OrderedWork(count: blocks.count, for: .query) { number in
      try log.environment.read { transaction in
        let facts = try log.facts(
          of: blocks[number], stream, paths: query.paths(keyPath), transaction)
        let known = FactSelection(lastSeq: query.asOfSeq).within(blocks[number])
        return try BlockContributions(
          FactColumns(facts), known, query, programs, index, keyPath)
      }
    }
    defer { found.stop() }
    var samples = EarlierSamples(maxBytes: query.limits.maxMemoryBytes)
    for _ in blocks.indices {
      if query.isCancelled() { throw CancellationError() }
      let block = try found.next()
      log.releaseMemory(above: Self.maxScannedFileBytes)
      if !block.contributions.rows.isEmpty { try body(block.contributions) }
      try samples.add(block.samples)
    }
    let before = samples.contributions(index)
    if !before.rows.isEmpty { try body(before) }
  }
}

extension ContributionRequest {
  fileprivate func paths(_ keyPath: Text?) -> Set<Text> {
    var paths = Set(groupBy).union(filter?.fields.map(\.path) ?? [])
    for aggregate in aggregates {
      paths.formUnion(Expression.aggregate(aggregate).fields.map(\.path))
    }
    if let keyPath { paths.insert(keyPath) }
    return paths
  }
}

extension AggregateFunction {
  /// For each fact whether it has a value at `path` that the function takes; nil when all have.
  fileprivate func mask(_ path: Text, _ columns: FactColumns) throws -> [Bool]? {
    let presence: Presence
    switch self {
    case .count: presence = try columns.presence(path)
    case .distinct, .top, .first, .last:
      let codes = try columns.labels(path).codes
      return codes.isEmpty ? Array(repeating: false, count: columns.count) : codes.map { $0 >= 0 }
    default: presence = try columns.numbers(path).presence
    }
    if presence == .all { return nil }
    return (0..<columns.count).map { presence[$0] }
  }
}

/// The filters of a query, made ready.
private struct ContributionPrograms: Sendable {
  let filter: FactFilter?
  /// One for each aggregate.
  let aggregates: [FactFilter?]

  init(_ query: ContributionRequest) throws {
    filter = try query.filter.map { try FactFilter($0) }
    aggregates = try query.aggregates.map { try $0.filter.map { try FactFilter($0) } }
  }
}

/// What one block has of rows.
private struct BlockContributions: Sendable {
  var contributions = ContributionBatch()
  var samples: [EarlierSamples.Series: [EarlierSamples.Sample]] = [:]

  init(
    _ columns: FactColumns, _ known: FactSelection, _ query: ContributionRequest,
    _ programs: ContributionPrograms, _ index: RowsByGroup, _ keyPath: Text?
  ) throws {
    if columns.count == 0 { return }
    let base = try known.mask(programs.filter, columns)
    let masks = try zip(query.aggregates, programs.aggregates).map {
      try Self.mask($0, $1, columns)
    }
    let groups = try columns.groups(query.groupBy)
    let lists = groups.groups.indices.map { index.rows(of: groups.groups[$0]) }
    let times = try columns.times()
    for fact in 0..<columns.count where base?[fact] ?? true {
      guard let list = lists[groups.codes.isEmpty ? 0 : Int(groups.codes[fact])],
        masks.contains(where: { $0?[fact] ?? true })
      else { continue }
      list.forEach(at: times[fact]) { contributions.add($0, columns.places.seq(fact)) }
    }
    let series = try keyPath.map { try columns.labels($0) }
    for (part, aggregate) in query.aggregates.enumerated()
    where aggregate.function.takesEarlierSample {
      for fact in 0..<columns.count where (base?[fact] ?? true) && (masks[part]?[fact] ?? true) {
        let code = groups.codes.isEmpty ? 0 : Int(groups.codes[fact])
        guard let list = lists[code], times[fact] < list.lastEnd else { continue }
        let label = series.map { $0.codes.isEmpty ? -1 : Int($0.codes[fact]) } ?? -1
        let name = EarlierSamples.Series(
          part: part, group: groups.groups[code], name: label < 0 ? [] : series?.names[label] ?? [])
        samples[name, default: []].append(
          EarlierSamples.Sample(timeNs: times[fact], seq: columns.places.seq(fact)))
      }
    }
  }

  private static func mask(
    _ aggregate: Aggregate, _ filter: FactFilter?, _ columns: FactColumns
  ) throws -> [Bool]? {
    let own = try filter.map { try columns.mask($0) }
    let values = try aggregate.argument.map { try aggregate.function.mask($0.path, columns) } ?? nil
    guard let own, let values else { return own ?? values }
    return zip(own, values).map { $0 && $1 }
  }
}

/// The rows of each group, by the times that they cover.
struct RowsByGroup: Sendable {
  struct Rows: Sendable {
    fileprivate(set) var numbers: [Int32] = []
    fileprivate(set) var times: [Range<Int64>] = []
    /// The latest end among a row and those before it.
    fileprivate(set) var latestEnds: [Int64] = []

    var lastEnd: Int64 { latestEnds.last ?? .min }

    /// Calls `body` with the rows that cover a time. O(log rows + rows that may).
    func forEach(at timeNs: Int64, _ body: (Int32) -> Void) {
      var (low, high) = (0, times.count)
      while low < high {
        let middle = (low + high) / 2
        if times[middle].lowerBound <= timeNs { low = middle + 1 } else { high = middle }
      }
      while low > 0, latestEnds[low - 1] > timeNs {
        low -= 1
        if times[low].contains(timeNs) { body(numbers[low]) }
      }
    }
  }

  private var groups: [[UInt8]: Rows] = [:]

  init(_ rows: [ContributionRequest.Row]) {
    let order = rows.indices.sorted {
      (rows[$0].times.lowerBound, $0) < (rows[$1].times.lowerBound, $1)
    }
    for number in order where !rows[number].times.isEmpty {
      let row = rows[number]
      let group = GroupKey.bytes(row.group)
      let lastEnd = groups[group]?.lastEnd ?? .min
      groups[group, default: Rows()].numbers.append(Int32(number))
      groups[group]?.times.append(row.times)
      groups[group]?.latestEnds.append(max(lastEnd, row.times.upperBound))
    }
  }

  func rows(of group: [UInt8]) -> Rows? { groups[group] }

  /// The times of facts that may be part of a row; nil when there is no row.
  func reach(hasEarlierSamples: Bool) -> Range<Int64>? {
    guard let low = groups.values.compactMap({ $0.times.first?.lowerBound }).min(),
      let high = groups.values.map(\.lastEnd).max()
    else { return nil }
    return (hasEarlierSamples ? .min : low)..<high
  }
}
