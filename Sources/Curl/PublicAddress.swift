/// Which addresses are of the internet, and not of this machine or of networks around it.
public enum PublicAddress {
  /// Of an address in numbers: `192.0.2.1`, `2001:db8::1`. What cannot be read is not public. The ranges are those of the
  /// registries of special-purpose addresses (RFC 6890) that reach no one else.
  public static func isPublic(_ text: String) -> Bool {
    if let bytes = version4(text) { return isPublic4(bytes) }
    guard let words = version6(text) else { return false }
    // An address of version 4 in one of version 6: mapped, compatible, or translated.
    let last = [words[6] >> 8, words[6] & 255, words[7] >> 8, words[7] & 255].map { UInt8($0) }
    if words[..<5].allSatisfy({ $0 == 0 }) { return words[5] == 0xffff && isPublic4(last) }
    if words[0] == 0x64, words[1] == 0xff9b { return isPublic4(last) }
    // 2002::/16 holds one in the words that follow.
    if words[0] == 0x2002 {
      return isPublic4(
        [words[1] >> 8, words[1] & 255, words[2] >> 8, words[2] & 255].map { UInt8($0) })
    }
    // 2000::/3 is what is given out to the internet.
    return words[0] >> 13 == 1
  }

  private static func isPublic4(_ bytes: [UInt8]) -> Bool {
    switch (bytes[0], bytes[1], bytes[2]) {
    case (0, _, _), (10, _, _), (127, _, _), (169, 254, _), (192, 168, _), (192, 0, 0): false
    case (172, 16...31, _), (100, 64...127, _), (198, 18...19, _): false
    default: bytes[0] < 224
    }
  }

  private static func version4(_ text: String) -> [UInt8]? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let bytes = parts.compactMap { UInt8($0) }
    return parts.count == 4 && bytes.count == 4 ? bytes : nil
  }

  /// The eight words of an address of version 6.
  private static func version6(_ text: String) -> [UInt16]? {
    var text = text.prefix { $0 != "%" }
    // The last two words may be written as an address of version 4.
    if let colon = text.lastIndex(of: ":"),
      let bytes = version4(String(text[text.index(after: colon)...]))
    {
      let words = [
        UInt16(bytes[0]) << 8 | UInt16(bytes[1]), UInt16(bytes[2]) << 8 | UInt16(bytes[3]),
      ]
      text = text[...colon] + words.map { String($0, radix: 16) }.joined(separator: ":")
    }
    func words(_ part: Substring) -> [UInt16]? {
      if part.isEmpty { return [] }
      let pieces = part.split(separator: ":", omittingEmptySubsequences: false)
      let words = pieces.compactMap { $0.utf8.count <= 4 ? UInt16($0, radix: 16) : nil }
      return words.count == pieces.count ? words : nil
    }
    let halves = text.split(separator: "::", maxSplits: 1, omittingEmptySubsequences: false)
    guard halves.count == 2 else {
      return words(text[...]).flatMap { $0.count == 8 ? $0 : nil }
    }
    guard let head = words(halves[0]), let tail = words(halves[1]), head.count + tail.count < 8
    else { return nil }
    return head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
  }
}
