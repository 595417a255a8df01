import Snappy
import Testing

@Suite struct SnappyTests {
  @Test func bytesComeBack() throws {
    rounds(100) { random in
      let kinds = random.within(1...256)
      let bytes = (0..<random.below(10_000)).map { _ in UInt8(random.below(kinds)) }
      let block = Snappy.compress(bytes)
      try checkEqual(try Snappy.decompress(block, maxBytes: bytes.count), bytes, "bytes")
      if !bytes.isEmpty {
        #expect(throws: Snappy.Failure.tooLarge(bytes.count)) {
          _ = try Snappy.decompress(block, maxBytes: bytes.count - 1)
        }
      }
    }
  }

  @Test func damageIsNoticed() {
    for block in [[], [0xFF], [0x05, 0x00], [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]] as [[UInt8]] {
      #expect(throws: Snappy.Failure.self) { _ = try Snappy.decompress(block, maxBytes: 1_000) }
    }
  }
}
