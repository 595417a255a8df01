/// Appending the log's primitives to a byte array: little-endian integers, varints and byte runs.
extension [UInt8] {
  /// Appends `value` little-endian in its full width.
  @inlinable
  public mutating func append<T: FixedWidthInteger>(littleEndian value: T) {
    unsafe Swift.withUnsafeBytes(of: value.littleEndian) { unsafe append(contentsOf: $0) }
  }

  /// Appends all `values` little-endian in their full width. O(values).
  @inlinable
  public mutating func append<T: FixedWidthInteger & BitwiseCopyable>(littleEndian values: Span<T>)
  {
    #if _endian(little)
      unsafe append(span: values.bytes)
    #else
      for index in values.indices { append(littleEndian: values[index]) }
    #endif
  }

  /// Appends `value` in 1 to 10 bytes, seven bits a byte, low bits first (LEB128).
  @inlinable
  public mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  /// Appends `value` as a zigzag varint: small magnitudes of either sign stay short.
  @inlinable
  public mutating func append(signedVarint value: Int64) {
    append(varint: value.zigzag)
  }

  /// Appends a string: its UTF-8 length as a varint, then its bytes.
  @inlinable
  public mutating func append(string: String) {
    append(varint: UInt64(string.utf8.count))
    append(contentsOf: string.utf8)
  }

  /// Appends the bytes of a span; amortised O(`span.byteCount`).
  @inlinable
  public mutating func append(span: RawSpan) {
    unsafe span.withUnsafeBytes { unsafe append(contentsOf: $0) }
  }

  /// Appends the bytes of `other` in `range`.
  @inlinable
  public mutating func append(_ other: borrowing [UInt8], range: Range<Int>) {
    append(span: other.rawSpan(range))
  }
}

extension Int64 {
  /// Maps 0, -1, 1, -2, 2 ... to 0, 1, 2, 3, 4 ...
  @inlinable @inline(__always)
  public var zigzag: UInt64 { UInt64(bitPattern: (self << 1) ^ (self >> 63)) }

  /// The inverse of ``zigzag``.
  @inlinable @inline(__always)
  public init(zigzag value: UInt64) {
    self = Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }
}
