/// Writes bytes one after the other into memory of a fixed size, a word at a time.
///
/// Writing past the end is not done and sets ``didOverflow``: damaged input can make a writer believe in
/// more bytes than there are. The memory has to be ``slack`` bytes larger than what will be kept.
public struct ByteSink: ~Copyable, ~Escapable {
  /// The bytes beyond the last one that is kept, which whole words may be written over.
  public static var slack: Int { 8 }

  @usableFromInline var bytes: MutableRawSpan
  @usableFromInline let limit: Int
  @usableFromInline var written = 0
  @usableFromInline var overflowed = false

  /// Bytes written so far.
  @inlinable public var count: Int { written }
  /// Whether there was more to write than room.
  @inlinable public var didOverflow: Bool { overflowed }

  /// Writes from the first byte on, up to ``slack`` bytes before the end of the memory.
  @inlinable
  @_lifetime(copy bytes)
  public init(_ bytes: consuming MutableRawSpan) {
    limit = bytes.byteCount - Self.slack
    self.bytes = bytes
  }

  /// Makes room for `byteCount` bytes; false when there is none.
  @inlinable @inline(__always)
  @_lifetime(self: copy self)
  mutating func reserve(_ byteCount: Int) -> Bool {
    if byteCount <= limit - count { return true }
    overflowed = true
    return false
  }

  /// Appends a byte, unless there is no room: then ``didOverflow`` is set. O(1).
  @inlinable @inline(__always)
  @_lifetime(self: copy self)
  public mutating func append(_ byte: UInt8) {
    guard reserve(1) else { return }
    bytes.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    written += 1
  }

  /// Appends the low `byteCount` bytes of `word`, at most eight.
  @inlinable @inline(__always)
  @_lifetime(self: copy self)
  public mutating func append(word: UInt64, byteCount: Int) {
    guard reserve(byteCount) else { return }
    bytes.storeBytes(of: word.littleEndian, toByteOffset: count, as: UInt64.self)
    written += byteCount
  }

  /// Appends `byteCount` bytes of `other` from `start` on.
  @inlinable @inline(__always)
  @_lifetime(self: copy self)
  public mutating func append(_ other: RawSpan, from start: Int, byteCount: Int) {
    guard reserve(byteCount) else { return }
    precondition(start >= 0 && byteCount >= 0 && start + byteCount <= other.byteCount)
    var offset = 0
    while offset < byteCount {
      bytes.storeBytes(
        of: other.word(at: start + offset).littleEndian, toByteOffset: count + offset,
        as: UInt64.self)
      offset += 8
    }
    written += byteCount
  }

  /// Appends the bytes of `other` in `range`.
  @inlinable @inline(__always)
  @_lifetime(self: copy self)
  public mutating func append(_ other: borrowing [UInt8], range: Range<Int>) {
    append(other.rawSpan, from: range.lowerBound, byteCount: range.count)
  }

  /// Appends `value`, below 100, as two digits.
  @inlinable @inline(__always)
  @_lifetime(self: copy self)
  public mutating func append(twoDigits value: Int) {
    append(word: UInt64(48 + value / 10) | UInt64(48 + value % 10) << 8, byteCount: 2)
  }

  /// Appends `value` in decimal with at least `minDigits` digits (at most 20), zeros in front.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func append(decimal value: UInt64, minDigits: Int = 1) {
    var digits = minDigits
    var bound = Self.power(minDigits)
    while digits < 20 && value >= bound {
      digits += 1
      bound = Self.power(digits)
    }
    appendDigits(value, count: digits)
  }

  /// Appends `magnitude / 10^decimals` with exactly that many decimals (at most 18).
  @inlinable @inline(__always)
  @_lifetime(self: copy self)
  public mutating func append(decimal magnitude: UInt64, decimals: Int) {
    if decimals == 0 { return append(decimal: magnitude) }
    let (whole, fraction) = magnitude.quotientAndRemainder(dividingBy: Self.power(decimals))
    append(decimal: whole)
    append(UInt8(ascii: "."))
    appendDigits(fraction, count: decimals)
  }

  /// Appends exactly `count` digits, right to left.
  @inlinable @inline(__always)
  @_lifetime(self: copy self)
  mutating func appendDigits(_ value: UInt64, count digits: Int) {
    guard reserve(digits) else { return }
    var rest = value
    var offset = count + digits
    while offset >= count + 2 {
      offset -= 2
      let pair = rest % 100
      rest /= 100
      bytes.storeBytes(
        of: UInt16(truncatingIfNeeded: (48 + pair / 10) | (48 + pair % 10) << 8).littleEndian,
        toByteOffset: offset, as: UInt16.self)
    }
    if offset > count {
      bytes.storeBytes(
        of: UInt8(truncatingIfNeeded: 48 + rest % 10), toByteOffset: count, as: UInt8.self)
    }
    written += digits
  }

  /// 10^exponent; the largest word for 20 and above.
  @inlinable @inline(__always)
  static func power(_ exponent: Int) -> UInt64 {
    exponent < 20 ? powersOfTen[exponent] : .max
  }
}

@usableFromInline
let powersOfTen: InlineArray<20, UInt64> = [
  1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000,
  10_000_000_000, 100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000,
  1_000_000_000_000_000, 10_000_000_000_000_000, 100_000_000_000_000_000,
  1_000_000_000_000_000_000, 10_000_000_000_000_000_000,
]
