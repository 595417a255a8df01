import Bytes
import Checksum
import EventLog
import Foundation
import Model
import Sketches

/// The columns of some blocks, each decoded once for all KPIs that read it, by whatever thread asks first.
///
/// A fact is told by its place: among those of the blocks in the order of the log or, in columns that are sorted, among
/// those of its cell.
final class FactColumns: @unchecked Sendable {
  /// What they are decoded from; nil for those that are sorted.
  private let facts: JoinedFacts?
  /// What those are that are sorted, and their order. It keeps them, and so has to outlive them.
  private unowned let others: FactColumns?
  private let order: [Int32]
  let count: Int
  /// What came in together.
  let pieces: [BlockPiece]
  /// From the first event to the last; others of the stream may be missing in between.
  let seqRange: ClosedRange<UInt64>
  /// Has the times of all facts.
  let timeRange: ClosedRange<Int64>
  let places: FactPlaces
  // Guarded by `lock`. One column may be made of another.
  private let lock = NSRecursiveLock()
  private var knownTimes: [Int64]?
  private var knownAscent: Bool?
  private var presenceByPath: [Text: Presence] = [:]
  private var numbersByPath: [Text: FactNumbers] = [:]
  private var exactsByPath: [Text: FactExacts] = [:]
  private var labelsByPath: [Text: FactLabels] = [:]
  private var hashesByPath: [Text: [UInt64]] = [:]
  private var keysByPath: [Text: [Int32]] = [:]
  private var bucketsByName: [String: BucketCodes] = [:]
  private var groupsByPaths: [[Text]: GroupCodes] = [:]
  private var pairsByCells: [CellsName: [Int32]] = [:]
  private var masks: [Text: [Bool]] = [:]
  private var sortedByCells: [CellsName: SortedFacts] = [:]

  /// Of blocks of one stream, at least one, in the order of the log.
  init(_ blocks: [BlockFacts]) {
    let facts = JoinedFacts(blocks)
    (self.facts, others, order) = (facts, nil, [])
    count = facts.count
    (pieces, seqRange, timeRange) = (facts.pieces, facts.seqRange, facts.timeRange)
    places = FactPlaces(facts)
  }

  convenience init(_ block: BlockFacts) { self.init([block]) }

  /// The facts of `others` in another order, or some of them.
  init(_ others: FactColumns, order: [Int32]) {
    (facts, self.others, self.order) = (nil, others, order)
    count = order.count
    (pieces, seqRange, timeRange) = (others.pieces, others.seqRange, others.timeRange)
    places = FactPlaces(others.places, order)
  }

  /// Decodes what is of blocks, or gets it from the others.
  private func made<Value>(
    _ decoded: (JoinedFacts) throws -> Value, sorted: (FactColumns) throws -> Value
  ) rethrows -> Value {
    if let facts { return try decoded(facts) }
    guard let others else { preconditionFailure("columns are of nothing") }
    return try sorted(others)
  }

  // MARK: Columns

  /// The time of each fact.
  func times() throws -> [Int64] {
    try lock.withLock {
      if let knownTimes { return knownTimes }
      let times = try made {
        try $0.times()
      } sorted: {
        order.gather(try $0.times())
      }
      knownTimes = times
      return times
    }
  }

  /// Whether facts of one cell that follow each other have times that do not fall.
  func areTimesAscending() throws -> Bool {
    try lock.withLock {
      if let knownAscent { return knownAscent }
      let isAscending = try made { _ in
        let times = try times()
        return zip(times, times.dropFirst()).allSatisfy { $0 <= $1 }
      } sorted: {
        try $0.areTimesAscending()
      }
      knownAscent = isAscending
      return isAscending
    }
  }

  /// Which facts have a value of any kind.
  func presence(_ path: Text) throws -> Presence {
    try cached(\.presenceByPath, path) {
      try made {
        try $0.presence(path)
      } sorted: {
        order.gather(try $0.presence(path))
      }
    }
  }

  /// Which facts have true or false. O(facts).
  func booleans(_ path: Text) throws -> Presence {
    // Decoding is for one thread at a time.
    try lock.withLock {
      try made {
        try $0.booleans(path)
      } sorted: {
        order.gather(try $0.booleans(path))
      }
    }
  }

  func numbers(_ path: Text) throws -> FactNumbers {
    try cached(\.numbersByPath, path) {
      try made {
        try $0.numbers(path)
      } sorted: { others in
        let all = try others.numbers(path)
        return FactNumbers(
          values: order.gather(all.values), presence: try presence(all.presence, path, others),
          numbers: order.gather(all.numbers))
      }
    }
  }

  func exacts(_ path: Text) throws -> FactExacts {
    try cached(\.exactsByPath, path) {
      try made {
        try $0.exacts(path)
      } sorted: { others in
        let all = try others.exacts(path)
        let values: FactExacts.Values =
          switch all.values {
          case .fixed(let mantissas, let scale): .fixed(order.gather(mantissas), scale: scale)
          case .each(let numbers): .each(order.gather(numbers))
          }
        return FactExacts(values: values, presence: try presence(all.presence, path, others))
      }
    }
  }

  /// Which facts have a number: the same as have any value where these are the same in the `others`.
  private func presence(
    _ numbers: Presence, _ path: Text, _ others: FactColumns
  ) throws -> Presence {
    if try others.presence(path) == numbers { return try presence(path) }
    return order.gather(numbers)
  }

  func labels(_ path: Text) throws -> FactLabels {
    try cached(\.labelsByPath, path) {
      try made {
        try $0.labels(path)
      } sorted: {
        let all = try $0.labels(path)
        return FactLabels(codes: order.gather(all.codes), names: all.names)
      }
    }
  }

  /// The hash of each of the labels at `path`, by which distinct values are counted.
  func hashes(_ path: Text) throws -> [UInt64] {
    try cached(\.hashesByPath, path) {
      if let others { return try others.hashes(path) }
      let names = try labels(path).names
      return names.indices.map { checksum(names.bytes.rawSpan(names.range($0))) }
    }
  }

  /// The sketch's key of each number at `path`.
  func keys(_ path: Text) throws -> [Int32] {
    try cached(\.keysByPath, path) {
      if let others { return order.gather(try others.keys(path)) }
      return try exacts(path).keys ?? numbers(path).values.map(LogBuckets.key)
    }
  }

  func buckets(_ kpi: CompiledKpi) throws -> BucketCodes {
    try cached(\.bucketsByName, kpi.bucketName) {
      BucketCodes(try times(), kpi.buckets, timeRange)
    }
  }

  func groups(_ paths: [Text]) throws -> GroupCodes {
    try cached(\.groupsByPaths, paths) {
      try GroupCodes(paths.map { try labels($0) }, factCount: count)
    }
  }

  /// The bucket and the group of each fact, as ``PairCodes``. There must not be more pairs than 32 bits number.
  func pairs(_ kpi: CompiledKpi) throws -> [Int32] {
    try cached(\.pairsByCells, CellsName(kpi)) {
      PairCodes.codes(try buckets(kpi), try groups(kpi.dimensions))
    }
  }

  /// For each fact whether a filter holds for it.
  func mask(_ filter: FactFilter) throws -> [Bool] {
    try cached(\.masks, filter.text) { try PredicateMask.evaluate(filter.program, self) }
  }

  /// All facts sorted by the cells of a KPI without its filter. KPIs of the same buckets and groups share them.
  func sorted(by kpi: CompiledKpi) throws -> SortedFacts {
    try cached(\.sortedByCells, CellsName(kpi)) { try SortedFacts(self, kpi) }
  }

  private struct CellsName: Hashable {
    let bucketName: String
    let dimensions: [Text]

    init(_ kpi: CompiledKpi) { (bucketName, dimensions) = (kpi.bucketName, kpi.dimensions) }
  }

  private func cached<Key: Hashable, Value>(
    _ cache: ReferenceWritableKeyPath<FactColumns, [Key: Value]>, _ key: Key,
    _ make: () throws -> Value
  ) rethrows -> Value {
    try lock.withLock {
      if let known = self[keyPath: cache][key] { return known }
      let value = try make()
      self[keyPath: cache][key] = value
      return value
    }
  }
}

extension FactExacts {
  /// The sketch's keys of decimals that are more than they are different, each of which is computed once; nil of others.
  /// O(facts).
  fileprivate var keys: [Int32]? {
    guard case .fixed(let decimals, let scale) = values, let first = decimals.first else {
      return nil
    }
    let mantissas = decimals.span
    var (low, high) = (first, first)
    for fact in mantissas.indices {
      low = min(low, mantissas[fact])
      high = max(high, mantissas[fact])
    }
    // Up to here the nearest doubles of decimals are those of the columns, whatever scale they were joined to.
    let (range, isOver) = high.subtractingReportingOverflow(low)
    guard !isOver, range < decimals.count / 4, low >= -1 << 53, high <= 1 << 53 else { return nil }
    let table = (low...high).map {
      LogBuckets.key(Self.number(mantissa: $0, scale: scale).double)
    }
    let known = table.span
    var keys: [Int32] = []
    keys.append(addingCapacity: decimals.count) { free in
      for fact in mantissas.indices { free.append(known[Int(mantissas[fact] &- low)]) }
    }
    return keys
  }
}

extension [Int32] {
  /// The values at these places; none when there are none at all. O(places).
  func gather<Value>(_ values: [Value]) -> [Value] {
    if values.isEmpty { return [] }
    let (places, values) = (span, values.span)
    var gathered: [Value] = []
    gathered.append(addingCapacity: count) { free in
      for index in places.indices { free.append(values[Int(places[index])]) }
    }
    return gathered
  }

  /// The bits at these places. O(places).
  fileprivate func gather(_ presence: Presence) -> Presence {
    guard case .some(let rows) = presence else { return presence }
    var gathered = Bitmap(rowCount: count)
    for (row, place) in enumerated() where rows[Int(place)] { gathered.insert(row) }
    return .some(gathered)
  }
}
