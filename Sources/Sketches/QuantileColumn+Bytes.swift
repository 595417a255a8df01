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
    guard let place = try place(row, in: bytes) else {
      column.appendRow()
      let range = try runs.range(row, in: bytes)
      if range.isEmpty { return }
      var reader = ByteReader(bytes.extracting(range))
      return column.add(try QuantileSketch(&reader), to: column.count - 1)
    }
    var bit = place.start
    let size: UInt8 = place.lowBits <= 3 ? 1 : place.lowBits <= 11 ? 2 : 4
    try column.appendRow(first: place.first, width: place.width, size: size) {
      () throws(MalformedBytes) in try Self.counter(&bit, place, in: bytes)
    }
  }

  /// Counters of a row.
  private struct Place {
    /// The bucket of the first, and how many there are.
    var first: Int32
    var width: Int
    var lowBits: Int
    /// Their bits.
    var start: Int
    var end: Int
  }

  /// Where the counters of a row are; nil when it is a sketch. O(1).
  private func place(_ row: Int, in bytes: RawSpan) throws(MalformedBytes) -> Place? {
    let code = codes.value(row, in: bytes)
    if code == 0 { return nil }
    let range = try runs.range(row, in: bytes)
    let (first, width) = (firsts.value(row, in: bytes), widths.value(row, in: bytes))
    let limit = Int64(LogBuckets.maxFiniteKey)
    guard (1...Int64(Self.maxLowBits) + 1).contains(code), width > 0,
      width <= Int64(QuantileColumn.maxWidth), first >= -limit, first <= limit,
      first > 0 || first + width <= 0
    else { throw MalformedBytes(offset: range.lowerBound) }
    return Place(
      first: Int32(first), width: Int(width), lowBits: Int(code) - 1, start: 8 * range.lowerBound,
      end: 8 * range.upperBound)
  }

  /// The counter that begins at a bit, which becomes that of the next one.
  @inline(__always)
  private static func counter(
    _ bit: inout Int, _ place: Place, in bytes: RawSpan
  ) throws(MalformedBytes) -> UInt32 {
    let low = place.lowBits
    let word = bytes.word(at: bit >> 3) >> UInt64(bit & 7)
    let ones = (~word).trailingZeroBitCount
    bit += ones + 1 + low
    guard ones <= Int(maxOnes), bit <= place.end else { throw MalformedBytes(offset: bit >> 3) }
    let rest = word >> UInt64(ones + 1) & (1 << UInt64(low) - 1)
    return UInt32(ones) << UInt32(low) | UInt32(rest)
  }
}

// MARK: One quantile

extension QuantileRows {
  /// A quantile of a row of `count` numbers, as ``QuantileColumn/quantile(_:_:)`` has it, searched in the row's counters as they
  /// are read; NaN when there are none. O(buckets below it).
  public func quantile(
    _ share: Share, _ row: Int, ofCount count: UInt64, in bytes: RawSpan
  ) throws(MalformedBytes) -> Double {
    if count == 0 { return .nan }
    let rank = share.rank(of: count)
    guard let place = try place(row, in: bytes) else {
      var reader = ByteReader(bytes.extracting(try runs.range(row, in: bytes)))
      guard let value = try QuantileSketch(&reader).quantile(share) else {
        throw MalformedBytes(offset: reader.offset)
      }
      return value
    }
    let index =
      place.lowBits == 0
      ? Self.find(rank, place, in: bytes) : try Self.findByCounters(rank, place, in: bytes)
    guard let index, index < place.width else { throw MalformedBytes(offset: place.end >> 3) }
    return LogBuckets.value(ofKey: place.first + Int32(index))
  }

  /// The counter that has the number of a rank, from the first on: with lower bits each has to be read.
  private static func findByCounters(
    _ rank: UInt64, _ place: Place, in bytes: RawSpan
  ) throws(MalformedBytes) -> Int? {
    var (rest, bit) = (rank, place.start)
    for index in 0..<place.width {
      let count = UInt64(try counter(&bit, place, in: bytes))
      if rest < count { return index }
      rest -= count
    }
    return nil
  }

  /// The same without lower bits: a counter is as many ones, and a zero. So many zeros as are before the one of that rank are
  /// counters before it. O(bytes / 8).
  private static func find(_ rank: UInt64, _ place: Place, in bytes: RawSpan) -> Int? {
    var (rest, bit) = (rank, place.start)
    while bit < place.end {
      var word = bytes.word(at: bit >> 3)
      if place.end - bit < 64 { word &= 1 << UInt64(place.end - bit) - 1 }
      let ones = UInt64(word.nonzeroBitCount)
      if rest < ones {
        for _ in 0..<rest { word &= word - 1 }
        return bit + word.trailingZeroBitCount - place.start - Int(rank)
      }
      rest -= ones
      bit += 64
    }
    return nil
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
      let code = (1 as UInt64) << UInt64(ones) - 1 | low << UInt64(ones + 1)
      let codeBits = ones + 1 + lowBits
      pending |= code << UInt64(pendingBits)
      pendingBits += codeBits
      if pendingBits >= 64 {
        bytes.append(littleEndian: pending)
        pendingBits -= 64
        // A shift by all bits gives zero.
        pending = code >> UInt64(codeBits - pendingBits)
      }
    }
    while pendingBits > 0 {
      bytes.append(UInt8(truncatingIfNeeded: pending))
      pending >>= 8
      pendingBits -= 8
    }
  }
}
