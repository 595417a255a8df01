import EventLog
import Language

/// Which facts of a stream a query takes.
struct FactSelection: Sendable {
  /// Half-open stretches of time, ascending; nil for all times.
  var times: [Range<Int64>]?
  /// The last event that counts; nil for all.
  var lastSeq: UInt64?

  /// Whether a block may have such facts.
  func overlaps(_ block: StoredBlock) -> Bool {
    if let lastSeq, block.firstSeq > lastSeq { return false }
    guard let times else { return true }
    return times.contains {
      $0.lowerBound <= block.maxTimeNs && $0.upperBound > block.minTimeNs
    }
  }

  /// For each fact whether it is selected and `filter` holds for it; nil when all are. O(facts).
  func mask(_ filter: PredicateProgram?, _ columns: FactColumns) throws -> [Bool]? {
    var mask = try filter.map { try PredicateMask.evaluate($0, columns) }
    let block = columns.facts.block
    if let times, !hasAll(of: block, times) {
      if let mask, !mask.contains(true) { return mask }
      mask = Self.within(times, try columns.times(), mask)
    }
    if let lastSeq, block.lastSeq > lastSeq {
      var known = mask ?? Array(repeating: true, count: columns.count)
      for fact in known.indices where columns.seq(fact) > lastSeq { known[fact] = false }
      mask = known
    }
    return mask
  }

  private static func within(
    _ sections: [Range<Int64>], _ times: [Int64], _ mask: [Bool]?
  ) -> [Bool] {
    if sections.count == 1, mask == nil {
      let (low, high) = (sections[0].lowerBound, sections[0].upperBound)
      return times.map { $0 >= low && $0 < high }
    }
    var inside = mask ?? Array(repeating: true, count: times.count)
    for fact in inside.indices where inside[fact] {
      inside[fact] = sections.contains { $0.contains(times[fact]) }
    }
    return inside
  }

  private func hasAll(of block: StoredBlock, _ times: [Range<Int64>]) -> Bool {
    times.contains { $0.contains(block.minTimeNs) && $0.contains(block.maxTimeNs) }
  }
}
