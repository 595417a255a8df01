/// Unaligned little-endian loads from raw bytes. Each is checked against the span's bounds, so the two
/// unsafe expressions of this module are safe to call from anywhere.
extension RawSpan {
  /// The eight bytes from `offset`, little-endian; bytes past the end read as zero.
  @inlinable @inline(__always)
  public func word(at offset: Int) -> UInt64 {
    if offset >= 0 && offset <= byteCount - 8 {
      return unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian
    }
    return partialWord(at: offset)
  }

  /// The little-endian integer at `offset`. Traps when it does not lie within the span.
  @inlinable @inline(__always)
  public func load<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: T.Type) -> T {
    precondition(offset >= 0 && offset <= byteCount - MemoryLayout<T>.size, "load out of bounds")
    return T(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
  }

  /// The byte at `offset`. Traps when it does not lie within the span.
  @inlinable @inline(__always)
  public func byte(at offset: Int) -> UInt8 {
    load(at: offset, as: UInt8.self)
  }

  @usableFromInline @inline(never)
  func partialWord(at offset: Int) -> UInt64 {
    precondition(offset >= 0, "load out of bounds")
    var word: UInt64 = 0
    var index = offset
    while index < byteCount {
      word |= UInt64(byte(at: index)) << UInt64(8 * (index - offset))
      index += 1
    }
    return word
  }

  /// Whether the bytes of both spans are the same.
  @inlinable
  public func isEqual(to other: RawSpan) -> Bool {
    byteCount == other.byteCount && isEqual(from: 0, to: other, from: 0, byteCount: byteCount)
  }

  /// Whether `byteCount` bytes from `start` on are the same as those of `other` from `otherStart` on.
  @inlinable
  public func isEqual(
    from start: Int, to other: RawSpan, from otherStart: Int, byteCount: Int
  ) -> Bool {
    precondition(start + byteCount <= self.byteCount)
    precondition(otherStart + byteCount <= other.byteCount)
    var offset = 0
    while offset + 8 <= byteCount {
      if word(at: start + offset) != other.word(at: otherStart + offset) { return false }
      offset += 8
    }
    if offset == byteCount { return true }
    if byteCount >= 8 {
      // The last eight, some of them once more.
      let last = byteCount - 8
      return word(at: start + last) == other.word(at: otherStart + last)
    }
    let difference = word(at: start + offset) ^ other.word(at: otherStart + offset)
    return difference << UInt64(8 * (8 - (byteCount - offset))) == 0
  }
}

extension RawSpan {
  /// How many bytes from the first on are the same in both. O(bytes).
  @inlinable
  public func commonPrefix(_ other: RawSpan) -> Int {
    let shared = min(byteCount, other.byteCount)
    var offset = 0
    while offset + 8 <= shared {
      let difference = word(at: offset) ^ other.word(at: offset)
      if difference != 0 { return offset + difference.trailingZeroBitCount / 8 }
      offset += 8
    }
    while offset < shared, byte(at: offset) == other.byte(at: offset) { offset += 1 }
    return offset
  }

  /// Whether it sorts before `other`: by bytes, a prefix before what it begins. O(bytes).
  @inlinable
  public func precedes(_ other: RawSpan) -> Bool {
    let shared = commonPrefix(other)
    if shared == other.byteCount { return false }
    return shared == byteCount || byte(at: shared) < other.byte(at: shared)
  }
}
