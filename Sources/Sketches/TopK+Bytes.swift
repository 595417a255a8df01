import Bytes

extension TopK {
  /// Appends the sketch: its capacity and the number of keys listed; then for each key, ascending,
  /// its length, its bytes, its count and its error. All numbers are varints. O(capacity log
  /// capacity).
  public func encode(into output: inout [UInt8]) {
    output.append(varint: UInt64(capacity))
    output.append(varint: UInt64(count))
    for counter in counters.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      output.append(varint: UInt64(counter.key.count))
      output.append(contentsOf: counter.key)
      output.append(varint: counter.count)
      output.append(varint: counter.error)
    }
  }

  /// Reads what ``encode(into:)`` wrote. Throws when the bytes end early, or hold a capacity out of
  /// range, keys not ascending, or counts and errors that no sketch has. Memory is bounded by the
  /// input.
  public init(_ reader: inout ByteReader) throws(MalformedBytes) {
    let capacity = try reader.count(limit: Self.maxCapacity)
    guard capacity > 0 else { throw MalformedBytes(offset: reader.offset) }
    let rest = reader.bytes.byteCount - reader.offset
    let size = try reader.count(limit: min(capacity, rest / 3))
    var read: [Counter] = []
    read.reserveCapacity(size)
    var total: UInt64 = 0
    for _ in 0..<size {
      let counter = try Self.readCounter(&reader, after: read.last)
      let (sum, overflow) = total.addingReportingOverflow(counter.count)
      if overflow { throw MalformedBytes(offset: reader.offset) }
      total = sum
      read.append(counter)
    }
    self.init(capacity: capacity)
    replaceCounters(read)
    // A key takes over the least count of its time as its error, and the least count only grows.
    let bound = unlistedBound
    guard read.allSatisfy({ $0.error <= bound }) else {
      throw MalformedBytes(offset: reader.offset)
    }
  }

  private static func readCounter(
    _ reader: inout ByteReader, after previous: Counter?
  ) throws(MalformedBytes) -> Counter {
    let key = try reader.array(byteCount: try reader.count())
    let count = try reader.varint()
    let error = try reader.varint()
    let ascends = previous?.key.lexicographicallyPrecedes(key) ?? true
    guard ascends, error < count else { throw MalformedBytes(offset: reader.offset) }
    return Counter(key: key, count: count, error: error)
  }
}
