/// The cyclic redundancy check of Castagnoli, by which frames of chunks are checked (RFC 3720, appendix B.4).
enum CRC32C {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { word, _ in
      word & 1 == 1 ? word >> 1 ^ 0x82F6_3B78 : word >> 1
    }
  }

  /// O(bytes).
  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    let table = table
    var word = UInt32.max
    for byte in bytes { word = word >> 8 ^ table[Int(UInt8(truncatingIfNeeded: word) ^ byte)] }
    return ~word
  }
}
