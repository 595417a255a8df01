/// The bytes ended before the value, or hold one that cannot be.
public struct MalformedBytes: Error, Sendable, Equatable {
  /// Where reading stopped, as an offset from the reader's start.
  public var offset: Int
  /// `offset` counts bytes from the reader's start.
  @inlinable public init(offset: Int) { self.offset = offset }
}

/// Reads back what the appending calls of `[UInt8]` wrote. Never reads past the end: it throws.
public struct ByteReader: ~Escapable {
  public let bytes: RawSpan
  @usableFromInline var position = 0

  /// Where the next value begins.
  @inlinable public var offset: Int { position }

  /// A reader at the first byte. The reader lives no longer than the bytes.
  @_lifetime(copy bytes)
  @inlinable public init(_ bytes: RawSpan) { self.bytes = bytes }

  @inlinable public var isAtEnd: Bool { offset == bytes.byteCount }

  /// The next `MemoryLayout<T>.size` bytes as a little-endian integer. Throws when there are fewer left. O(1).
  @inlinable @inline(__always)
  public mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type
  ) throws(MalformedBytes) -> T {
    let start = try advance(by: MemoryLayout<T>.size)
    return bytes.load(at: start, as: type)
  }

  /// The next varint: LEB128, seven bits a byte, the lowest first. Throws when it is not ended within ten bytes, or the
  /// bytes end first. O(bytes of it).
  @inlinable @inline(__always)
  public mutating func varint() throws(MalformedBytes) -> UInt64 {
    if position < bytes.byteCount {
      let byte = bytes.byte(at: position)
      if byte < 0x80 {
        position += 1
        return UInt64(byte)
      }
    }
    return try longVarint()
  }

  @usableFromInline
  mutating func longVarint() throws(MalformedBytes) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    if bytes.byteCount - position >= 8 {
      let word = bytes.word(at: position)
      // The last byte is the first without the top bit.
      let ends = ~word & 0x8080_8080_8080_8080
      if ends != 0 {
        let bitCount = ends.trailingZeroBitCount + 1
        position += bitCount / 8
        return Self.joined(word & (.max >> UInt64(64 - bitCount)))
      }
      position += 8
      (value, shift) = (Self.joined(word), 56)
    }
    while shift < 64 {
      let byte = try integer(UInt8.self)
      // The tenth has one bit.
      if shift == 63, byte > 1 { throw MalformedBytes(offset: offset) }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw MalformedBytes(offset: offset)
  }

  /// The lower seven bits of each of eight bytes, side by side.
  private static func joined(_ bytes: UInt64) -> UInt64 {
    var bits = bytes & 0x7F7F_7F7F_7F7F_7F7F
    bits = bits & 0x007F_007F_007F_007F | (bits & 0x7F00_7F00_7F00_7F00) >> 1
    bits = bits & 0x0000_3FFF_0000_3FFF | (bits & 0x3FFF_0000_3FFF_0000) >> 2
    return bits & 0x0000_0000_0FFF_FFFF | (bits & 0x0FFF_FFFF_0000_0000) >> 4
  }

  /// A varint whose lowest bit is the sign: zigzag. Throws as ``varint()`` does.
  @inlinable
  public mutating func signedVarint() throws(MalformedBytes) -> Int64 {
    Int64(zigzag: try varint())
  }

  /// A varint that counts things of at least one byte each in the bytes to come, or at most `limit`.
  @inlinable
  public mutating func count(limit: Int? = nil) throws(MalformedBytes) -> Int {
    let value = try varint()
    guard value <= UInt64(limit ?? bytes.byteCount - offset) else {
      throw MalformedBytes(offset: offset)
    }
    return Int(value)
  }

  /// Skips `byteCount` bytes and gives where they began.
  @inlinable @inline(__always) @discardableResult
  public mutating func advance(by byteCount: Int) throws(MalformedBytes) -> Int {
    guard byteCount >= 0, byteCount <= bytes.byteCount - offset else {
      throw MalformedBytes(offset: offset)
    }
    defer { position += byteCount }
    return position
  }

  /// A copy of the next `byteCount` bytes. Throws when there are fewer left, or the count is negative. O(bytes).
  public mutating func array(byteCount: Int) throws(MalformedBytes) -> [UInt8] {
    let start = try advance(by: byteCount)
    var copy: [UInt8] = []
    copy.append(span: bytes.extracting(start..<start + byteCount))
    return copy
  }

  /// A count of bytes, as a varint, and the UTF-8 of a string: bytes that are none become U+FFFD. Throws when there are
  /// fewer bytes left. O(bytes).
  public mutating func string() throws(MalformedBytes) -> String {
    String(decoding: try array(byteCount: try count()), as: UTF8.self)
  }
}
