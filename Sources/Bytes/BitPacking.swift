/// Fixed-width bit packing: value `i` of width `w` occupies bits `i*w ..< (i+1)*w`, low bits first.
///
/// Any value can be read on its own in O(1): one unaligned eight-byte load, a shift and a mask. Widths
/// above 57 bits would straddle nine bytes, so they are rounded up to 64.
public enum BitPacking {
  /// The width that `pack` uses for values of at most `bits` significant bits.
  @inlinable
  public static func width(forBits bits: Int) -> Int { bits > 57 ? 64 : bits }

  /// The bytes that `count` values of `width` bits take.
  @inlinable
  public static func byteCount(count: Int, width: Int) -> Int { (count * width + 7) / 8 }

  /// Appends the low `width` bits of each value. O(values).
  @inlinable
  public static func pack(_ values: Span<UInt64>, width: Int, into output: inout [UInt8]) {
    guard width > 0 else { return }
    let start = output.count
    let size = byteCount(count: values.count, width: width)
    // The last store is a whole word; the slack goes away again below.
    output.append(contentsOf: repeatElement(0, count: size + 8))
    var target = output.mutableSpan
    var bytes = unsafe target.mutableBytes
    var pending: UInt64 = 0
    var pendingBits = 0
    var offset = start
    for index in values.indices {
      let value = values[index]
      pending |= value << UInt64(pendingBits)
      let filled = pendingBits + width
      if filled >= 64 {
        bytes.storeBytes(of: pending.littleEndian, toByteOffset: offset, as: UInt64.self)
        offset += 8
        pendingBits = filled - 64
        // A shift by 64 or more gives zero in Swift, which is what a word that just filled needs.
        pending = value >> UInt64(width - pendingBits)
      } else {
        pendingBits = filled
      }
    }
    bytes.storeBytes(of: pending.littleEndian, toByteOffset: offset, as: UInt64.self)
    output.removeLast(output.count - start - size)
  }

  /// Value `index` of those packed from `offset` on.
  @inlinable @inline(__always)
  public static func value(
    _ index: Int, width: Int, in bytes: RawSpan, from offset: Int
  ) -> UInt64 {
    if width == 64 { return bytes.word(at: offset + index * 8) }
    let bit = index * width
    let mask = (1 as UInt64) << UInt64(width) - 1
    return (bytes.word(at: offset + bit >> 3) >> UInt64(bit & 7)) & mask
  }

  /// Appends `count` values packed from byte `start` on, as ``value(_:width:in:from:)`` reads them. Traps when they do not
  /// lie within the span. O(count).
  public static func unpack(
    _ count: Int, width: Int, in bytes: RawSpan, from start: Int, into output: inout [Int64]
  ) {
    precondition(width == 64 || width <= 57, "no such width: \(width)")
    precondition(
      start >= 0 && count >= 0 && byteCount(count: count, width: width) <= bytes.byteCount - start,
      "packed values out of bounds")
    if width == 0 {
      output.append(contentsOf: repeatElement(0, count: count))
      return
    }
    // Values of which eight bytes can be read; the last ones may stand too near the end.
    let safe = min(count, max(0, (bytes.byteCount - start - 8) * 8 / width))
    let mask: UInt64 = width == 64 ? .max : (1 << UInt64(width)) - 1
    let old = output.count
    output.append(addingCapacity: count) { free in
      unsafe bytes.withUnsafeBytes { packed in
        unsafe free.withUnsafeMutableBufferPointer { values, filled in
          // Not by `append`, which asks each time whether there is room.
          guard let source = unsafe packed.baseAddress, let target = unsafe values.baseAddress
          else { return }
          var bit = UInt(start) &* 8
          for index in 0..<safe {
            let word = unsafe source.loadUnaligned(
              fromByteOffset: Int(bitPattern: bit &>> 3), as: UInt64.self)
            let value = word.littleEndian &>> UInt64(bit & 7) & mask
            unsafe (target + index).initialize(to: Int64(bitPattern: value))
            bit &+= UInt(bitPattern: width)
          }
          filled = safe
        }
      }
    }
    for index in output.count - old..<count {
      output.append(Int64(bitPattern: value(index, width: width, in: bytes, from: start)))
    }
  }
}
