import Bytes
import EventLog
import Model

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
    var codes = [Int32](repeating: 0, count: times.count)
    var target = codes.mutableSpan
    let times = times.span
    for fact in times.indices {
      let start = cursor.start(of: times[fact])
      if start != last || place < 0 {
        last = start
        place = places[start] ?? Int32(starts.count)
        if place == starts.count {
          starts.append(start)
          places[start] = place
        }
      }
      target[fact] = place
    }
    if starts.count > 1 { self.codes = codes }
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
    if dimensions.count == 1, let only = dimensions.first, let complete = only.completeCodes {
      for name in only.names.indices {
        groups.extend {
          GroupKey.append(only.names.bytes.rawSpan(only.names.range(name)), to: &$0)
        }
        groups.finishString()
      }
      if groups.count > 1 { codes = complete }
      return
    }
    var numbers = [Int32](repeating: 0, count: factCount)
    var domain = 1
    for labels in dimensions where !labels.codes.isEmpty {
      let factor = labels.names.count + 1
      if domain * factor > Self.maxDomain {
        domain = Self.renumber(&numbers, labels.codes, factor)
      } else {
        var target = numbers.mutableSpan
        let codes = labels.codes.span
        for fact in target.indices {
          target[fact] = target[fact] &* Int32(factor) &+ Int32(truncatingIfNeeded: codes[fact] + 1)
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
  /// The codes, when all facts have a label and all labels occur.
  fileprivate var completeCodes: [Int32]? {
    guard !codes.isEmpty else { return nil }
    var occurs = [Bool](repeating: false, count: names.count)
    var narrow = [Int32](repeating: 0, count: codes.count)
    var seen = occurs.mutableSpan
    var target = narrow.mutableSpan
    let codes = codes.span
    for fact in codes.indices {
      let code = codes[fact]
      if code < 0 { return nil }
      seen[Int(code)] = true
      target[fact] = Int32(truncatingIfNeeded: code)
    }
    return occurs.allSatisfy { $0 } ? narrow : nil
  }
}

/// The bucket and the group of each fact as one number: the bucket's place times the count of groups, and the group's place.
enum PairCodes {
  /// Empty when there is but one of each. O(facts).
  static func codes(_ buckets: BucketCodes, _ groups: GroupCodes) -> [Int32] {
    if buckets.codes.isEmpty { return groups.codes }
    if groups.codes.isEmpty { return buckets.codes }
    let factor = Int32(groups.groups.count)
    var codes = buckets.codes
    var target = codes.mutableSpan
    let groups = groups.codes.span
    for fact in target.indices { target[fact] = target[fact] &* factor &+ groups[fact] }
    return codes
  }
}
