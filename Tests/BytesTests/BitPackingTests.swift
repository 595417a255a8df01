import Testing

@testable import Bytes

@Suite struct BitPackingTests {
  static let widths = Array(0...57) + [64]

  @Test(arguments: widths)
  func everyValueComesBack(width: Int) {
    rounds(12) { random in
      let mask = width == 64 ? UInt64.max : (1 << UInt64(width)) - 1
      let values = (0..<random.below(200)).map { _ in
        random.oneIn(4) ? mask : random.next() & mask
      }
      let before = (0..<random.below(9)).map { _ in UInt8(random.below(256)) }
      var packed = before
      BitPacking.pack(values.span, width: width, into: &packed)
      let size = BitPacking.byteCount(count: values.count, width: width)
      try checkEqual(packed.count, before.count + size, "size")
      try checkEqual(Array(packed.prefix(before.count)), before, "bytes in front")
      // What follows must not show through.
      packed.append(contentsOf: repeatElement(0xFF, count: random.below(10)))
      for index in values.indices.shuffled(using: &random) {
        try checkEqual(
          BitPacking.value(index, width: width, in: packed.rawSpan, from: before.count),
          values[index], "value \(index) of \(values.count), width \(width)")
      }
      var unpacked: [Int64] = [7]
      BitPacking.unpack(
        values.count, width: width, in: packed.rawSpan, from: before.count, into: &unpacked)
      let wanted = [7] + values.map { Int64(bitPattern: $0) }
      try checkEqual(unpacked, wanted, "all of width \(width)")
    }
  }

  /// The layout is part of the file format: bits `i*w ..< (i+1)*w`, low bits first.
  @Test func layoutIsFixed() {
    var packed: [UInt8] = []
    BitPacking.pack([1, 2, 3, 4, 5].span, width: 3, into: &packed)
    #expect(packed == [0b11_010_001, 0b0_101_100_0])
  }

  @Test func widthsThatStraddleNineBytesAreRoundedUp() {
    #expect((0...57).allSatisfy { BitPacking.width(forBits: $0) == $0 })
    #expect((58...64).allSatisfy { BitPacking.width(forBits: $0) == 64 })
  }
}
