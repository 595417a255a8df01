/// An encoding of Unicode that is not UTF-8, as the first bytes of a text show it.
enum WideEncoding: String {
  case utf16 = "UTF-16"
  case utf16LittleEndian = "UTF-16LE"
  case utf16BigEndian = "UTF-16BE"
  case utf32 = "UTF-32"
  case utf32LittleEndian = "UTF-32LE"
  case utf32BigEndian = "UTF-32BE"
  /// More bytes are needed.
  case undecided

  /// Nil for what can be UTF-8. Known by a byte-order mark, or by the NUL bytes that the first two
  /// characters have, which are ASCII in all formats that are read (RFC 4627, section 3).
  init?(firstBytes bytes: Span<UInt8>, isEnd: Bool) {
    func byte(_ index: Int) -> UInt8? { index < bytes.count ? bytes[index] : nil }
    let mayBeWide = byte(0) == 0xFF || byte(0) == 0xFE || byte(0) == 0 || byte(1) == 0
    guard mayBeWide else { return nil }
    if bytes.count < 4 && !isEnd {
      self = .undecided
      return
    }
    switch (byte(0), byte(1), byte(2), byte(3)) {
    case (0xFF, 0xFE, 0, 0), (0, 0, 0xFE, 0xFF): self = .utf32
    case (0xFF, 0xFE, _, _), (0xFE, 0xFF, _, _): self = .utf16
    case (0, 0, 0, .some(1...)): self = .utf32BigEndian
    case (.some(1...), 0, 0, 0): self = .utf32LittleEndian
    case (0, .some(1...), 0, .some(1...)): self = .utf16BigEndian
    case (.some(1...), 0, .some(1...), 0): self = .utf16LittleEndian
    default: return nil
    }
  }
}
