import EventLog
import LMDB
import Language

/// Which facts of a stream a query takes.
struct FactSelection: Sendable {
  /// Half-open stretches of time, ascending; nil for all times. One up to `Int64.max` has no end.
  var times: [Range<Int64>]?
  /// The first event that counts.
  var firstSeq: UInt64 = 1
  /// The last event that counts; nil for all.
  var lastSeq: UInt64?
  /// The facts of the block that count, by their places in it; nil for all.
  var facts: Range<Int>?

  init(times: [Range<Int64>]? = nil, afterSeq: UInt64 = 0, lastSeq: UInt64? = nil) {
    (self.times, self.lastSeq) = (times, lastSeq)
    firstSeq = afterSeq == .max ? .max : afterSeq + 1
  }

  /// The facts of the same selection that `block` had when it was listed. It may have been merged with others since.
  func within(_ block: StoredBlock) -> FactSelection {
    var part = self
    part.firstSeq = max(firstSeq, block.firstSeq)
    part.lastSeq = min(lastSeq ?? .max, block.lastSeq)
    return part
  }

  /// The stream's blocks that may have such facts, in the order of the log.
  func blocks(
    of stream: EventStream, _ log: EventLog, _ transaction: borrowing ReadTransaction
  ) throws -> [StoredBlock] {
    guard let times else {
      return try log.blocks(of: stream, from: firstSeq, transaction).filter(overlaps)
    }
    guard let first = times.first, let last = times.last else { return [] }
    return try log.blocks(of: stream, in: first.lowerBound..<last.upperBound, transaction)
      .filter(overlaps)
  }

  /// Whether a block may have such facts.
  func overlaps(_ block: StoredBlock) -> Bool {
    if let lastSeq, block.firstSeq > lastSeq { return false }
    if block.lastSeq < firstSeq { return false }
    guard let times else { return true }
    return times.contains {
      $0.lowerBound <= block.maxTimeNs
        && ($0.upperBound > block.minTimeNs || $0.upperBound == .max)
    }
  }

  /// Whether some fact of a block is of the selected times, which are then kept with it. O(facts).
  func takes(_ facts: inout BlockFacts) throws -> Bool {
    guard let times, !hasAll(facts.block.minTimeNs...facts.block.maxTimeNs, times) else {
      return true
    }
    try facts.keepTimes()
    let all = try facts.times()
    return times.contains { times in all.contains { times.holds($0) } }
  }

  /// For each fact whether it is selected and `filter` holds for it; nil when all are. O(facts).
  func mask(_ filter: FactFilter?, _ columns: FactColumns) throws -> [Bool]? {
    var mask = try filter.map { try columns.mask($0) }
    if let times, !hasAll(columns.timeRange, times) {
      if let mask, !mask.contains(true) { return mask }
      mask = Self.within(times, try columns.times(), mask)
    }
    let seqs = firstSeq...max(firstSeq, lastSeq ?? .max)
    let range = columns.seqRange
    if !seqs.contains(range.lowerBound) || !seqs.contains(range.upperBound) {
      var known = mask ?? Array(repeating: true, count: columns.count)
      let places = columns.places
      for fact in known.indices where !seqs.contains(places.seq(fact)) { known[fact] = false }
      mask = known
    }
    return mask
  }

  private static func within(
    _ sections: [Range<Int64>], _ times: [Int64], _ mask: [Bool]?
  ) -> [Bool] {
    if sections.count == 1, mask == nil {
      let (low, high) = (sections[0].lowerBound, sections[0].upperBound)
      return times.map { $0 >= low && ($0 < high || high == .max) }
    }
    var inside = mask ?? Array(repeating: true, count: times.count)
    for fact in inside.indices where inside[fact] {
      inside[fact] = sections.contains { $0.holds(times[fact]) }
    }
    return inside
  }

  private func hasAll(_ range: ClosedRange<Int64>, _ times: [Range<Int64>]) -> Bool {
    times.contains { $0.holds(range.lowerBound) && $0.holds(range.upperBound) }
  }
}

extension Range<Int64> {
  /// The last instant there is lies in a range without an end.
  fileprivate func holds(_ timeNs: Int64) -> Bool {
    timeNs >= lowerBound && (timeNs < upperBound || upperBound == .max)
  }
}
