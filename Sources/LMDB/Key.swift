/// A key of up to 40 bytes, held without heap allocation.
///
/// LMDB sorts keys as bytes, so integers are appended big-endian: the order of the keys is then the
/// order of the numbers, field by field.
///
///     let key = Key(seriesID).appending(bucketStart)
///
/// Every operation is O(capacity).
public struct Key: Sendable {
  /// The most bytes that a key holds.
  @inlinable public static var capacity: Int { 40 }

  @usableFromInline var storage: InlineArray<40, UInt8>
  @usableFromInline var length: UInt8

  /// The empty key, to append to. No entry has it; a cursor that seeks it finds the first one.
  @inlinable public init() {
    storage = InlineArray(repeating: 0)
    length = 0
  }

  /// A key of one integer.
  @inlinable public init(_ value: UInt64) {
    self.init()
    append(value)
  }

  /// A copy of `bytes`, or nil if there are more than ``capacity``.
  public init?(copying bytes: RawSpan) {
    guard bytes.byteCount <= Self.capacity else { return nil }
    self.init()
    append(bytes)
  }

  /// How many bytes the key has.
  @inlinable public var byteCount: Int { Int(length) }

  /// The bytes of the key.
  @inlinable public var bytes: RawSpan {
    @_lifetime(borrow self)
    get { unsafe storage.span.bytes.extracting(first: byteCount) }
  }
}

extension Key {
  /// Appends `value`, most significant byte first.
  ///
  /// - Precondition: the key keeps within ``capacity``.
  @inlinable public mutating func append<Value: FixedWidthInteger & UnsignedInteger>(
    _ value: Value
  ) {
    let width = Value.bitWidth / 8
    let start = byteCount
    precondition(start + width <= Self.capacity, "a Key holds at most 40 bytes")
    for index in 0..<width {
      storage[start + index] = UInt8(truncatingIfNeeded: value >> Value((width - 1 - index) * 8))
    }
    length = UInt8(start + width)
  }

  /// Appends `bytes` as they are.
  ///
  /// - Precondition: the key keeps within ``capacity``.
  @inlinable public mutating func append(_ bytes: RawSpan) {
    let start = byteCount
    precondition(start + bytes.byteCount <= Self.capacity, "a Key holds at most 40 bytes")
    for index in bytes.byteOffsets {
      storage[start + index] = unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
    }
    length = UInt8(start + bytes.byteCount)
  }

  /// The key with one more byte.
  @inlinable public func appending(_ value: UInt8) -> Key { appendingInteger(value) }

  /// The key with two more bytes, big-endian.
  @inlinable public func appending(_ value: UInt16) -> Key { appendingInteger(value) }

  /// The key with four more bytes, big-endian.
  @inlinable public func appending(_ value: UInt32) -> Key { appendingInteger(value) }

  /// The key with eight more bytes, big-endian.
  @inlinable public func appending(_ value: UInt64) -> Key { appendingInteger(value) }

  /// The key with `bytes` after it.
  @inlinable public func appending(_ bytes: RawSpan) -> Key {
    var key = self
    key.append(bytes)
    return key
  }

  /// The key with `bytes` after it.
  @inlinable public func appending(_ bytes: [UInt8]) -> Key {
    unsafe appending(bytes.span.bytes)
  }

  @inlinable func appendingInteger<Value: FixedWidthInteger & UnsignedInteger>(
    _ value: Value
  ) -> Key {
    var key = self
    key.append(value)
    return key
  }

  /// The first key after all that begin with this one, or nil if there is none: the exclusive upper
  /// bound of a range by prefix.
  public var endOfPrefix: Key? {
    var end = self
    while end.length > 0 {
      let last = end.byteCount - 1
      if end.storage[last] < .max {
        end.storage[last] += 1
        return end
      }
      end.storage[last] = 0
      end.length -= 1
    }
    return nil
  }
}

extension Key {
  /// The byte at `offset` of a key, or nil if the key is too short.
  @inlinable public static func uint8(in key: RawSpan, at offset: Int) -> UInt8? {
    integer(in: key, at: offset)
  }

  /// The big-endian integer at `offset` of a key, or nil if the key is too short.
  @inlinable public static func uint16(in key: RawSpan, at offset: Int) -> UInt16? {
    integer(in: key, at: offset)
  }

  /// The big-endian integer at `offset` of a key, or nil if the key is too short.
  @inlinable public static func uint32(in key: RawSpan, at offset: Int) -> UInt32? {
    integer(in: key, at: offset)
  }

  /// The big-endian integer at `offset` of a key, or nil if the key is too short.
  @inlinable public static func uint64(in key: RawSpan, at offset: Int) -> UInt64? {
    integer(in: key, at: offset)
  }

  @inlinable static func integer<Value: FixedWidthInteger & BitwiseCopyable>(
    in key: RawSpan, at offset: Int
  ) -> Value? {
    guard offset >= 0, offset <= key.byteCount - Value.bitWidth / 8 else { return nil }
    return Value(bigEndian: unsafe key.unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self))
  }
}

extension Key: Hashable, Comparable, CustomStringConvertible {
  public static func == (left: Key, right: Key) -> Bool {
    order(left.bytes, right.bytes) == 0
  }

  /// The order in which LMDB sorts: by bytes, a prefix before what it begins.
  public static func < (left: Key, right: Key) -> Bool {
    order(left.bytes, right.bytes) < 0
  }

  public func hash(into hasher: inout Hasher) {
    for index in 0..<byteCount { hasher.combine(storage[index]) }
    hasher.combine(length)
  }

  /// The bytes in hexadecimal.
  public var description: String {
    let digits = Array("0123456789abcdef")
    var text = ""
    for index in 0..<byteCount {
      text.append(digits[Int(storage[index] >> 4)])
      text.append(digits[Int(storage[index] & 15)])
    }
    return text
  }
}
