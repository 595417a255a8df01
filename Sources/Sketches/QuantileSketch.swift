import Bytes

/// Counts of values by logarithmic bucket: answers quantiles within 1 % of the exact value.
///
/// A DDSketch (Masson, Rim, Lee, VLDB 2019) that never joins buckets: what it holds is a function
/// of the values added, whatever the order of adding and merging, and values can be taken out
/// again. A span of values from 1 to 1000 has at most 349 buckets; all doubles together have some
/// 143 000. Those of magnitude below 2^-1022 count as 0.
public struct QuantileSketch: Equatable, Sendable {
  /// The buckets that hold values, ascending; see ``LogBuckets``.
  public private(set) var keys: [Int32] = []
  /// How many values each bucket of ``keys`` holds; at least 1 each.
  public private(set) var counts: [UInt64] = []
  /// How many values there are in all.
  public private(set) var count: UInt64 = 0

  /// A sketch of no values.
  public init() {}

  public var isEmpty: Bool { count == 0 }

  /// Adds a value; traps when it is infinite or NaN. O(log buckets), or O(buckets) when the bucket
  /// is new.
  public mutating func add(_ value: Double) {
    precondition(value.isFinite, "a sketch holds finite values")
    let key = LogBuckets.key(value)
    let index = Self.lowerBound(of: key, in: keys.span, from: 0)
    if index < keys.count, keys[index] == key {
      counts[index] += 1
    } else {
      keys.insert(key, at: index)
      counts.insert(1, at: index)
    }
    count += 1
  }

  /// Adds `counts[i]` values to the bucket `keys[i]`, for each `i`. The keys must be of finite
  /// values (traps otherwise) and strictly ascending, the counts at least 1. Traps when a total
  /// exceeds 64 bits, as the other ways of adding do.
  ///
  /// O(added keys), times the log of the distance from one to the next among the buckets there are.
  /// Keys that are all known allocate nothing; otherwise O(buckets) more.
  public mutating func add(keys added: ArraySlice<Int32>, counts addedCounts: ArraySlice<UInt64>) {
    precondition(added.count == addedCounts.count, "as many counts as keys")
    guard let first = added.first, let last = added.last else { return }
    let limit = LogBuckets.maxFiniteKey
    precondition(first >= -limit && last <= limit, "a sketch holds finite values")
    let known = Self.addToKnown(added.span, addedCounts.span, keys, &counts)
    count += known.total
    if known.missing > 0 {
      Self.insertMissing(known.missing, of: added.span, addedCounts.span, &keys, &counts)
    }
  }

  /// Adds to the counts of the keys that are known; says how many are not, and what is added in
  /// all.
  private static func addToKnown(
    _ added: Span<Int32>, _ addedCounts: Span<UInt64>, _ keys: [Int32], _ counts: inout [UInt64]
  ) -> (missing: Int, total: UInt64) {
    let keys = keys.span
    var counts = counts.mutableSpan
    var missing = 0
    var total: UInt64 = 0
    var index = 0
    for place in added.indices {
      let key = added[place]
      assert(place == 0 || added[place - 1] < key, "keys ascend")
      assert(addedCounts[place] > 0, "a bucket has values")
      total += addedCounts[place]
      index = lowerBound(of: key, in: keys, from: index)
      if index < keys.count, keys[index] == key {
        counts[index] += addedCounts[place]
        index += 1
      } else {
        missing += 1
      }
    }
    return (missing, total)
  }

  /// Merges the `missing` keys that are not yet known into place, from the back on so that nothing
  /// that is still to be moved is overwritten.
  private static func insertMissing(
    _ missing: Int, of added: Span<Int32>, _ addedCounts: Span<UInt64>, _ keys: inout [Int32],
    _ counts: inout [UInt64]
  ) {
    var index = keys.count
    keys.append(contentsOf: repeatElement(0, count: missing))
    counts.append(contentsOf: repeatElement(0, count: missing))
    var keys = keys.mutableSpan
    var counts = counts.mutableSpan
    var rest = added.count
    var target = keys.count
    // Once the two meet, what is left is in its place.
    while target > index {
      target -= 1
      if index > 0, rest == 0 || keys[index - 1] >= added[rest - 1] {
        index -= 1
        if rest > 0, keys[index] == added[rest - 1] { rest -= 1 }
        keys[target] = keys[index]
        counts[target] = counts[index]
      } else {
        rest -= 1
        keys[target] = added[rest]
        counts[target] = addedCounts[rest]
      }
    }
  }

  /// Adds the values of `other`. Commutative and associative. O(buckets of both) at most.
  public mutating func merge(_ other: QuantileSketch) {
    add(keys: other.keys[...], counts: other.counts[...])
  }

  /// Takes the values of `other` out again. They must have been added before: traps when a bucket
  /// has fewer than `other` has. O(buckets of both).
  public mutating func subtract(_ other: QuantileSketch) {
    var index = 0
    var emptied = false
    for (key, taken) in zip(other.keys, other.counts) {
      index = Self.lowerBound(of: key, in: keys.span, from: index)
      precondition(
        index < keys.count && keys[index] == key && counts[index] >= taken,
        "only values that were added can be subtracted")
      counts[index] -= taken
      emptied = emptied || counts[index] == 0
    }
    count -= other.count
    if emptied { removeEmptied() }
  }

  private mutating func removeEmptied() {
    var kept = 0
    for index in keys.indices where counts[index] > 0 {
      keys[kept] = keys[index]
      counts[kept] = counts[index]
      kept += 1
    }
    keys.removeSubrange(kept...)
    counts.removeSubrange(kept...)
  }

  /// The quantile of a share of the values: the value of rank `floor(share * (count - 1))` in
  /// ascending order, counted from 0, that is the lower one when two are as near. The rank is exact;
  /// the value is at most 1 % off, relative to the exact one. Nil when the sketch is empty. O(buckets).
  public func quantile(_ share: Share) -> Double? {
    guard count > 0 else { return nil }
    var rank = share.rank(of: count)
    for (key, bucket) in zip(keys, counts) {
      if rank < bucket { return LogBuckets.value(ofKey: key) }
      rank -= bucket
    }
    preconditionFailure("the counts sum up to the total")
  }

  /// The first index at or after `start` whose key is at least `key`. O(log distance): neighbours
  /// are found at once, as ascending keys mostly are.
  private static func lowerBound(of key: Int32, in keys: Span<Int32>, from start: Int) -> Int {
    var low = start
    var stride = 1
    while low + stride <= keys.count, keys[low + stride - 1] < key {
      low += stride
      stride *= 2
    }
    var high = min(low + stride - 1, keys.count)
    while low < high {
      let middle = (low + high) / 2
      if keys[middle] < key { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Appends the sketch: the number of buckets; the first key as a signed varint and each other one
  /// as its distance to the one before; then the counts. All are varints. O(buckets).
  public func encode(into output: inout [UInt8]) {
    output.append(varint: UInt64(keys.count))
    var previous: Int32?
    for key in keys {
      if let previous {
        output.append(varint: UInt64(key - previous))
      } else {
        output.append(signedVarint: Int64(key))
      }
      previous = key
    }
    for count in counts { output.append(varint: count) }
  }

  /// Reads what ``encode(into:)`` wrote. Throws when the bytes end early, or hold a key that no
  /// finite value has, the same key twice, a count of 0 or a total above 64 bits. Memory is bounded
  /// by the input.
  public init(_ reader: inout ByteReader) throws(MalformedBytes) {
    let start = reader.offset
    let size = try reader.count(limit: (reader.bytes.byteCount - start) / 2)
    keys.reserveCapacity(size)
    counts.reserveCapacity(size)
    for _ in 0..<size { keys.append(try Self.readKey(&reader, after: keys.last)) }
    for _ in 0..<size {
      let bucket = try reader.varint()
      let (total, overflow) = count.addingReportingOverflow(bucket)
      guard bucket > 0, !overflow else { throw MalformedBytes(offset: reader.offset) }
      counts.append(bucket)
      count = total
    }
  }

  private static func readKey(
    _ reader: inout ByteReader, after previous: Int32?
  ) throws(MalformedBytes) -> Int32 {
    let limit = Int64(LogBuckets.maxFiniteKey)
    var key: Int64
    if let previous {
      let distance = try reader.varint()
      guard distance > 0, distance <= 2 * UInt64(limit) else {
        throw MalformedBytes(offset: reader.offset)
      }
      key = Int64(previous) + Int64(distance)
    } else {
      key = try reader.signedVarint()
    }
    let isKey = key == 0 || (Int64(LogBuckets.minNormalKey)...limit).contains(abs(key))
    guard key >= -limit, isKey else { throw MalformedBytes(offset: reader.offset) }
    return Int32(key)
  }
}
