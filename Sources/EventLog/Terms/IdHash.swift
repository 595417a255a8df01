import Bytes

/// A 64-bit hash of short byte strings: words are folded by 64x64->128-bit multiplication (the mixing step
/// of Wang Yi's wyhash). Whoever relies on it compares the strings as well. The key keeps a device from
/// choosing ids whose hashes fall together.
enum IdHash {
  @inline(__always)
  static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (high, low) = left.multipliedFullWidth(by: right)
    return high ^ low
  }

  /// The key of hashes that do not leave memory.
  static let fixedKey: UInt64 = 0x9E37_79B9_7F4A_7C15

  /// The hash of `count` bytes at `start`. O(count).
  @inline(__always)
  static func hash(_ bytes: RawSpan, start: Int, count: Int, key: UInt64 = fixedKey) -> UInt64 {
    var state = UInt64(truncatingIfNeeded: count) ^ key
    var offset = 0
    while offset + 16 <= count {
      state = mix(
        bytes.word(at: start + offset) ^ state,
        bytes.word(at: start + offset + 8) ^ 0xD6E8_FEB8_6659_FD93)
      offset += 16
    }
    if offset < count {
      let rest = count - offset
      let first = bytes.word(at: start + offset)
      let low = rest >= 8 ? first : first & ((1 << UInt64(8 * rest)) - 1)
      var high: UInt64 = 0
      if rest > 8 {
        high = bytes.word(at: start + offset + 8) & ((1 << UInt64(8 * (rest - 8))) - 1)
      }
      state = mix(low ^ state, high ^ 0xA076_1D64_78BD_642F)
    }
    return mix(state, 0xE703_7ED1_A0B4_28DB)
  }
}
