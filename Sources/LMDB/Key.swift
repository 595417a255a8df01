/// A key of up to 511 bytes; up to 40 are held without heap allocation.
///
/// LMDB sorts keys as bytes, so integers are appended big-endian: the order of the keys is then the
/// order of the numbers, field by field.
///
///     let key = Key(seriesID).appending(bucketStart)
///
/// Every operation is O(bytes).
public struct Key: Sendable {
  /// The most bytes that a key holds: LMDB's limit.
  @inlinable public static var capacity: Int { 511 }
  /// The most that it holds without an allocation.
  @inlinable static var inlineCapacity: Int { 40 }

  @usableFromInline var storage: InlineArray<40, UInt8>
  @usableFromInline var length: UInt16
  /// All bytes of a key of more than ``inlineCapacity``; nil for others.
  @usableFromInline var long: [UInt8]?

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
    get {
      if let long { return unsafe _overrideLifetime(long.span.bytes, borrowing: self) }
      return unsafe storage.span.bytes.extracting(first: byteCount)
    }
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
    guard start + width <= Self.inlineCapacity else {
      return appendLong((0..<width).map { Self.byte($0, of: value) })
    }
    for index in 0..<width { storage[start + index] = Self.byte(index, of: value) }
    length = UInt16(start + width)
  }

  @inlinable @inline(__always)
  static func byte<Value: FixedWidthInteger>(_ index: Int, of value: Value) -> UInt8 {
    UInt8(truncatingIfNeeded: value >> Value(Value.bitWidth - 8 - 8 * index))
  }

  /// Appends `bytes` as they are.
  ///
  /// - Precondition: the key keeps within ``capacity``.
  @inlinable public mutating func append(_ bytes: RawSpan) {
    let start = byteCount
    guard start + bytes.byteCount <= Self.inlineCapacity else {
      return appendLong(unsafe bytes.withUnsafeBytes { unsafe Array($0) })
    }
    for index in bytes.byteOffsets {
      storage[start + index] = unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
    }
    length = UInt16(start + bytes.byteCount)
  }

  /// Appends what there is no room for inline.
  @usableFromInline mutating func appendLong(_ bytes: [UInt8]) {
    precondition(byteCount + bytes.count <= Self.capacity, "a key holds at most 511 bytes")
    var all = long ?? (0..<byteCount).map { storage[$0] }
    all.append(contentsOf: bytes)
    length = UInt16(all.count)
    long = all
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
    var end = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    while let last = end.popLast() {
      if last < .max { return Key().appending(end).appending(last + 1) }
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
    unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    hasher.combine(length)
  }

  /// The bytes in hexadecimal.
  public var description: String {
    let digits = Array("0123456789abcdef")
    var text = ""
    for byte in unsafe bytes.withUnsafeBytes({ unsafe Array($0) }) {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return text
  }
}
