/// A column of integers of 64 bits: what all have in common once, and of each as few bits as the greatest needs.
///
/// Value `i` is `base + step * rest[i]` modulo 2^64, with the least value as base and the greatest common divisor of
/// the differences from it as step ("frame of reference"). Each can be read in O(1) without the others. A column whose
/// values are all the same takes no bits at all.
public struct PackedIntegers: Sendable {
  /// How many values there are.
  public let count: Int
  @usableFromInline let base: Int64
  @usableFromInline let step: UInt64
  @usableFromInline let width: Int
  /// Where the bits begin.
  @usableFromInline let start: Int

  /// The first byte of a column of zeros, which is all of it.
  static let zeros: UInt8 = 0x7F
  /// Said of the width: a step follows the base.
  static let hasStep: UInt8 = 0x80

  /// Passes over a column of `count` values, to read some of them. O(1).
  public init(_ reader: inout ByteReader, count: Int) throws(MalformedBytes) {
    self.count = count
    let head = try reader.integer(UInt8.self)
    if head == Self.zeros {
      (base, step, width, start) = (0, 0, 0, reader.offset)
      return
    }
    let width = Int(head & ~Self.hasStep)
    guard width <= 57 || width == 64 else { throw MalformedBytes(offset: reader.offset) }
    self.width = width
    base = try reader.signedVarint()
    step = head & Self.hasStep == 0 ? 1 : try reader.varint()
    let (bits, isOver) = count.multipliedReportingOverflow(by: width)
    guard !isOver, bits <= Int.max - 7 else { throw MalformedBytes(offset: reader.offset) }
    start = try reader.advance(by: (bits + 7) / 8)
  }

  /// Value `index`; `bytes` are those of the reader. O(1).
  @inlinable @inline(__always)
  public func value(_ index: Int, in bytes: RawSpan) -> Int64 {
    if width == 0 { return base }
    let rest = BitPacking.value(index, width: width, in: bytes, from: start)
    return base &+ Int64(bitPattern: step &* rest)
  }

  /// All values. O(count).
  public func values(in bytes: RawSpan) -> [Int64] {
    if width == 0 { return Array(repeating: base, count: count) }
    var values: [Int64] = []
    values.reserveCapacity(count)
    BitPacking.unpack(count, width: width, in: bytes, from: start, into: &values)
    if base == 0, step == 1 { return values }
    let step = Int64(bitPattern: step)
    var target = values.mutableSpan
    for index in target.indices { target[index] = base &+ step &* target[index] }
    return values
  }

  /// The values of some of the rows, which ascend. O(rows), O(1) where all are the same.
  public func values(_ rows: [Int32], in bytes: RawSpan) -> RowValues {
    guard let first = rows.first else { return RowValues(same: 0) }
    if width == 0 || rows.count == 1 { return RowValues(same: value(Int(first), in: bytes)) }
    return RowValues(
      rows.count == count ? values(in: bytes) : rows.map { value(Int($0), in: bytes) })
  }
}

/// The values of some rows of a column. Where they are the same, as of a single row, they take no memory.
public struct RowValues: Sendable {
  @usableFromInline let same: Int64
  /// Empty where all are the same.
  @usableFromInline let values: [Int64]

  init(same: Int64) { (self.same, values) = (same, []) }
  init(_ values: [Int64]) { (same, self.values) = (0, values) }

  /// That of the row at a place among those that were asked for. O(1).
  @inlinable @inline(__always)
  public subscript(index: Int) -> Int64 { values.isEmpty ? same : values[index] }
}

extension [UInt8] {
  /// Appends a column as ``PackedIntegers`` reads it. Equal values have equal bytes. Where `isPresent` is given, values
  /// for which it is false read as the least of the others. O(values).
  public mutating func append(packed values: [Int64], where isPresent: [Bool]? = nil) {
    var (low, high) = (Int64.max, Int64.min)
    if let isPresent {
      for (index, value) in values.enumerated() where isPresent[index] {
        low = Swift.min(low, value)
        high = Swift.max(high, value)
      }
    } else {
      for value in values {
        low = Swift.min(low, value)
        high = Swift.max(high, value)
      }
    }
    if low > high || low == 0 && high == 0 { return append(PackedIntegers.zeros) }
    if low == high {
      append(0)
      return append(signedVarint: low)
    }
    var rests: [UInt64] = []
    rests.reserveCapacity(values.count)
    var step: UInt64 = 0
    for (index, value) in values.enumerated() {
      let rest = isPresent?[index] ?? true ? UInt64(bitPattern: value &- low) : 0
      if step != 1, rest > 0 { step = Self.greatestCommonDivisor(rest, step) }
      rests.append(rest)
    }
    if step > 1 {
      for index in rests.indices { rests[index] /= step }
    }
    let greatest = UInt64(bitPattern: high &- low) / step
    let width = BitPacking.width(forBits: 64 - greatest.leadingZeroBitCount)
    append(UInt8(width) | (step > 1 ? PackedIntegers.hasStep : 0))
    append(signedVarint: low)
    if step > 1 { append(varint: step) }
    BitPacking.pack(rests.span, width: width, into: &self)
  }

  private static func greatestCommonDivisor(_ one: UInt64, _ other: UInt64) -> UInt64 {
    var (one, other) = (one, other)
    while other > 0 { (one, other) = (other, one % other) }
    return one
  }
}
