/// The bytes ended before the value, or hold one that cannot be.
public struct MalformedBytes: Error, Sendable, Equatable {
  /// Where reading stopped, as an offset from the reader's start.
  public var offset: Int
  @inlinable public init(offset: Int) { self.offset = offset }
}

/// Reads back what the appending calls of `[UInt8]` wrote. Never reads past the end: it throws.
public struct ByteReader: ~Escapable {
  public let bytes: RawSpan
  @usableFromInline var position = 0

  /// Where the next value begins.
  @inlinable public var offset: Int { position }

  @_lifetime(copy bytes)
  @inlinable public init(_ bytes: RawSpan) { self.bytes = bytes }

  @inlinable public var isAtEnd: Bool { offset == bytes.byteCount }

  @inlinable @inline(__always)
  public mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type
  ) throws(MalformedBytes) -> T {
    let start = try advance(by: MemoryLayout<T>.size)
    return bytes.load(at: start, as: type)
  }

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
    while shift < 64 {
      let byte = try integer(UInt8.self)
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw MalformedBytes(offset: offset)
  }

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

  public mutating func array(byteCount: Int) throws(MalformedBytes) -> [UInt8] {
    let start = try advance(by: byteCount)
    var copy: [UInt8] = []
    copy.append(span: bytes.extracting(start..<start + byteCount))
    return copy
  }

  public mutating func string() throws(MalformedBytes) -> String {
    String(decoding: try array(byteCount: try count()), as: UTF8.self)
  }
}
