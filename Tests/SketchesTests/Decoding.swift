import Bytes
import Sketches

/// What the encoding of each sketch offers, so that one set of checks serves all of them.
protocol Encodable: Equatable {
  func encode(into output: inout [UInt8])
  init(_ reader: inout ByteReader) throws(MalformedBytes)
}

extension QuantileSketch: Encodable {}
extension HyperLogLog: Encodable {}
extension TopK: Encodable {}

extension Encodable {
  var encoded: [UInt8] {
    var output: [UInt8] = []
    encode(into: &output)
    return output
  }

  /// Reads a sketch that has to fill `bytes`.
  init(decoding bytes: [UInt8]) throws {
    var reader = ByteReader(bytes.rawSpan)
    self = try Self(&reader)
    try check(reader.isAtEnd, "\(bytes.count - reader.offset) bytes are left")
  }

  /// Whether reading back gives the same, every shorter run of bytes is refused, and damaged bytes
  /// are refused or give some other sketch that can be written and read.
  func checkEncoding(_ random: inout SeededGenerator) throws {
    let bytes = encoded
    try checkEqual(try Self(decoding: bytes), self, "read back")
    for _ in 0..<20 {
      let cut = random.below(bytes.count)
      try check((try? Self(decoding: Array(bytes.prefix(cut)))) == nil, "cut at \(cut) was read")
    }
    for _ in 0..<20 {
      var damaged = bytes
      let near = random.oneIn(2) ? min(8, bytes.count) : bytes.count
      damaged[random.below(near)] ^= UInt8(1 << random.below(8))
      try Self.checkReading(damaged)
    }
  }

  /// Whether what is read from `bytes`, if anything, is a sketch that keeps when written again.
  static func checkReading(_ bytes: [UInt8]) throws {
    guard let sketch = try? Self(decoding: bytes) else { return }
    try checkEqual(try Self(decoding: sketch.encoded), sketch, "written again")
  }

  static func checkGarbage(_ random: inout SeededGenerator) throws {
    let bound = random.oneIn(2) ? 256 : 4
    let bytes = (0..<random.below(60)).map { _ in UInt8(random.below(bound)) }
    try checkReading(bytes)
  }
}

extension [UInt8] {
  var hex: String {
    map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
