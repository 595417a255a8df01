/// Samples in the form that Prometheus keeps them in: times by how their differences change, values by the bits that differ
/// from the one before (Pelkonen et al., Gorilla, 2015).
struct XORChunk {
  /// Samples of a chunk at most, as Prometheus makes them.
  static let maxSamples = 120

  private var bits = BitWriter()
  private var count: UInt16 = 0
  private var timeMs: Int64 = 0
  private var deltaMs: Int64 = 0
  private var value: UInt64 = 0
  /// The zeros before and behind the bits that differed last; none yet.
  private var window: (leading: Int, trailing: Int)?

  /// The chunk: the number of samples in two bytes, and the samples.
  var bytes: [UInt8] { [UInt8(count >> 8), UInt8(count & 0xFF)] + bits.bytes }

  /// Adds a sample after those before.
  mutating func append(_ value: Double, atMs timeMs: Int64) {
    precondition(count < Self.maxSamples, "a chunk has more samples than it may")
    let delta = timeMs &- self.timeMs
    switch count {
    case 0:
      bits.append(varint: timeMs)
      bits.append(value.bitPattern, 64)
    case 1:
      bits.append(uvarint: UInt64(bitPattern: delta))
      append(value)
    default:
      append(changeOfDelta: delta &- deltaMs)
      append(value)
    }
    (self.timeMs, self.value) = (timeMs, value.bitPattern)
    if count > 0 { deltaMs = delta }
    count += 1
  }

  private mutating func append(changeOfDelta change: Int64) {
    if change == 0 { return bits.append(0b0, 1) }
    // The most that each width holds is one more than in two's complement, the least one less away.
    for (prefix, prefixBits, width) in [(0b10, 2, 14), (0b110, 3, 17), (0b1110, 4, 20)]
      as [(UInt64, Int, Int)]
    {
      let half = Int64(1) << (width - 1)
      guard change >= 1 - half, change <= half else { continue }
      bits.append(prefix, prefixBits)
      return bits.append(UInt64(bitPattern: change) & (1 << width - 1), width)
    }
    bits.append(0b1111, 4)
    bits.append(UInt64(bitPattern: change), 64)
  }

  private mutating func append(_ value: Double) {
    let difference = value.bitPattern ^ self.value
    if difference == 0 { return bits.append(0, 1) }
    bits.append(1, 1)
    // Five bits hold it.
    let leading = min(31, difference.leadingZeroBitCount)
    let trailing = difference.trailingZeroBitCount
    if let window, leading >= window.leading, trailing >= window.trailing {
      bits.append(0, 1)
      return bits.append(
        difference >> window.trailing, 64 - window.leading - window.trailing)
    }
    window = (leading, trailing)
    let width = 64 - leading - trailing
    bits.append(1, 1)
    bits.append(UInt64(leading), 5)
    // 64 does not fit into six bits and is written as 0, which there is not.
    bits.append(UInt64(width & 63), 6)
    bits.append(difference >> trailing, width)
  }
}

/// Writes bits one after the other, the highest of a byte first.
private struct BitWriter {
  private(set) var bytes: [UInt8] = []
  /// Bits that the last byte has room for.
  private var room = 0

  /// The lowest `count` bits of a word.
  mutating func append(_ word: UInt64, _ count: Int) {
    var left = count
    while left > 0 {
      if room == 0 {
        bytes.append(0)
        room = 8
      }
      let taken = min(left, room)
      let part = word >> (left - taken) & (1 << taken - 1)
      bytes[bytes.count - 1] |= UInt8(part) << (room - taken)
      room -= taken
      left -= taken
    }
  }

  mutating func append(uvarint word: UInt64) {
    var rest = word
    while rest >= 0x80 {
      append(rest & 0x7F | 0x80, 8)
      rest >>= 7
    }
    append(rest, 8)
  }

  /// With the sign in the lowest bit.
  mutating func append(varint word: Int64) {
    append(uvarint: UInt64(bitPattern: word &<< 1 ^ word >> 63))
  }
}
