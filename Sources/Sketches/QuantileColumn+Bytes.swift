import Bytes

/// Rows of a ``QuantileColumn`` as bytes, to read some of them.
///
/// Counters are Rice codes: `count >> k` ones, a zero, and the lower `k` bits, with the `k` that takes the row least room.
/// Counts of a row are mostly of one magnitude, with few that are much greater, and of many buckets there are none: so
/// they take fewer bits than counters of one width, which the greatest decides.
public struct QuantileRows: Sendable {
  /// Where each row's counters begin, how many there are, and `k + 1`; 0 when the row is a ``QuantileSketch``.
  private let firsts: PackedIntegers
  private let widths: PackedIntegers
  private let codes: PackedIntegers
  private let runs: PackedRuns

  /// The most ones of a code: with it all of a code is read at once, and how large the counters are follows from `k`.
  fileprivate static let maxOnes: UInt32 = 31
  fileprivate static let maxLowBits = 24

  /// Passes over `count` rows. O(1).
  public init(_ reader: inout ByteReader, count: Int) throws(MalformedBytes) {
    firsts = try PackedIntegers(&reader, count: count)
    widths = try PackedIntegers(&reader, count: count)
    codes = try PackedIntegers(&reader, count: count)
    runs = try PackedRuns(&reader, count: count)
  }

  /// Adds a row to a column; `bytes` are those of the reader. O(buckets of the row).
  public func append(
    _ row: Int, in bytes: RawSpan, to column: inout QuantileColumn
  ) throws(MalformedBytes) {
    let range = try runs.range(row, in: bytes)
    let code = Int(codes.value(row, in: bytes))
    if code == 0 {
      column.appendRow()
      if range.isEmpty { return }
      var reader = ByteReader(bytes.extracting(range))
      return column.add(try QuantileSketch(&reader), to: column.count - 1)
    }
    let (first, width) = (firsts.value(row, in: bytes), widths.value(row, in: bytes))
    let limit = Int64(LogBuckets.maxFiniteKey)
    let low = code - 1
    guard (0...Self.maxLowBits).contains(low), width > 0, width <= Int64(QuantileColumn.maxWidth),
      first >= -limit, first <= limit, first > 0 || first + width <= 0
    else { throw MalformedBytes(offset: range.lowerBound) }
    var bit = 8 * range.lowerBound
    let end = 8 * range.upperBound
    let size: UInt8 = low <= 3 ? 1 : low <= 11 ? 2 : 4
    try column.appendRow(first: Int32(first), width: Int(width), size: size) {
      () throws(MalformedBytes) in
      let word = bytes.word(at: bit >> 3) >> UInt64(bit & 7)
      let ones = (~word).trailingZeroBitCount
      bit += ones + 1 + low
      guard ones <= Int(Self.maxOnes), bit <= end else { throw MalformedBytes(offset: bit >> 3) }
      let rest = word >> UInt64(ones + 1) & (1 << UInt64(low) - 1)
      return UInt32(ones) << UInt32(low) | UInt32(rest)
    }
  }
}

extension QuantileColumn {
  /// Appends rows as ``QuantileRows`` reads them: a function of the values that they hold. O(buckets).
  public func encode(_ rows: ArraySlice<Int32>, into output: inout [UInt8]) {
    var (firsts, widths, codes): ([Int64], [Int64], [Int64]) = ([], [], [])
    var isDense: [Bool] = []
    var (bytes, ends): ([UInt8], [Int]) = ([], [])
    var counters: [UInt32] = []
    for row in rows {
      let start = bytes.count
      let first = dense(Int(row), into: &counters)
      let code = first == nil ? nil : Self.code(counters.span)
      if let first, let code, isShort((code.bits + 7) / 8, Int(row), counters.span) {
        Self.encode(counters.span, lowBits: code.lowBits, into: &bytes)
        assert(bytes.count - start == (code.bits + 7) / 8, "a row is as long as was reckoned")
        firsts.append(Int64(first))
        widths.append(Int64(counters.count))
        codes.append(Int64(code.lowBits) + 1)
        isDense.append(true)
      } else {
        if valueCount(Int(row)) > 0 { sketch(Int(row)).encode(into: &bytes) }
        firsts.append(0)
        widths.append(0)
        codes.append(0)
        isDense.append(false)
      }
      ends.append(bytes.count)
    }
    output.append(packed: firsts, where: isDense)
    output.append(packed: widths, where: isDense)
    output.append(packed: codes)
    output.append(runs: bytes, ends: ends)
  }

  /// Whether so many bytes are not more than the sketch takes, which has two for each bucket in use at least. O(buckets).
  private func isShort(_ byteCount: Int, _ row: Int, _ counters: Span<UInt32>) -> Bool {
    var used = 0
    for index in counters.indices where counters[index] > 0 { used += 1 }
    if byteCount <= 2 * used { return true }
    var sketch: [UInt8] = []
    self.sketch(row).encode(into: &sketch)
    return byteCount <= sketch.count
  }

  /// How many lower bits take the counters least room, and how much; nil when a counter is too great. O(counters), few
  /// times.
  private static func code(_ counters: Span<UInt32>) -> (lowBits: Int, bits: Int)? {
    var greatest: UInt32 = 0
    for index in counters.indices { greatest = max(greatest, counters[index]) }
    var lowBits = 0
    while greatest >> UInt32(lowBits) > QuantileRows.maxOnes { lowBits += 1 }
    guard lowBits <= QuantileRows.maxLowBits else { return nil }
    var best = (lowBits: lowBits, bits: bits(counters, lowBits))
    while best.lowBits < QuantileRows.maxLowBits {
      let next = bits(counters, best.lowBits + 1)
      if next >= best.bits { break }
      best = (best.lowBits + 1, next)
    }
    return best
  }

  private static func bits(_ counters: Span<UInt32>, _ lowBits: Int) -> Int {
    var ones = 0
    for index in counters.indices { ones += Int(counters[index] >> UInt32(lowBits)) }
    return ones + counters.count * (1 + lowBits)
  }

  private static func encode(_ counters: Span<UInt32>, lowBits: Int, into bytes: inout [UInt8]) {
    var (pending, pendingBits): (UInt64, Int) = (0, 0)
    for index in counters.indices {
      let ones = Int(counters[index] >> UInt32(lowBits))
      let low = UInt64(counters[index]) & (1 << UInt64(lowBits) - 1)
      pending |=
        ((1 as UInt64) << UInt64(ones) - 1 | low << UInt64(ones + 1)) << UInt64(pendingBits)
      pendingBits += ones + 1 + lowBits
      while pendingBits >= 8 {
        bytes.append(UInt8(truncatingIfNeeded: pending))
        pending >>= 8
        pendingBits -= 8
      }
    }
    if pendingBits > 0 { bytes.append(UInt8(truncatingIfNeeded: pending)) }
  }
}
