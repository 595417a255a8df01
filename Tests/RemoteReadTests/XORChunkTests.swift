import Foundation
import Testing

@testable import RemoteRead

@Suite struct XORChunkTests {
  /// The value that RFC 3720 and others give for the digits.
  @Test func checksumsAreThoseOfCastagnoli() {
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.checksum([]) == 0)
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
  }

  @Test func samplesAreReadAgain() {
    rounds(300) { random in
      var chunk = XORChunk()
      var timeMs = Int64(random.word() >> 2)
      var samples: [(Int64, UInt64)] = []
      for _ in 0..<random.within(1...XORChunk.maxSamples) {
        let value =
          random.oneIn(3)
          ? samples.last.map { Double(bitPattern: $0.1) } ?? 0
          : random.oneIn(2) ? Double(random.within(-50...50)) : Double(bitPattern: random.word())
        chunk.append(value, atMs: timeMs)
        samples.append((timeMs, value.bitPattern))
        timeMs +=
          random.oneIn(4) ? 15_000 : Int64(random.word() >> UInt64(random.within(8...60))) + 1
        if timeMs > 1 << 62 { break }
      }
      let read = ChunkReader(chunk.bytes).samples()
      try check(
        read.map(\.0) == samples.map(\.0) && read.map(\.1) == samples.map(\.1),
        "\(samples) came back as \(read)")
    }
  }
}

/// Reads a chunk by its description (tsdb/docs/format/chunks.md of Prometheus).
private struct ChunkReader {
  private let bytes: [UInt8]
  private var bit = 16

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  private mutating func take(_ count: Int) -> UInt64 {
    var word: UInt64 = 0
    for _ in 0..<count {
      word = word << 1 | UInt64(bytes[bit / 8] >> (7 - bit % 8) & 1)
      bit += 1
    }
    return word
  }

  private mutating func uvarint() -> UInt64 {
    var (word, shift): (UInt64, UInt64) = (0, 0)
    while true {
      let byte = take(8)
      word |= (byte & 0x7F) << shift
      if byte < 0x80 { return word }
      shift += 7
    }
  }

  private mutating func changeOfDelta() -> Int64 {
    var width = 64
    for size in [0, 14, 17, 20] {
      if take(1) == 0 {
        width = size
        break
      }
    }
    if width == 0 { return 0 }
    let word = take(width)
    if width == 64 { return Int64(bitPattern: word) }
    return word > 1 << UInt64(width - 1) ? Int64(word) - 1 << Int64(width) : Int64(word)
  }

  func samples() -> [(Int64, UInt64)] {
    var reader = self
    let count = Int(bytes[0]) << 8 | Int(bytes[1])
    let zigzag = reader.uvarint()
    var timeMs = Int64(bitPattern: zigzag >> 1 ^ (0 &- (zigzag & 1)))
    var value = reader.take(64)
    var samples = [(timeMs, value)]
    var delta: Int64 = 0
    var (leading, width) = (0, 0)
    for index in 1..<max(1, count) {
      delta = index == 1 ? Int64(bitPattern: reader.uvarint()) : delta &+ reader.changeOfDelta()
      timeMs &+= delta
      if reader.take(1) == 1 {
        if reader.take(1) == 1 {
          leading = Int(reader.take(5))
          width = Int(reader.take(6))
          if width == 0 { width = 64 }
        }
        value ^= reader.take(width) << UInt64(64 - leading - width)
      }
      samples.append((timeMs, value))
    }
    return samples
  }
}
