import Bytes
import Checksum
import EventLog
import Model
import Sketches

/// The columns of a block, each decoded once for all KPIs that read it.
final class FactColumns {
  let facts: BlockFacts
  /// The event of each fact; nil when they are the same.
  let events: [Int32]?
  private var knownTimes: [Int64]?
  private var knownAscent: Bool?
  private var knownElements: [UInt32]?
  private var presenceByPath: [Text: Presence] = [:]
  private var numbersByPath: [Text: FactNumbers] = [:]
  private var exactsByPath: [Text: FactExacts] = [:]
  private var labelsByPath: [Text: FactLabels] = [:]
  private var hashesByPath: [Text: [UInt64]] = [:]
  private var keysByPath: [Text: [Int32]] = [:]
  private var bucketsByName: [String: BucketCodes] = [:]
  private var groupsByPaths: [[Text]: GroupCodes] = [:]

  var count: Int { facts.factCount }

  init(_ facts: BlockFacts) throws {
    self.facts = facts
    events = facts.events()
  }

  func seq(_ fact: Int) -> UInt64 { facts.seqs[events.map { Int($0[fact]) } ?? fact] }

  /// Where the facts of each batch end that the block was merged from; empty when it was not.
  lazy var pieceEnds: [Int] = {
    guard facts.pieces.count > 1 else { return [] }
    var (eventEnd, fact, ends) = (0, 0, [Int]())
    for piece in facts.pieces {
      eventEnd += piece.eventCount
      if let events {
        while fact < events.count, Int(events[fact]) < eventEnd { fact += 1 }
      } else {
        fact = eventEnd
      }
      ends.append(fact)
    }
    return ends
  }()

  /// The time of each fact.
  func times() throws -> [Int64] {
    if let knownTimes { return knownTimes }
    let times = try facts.times()
    knownTimes = times
    return times
  }

  /// Whether no fact's time is before that of the fact before it.
  func areTimesAscending() throws -> Bool {
    if let knownAscent { return knownAscent }
    let times = try times()
    let isAscending = zip(times, times.dropFirst()).allSatisfy { $0 <= $1 }
    knownAscent = isAscending
    return isAscending
  }

  /// Where a fact of this time stands.
  func place(_ fact: Int, _ timeNs: Int64) -> FactPlace {
    FactPlace(timeNs: timeNs, seq: seq(fact), element: element(fact))
  }

  /// The place of a fact among those of its event.
  private func element(_ fact: Int) -> UInt32 {
    guard let events else { return 0 }
    if knownElements == nil {
      var elements = [UInt32](repeating: 0, count: events.count)
      for fact in elements.indices.dropFirst() where events[fact] == events[fact - 1] {
        elements[fact] = elements[fact - 1] + 1
      }
      knownElements = elements
    }
    return knownElements?[fact] ?? 0
  }

  /// Which facts have a value of any kind.
  func presence(_ path: Text) throws -> Presence {
    try Self.cached(&presenceByPath, path) { try facts.presence(path) }
  }

  func numbers(_ path: Text) throws -> FactNumbers {
    try Self.cached(&numbersByPath, path) { try facts.numbers(path) }
  }

  func exacts(_ path: Text) throws -> FactExacts {
    try Self.cached(&exactsByPath, path) { try facts.exacts(path) }
  }

  func labels(_ path: Text) throws -> FactLabels {
    try Self.cached(&labelsByPath, path) { try facts.labels(path) }
  }

  /// The hash of each of the labels at `path`, by which distinct values are counted.
  func hashes(_ path: Text) throws -> [UInt64] {
    try Self.cached(&hashesByPath, path) {
      let names = try labels(path).names
      return names.indices.map { checksum(names.bytes.rawSpan(names.range($0))) }
    }
  }

  /// The sketch's key of each number at `path`.
  func keys(_ path: Text) throws -> [Int32] {
    try Self.cached(&keysByPath, path) { try numbers(path).values.map(LogBuckets.key) }
  }

  func buckets(_ kpi: CompiledKpi) throws -> BucketCodes {
    try Self.cached(&bucketsByName, kpi.bucketName) {
      BucketCodes(try times(), kpi.buckets, facts.block.minTimeNs...facts.block.maxTimeNs)
    }
  }

  func groups(_ paths: [Text]) throws -> GroupCodes {
    try Self.cached(&groupsByPaths, paths) {
      try GroupCodes(paths.map { try labels($0) }, factCount: count)
    }
  }

  private static func cached<Key: Hashable, Value>(
    _ cache: inout [Key: Value], _ key: Key, _ make: () throws -> Value
  ) rethrows -> Value {
    if let known = cache[key] { return known }
    let value = try make()
    cache[key] = value
    return value
  }
}

/// The bucket of each fact of a block, as its place among those that occur.
struct BucketCodes {
  private(set) var starts: [Int64] = []
  /// Empty when there is but one bucket.
  private(set) var codes: [Int32] = []

  /// `range` holds all times. O(facts).
  init(_ times: [Int64], _ buckets: Buckets, _ range: ClosedRange<Int64>) {
    var cursor = BucketCursor(buckets)
    if cursor.start(of: range.lowerBound) == cursor.start(of: range.upperBound) {
      starts = times.isEmpty ? [] : [cursor.start(of: range.lowerBound)]
      return
    }
    var places: [Int64: Int32] = [:]
    var (last, place): (Int64, Int32) = (0, -1)
    codes = times.map { time in
      let start = cursor.start(of: time)
      if start != last || place < 0 {
        last = start
        place = places[start] ?? Int32(starts.count)
        if place == starts.count {
          starts.append(start)
          places[start] = place
        }
      }
      return place
    }
    if starts.count == 1 { codes = [] }
  }
}

/// The group of each fact of a block, as its place among those that occur.
struct GroupCodes {
  private(set) var groups = ByteStrings()
  /// Empty when there is but one group.
  private(set) var codes: [Int32] = []

  /// With more combinations than this, those that occur are numbered after each dimension.
  private static let maxDomain = 1 << 20

  /// O(facts x dimensions).
  init(_ dimensions: [FactLabels], factCount: Int) {
    // All of a dictionary's entries occur.
    if dimensions.count == 1, let only = dimensions.first, only.isComplete {
      for name in only.names.indices {
        groups.extend {
          GroupKey.append(only.names.bytes.rawSpan(only.names.range(name)), to: &$0)
        }
        groups.finishString()
      }
      if groups.count > 1 { codes = only.codes.map { Int32(truncatingIfNeeded: $0) } }
      return
    }
    var numbers = [Int32](repeating: 0, count: factCount)
    var domain = 1
    for labels in dimensions where !labels.codes.isEmpty {
      let factor = labels.names.count + 1
      if domain * factor > Self.maxDomain {
        domain = Self.renumber(&numbers, labels.codes, factor)
      } else {
        for fact in numbers.indices {
          numbers[fact] = numbers[fact] * Int32(factor) + Int32(labels.codes[fact] + 1)
        }
        domain *= factor
      }
    }
    var places = [Int32](repeating: -1, count: domain)
    for fact in numbers.indices where places[Int(numbers[fact])] < 0 {
      places[Int(numbers[fact])] = Int32(groups.count)
      append(dimensions, fact)
    }
    if groups.count > 1 { codes = numbers.map { places[Int($0)] } }
  }

  /// Numbers the pairs that occur; gives their count.
  private static func renumber(
    _ numbers: inout [Int32], _ codes: [Int64], _ factor: Int
  ) -> Int {
    var known: [Int64: Int32] = [:]
    for fact in numbers.indices {
      let pair = Int64(numbers[fact]) * Int64(factor) + codes[fact] + 1
      let next = Int32(known.count)
      let number = known[pair] ?? next
      if number == next { known[pair] = next }
      numbers[fact] = number
    }
    return max(known.count, 1)
  }

  private mutating func append(_ dimensions: [FactLabels], _ fact: Int) {
    for labels in dimensions {
      let code = labels.codes.isEmpty ? -1 : Int(labels.codes[fact])
      groups.extend { bytes in
        if code < 0 {
          GroupKey.appendAbsent(to: &bytes)
        } else {
          GroupKey.append(labels.names.bytes.rawSpan(labels.names.range(code)), to: &bytes)
        }
      }
    }
    groups.finishString()
  }
}

extension FactLabels {
  /// Whether all facts have a label, and all labels occur.
  fileprivate var isComplete: Bool {
    guard !codes.isEmpty else { return false }
    var occurs = [Bool](repeating: false, count: names.count)
    for code in codes {
      if code < 0 { return false }
      occurs[Int(code)] = true
    }
    return occurs.allSatisfy { $0 }
  }
}
