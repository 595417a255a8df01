import Testing

@testable import Bytes

@Suite struct WordsTests {
  @Test func wordsPastTheEndReadAsZero() {
    let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    let words = [0, 1, 2, 8, 9, 1_000].map { bytes.rawSpan.word(at: $0) }
    #expect(
      words == [
        0x0807_0605_0403_0201, 0x0908_0706_0504_0302, 0x0009_0807_0605_0403, 9, 0, 0,
      ])
    let empty: [UInt8] = []
    let none = empty.rawSpan.word(at: 0)
    #expect(none == 0)
  }

  /// A span of a part of an array must not show what stands beside it.
  @Test func wordsOfARangeStayInside() throws {
    rounds(300) { random in
      let bytes = (0..<random.within(0...40)).map { _ in UInt8(random.within(1...255)) }
      let start = random.within(0...bytes.count)
      let end = random.within(start...bytes.count)
      let span = bytes.rawSpan(start..<end)
      for offset in 0..<(end - start + 10) {
        var wanted: UInt64 = 0
        for index in 0..<8 where start + offset + index < end {
          wanted |= UInt64(bytes[start + offset + index]) << UInt64(8 * index)
        }
        try checkEqual(span.word(at: offset), wanted, "word at \(offset) of \(start)..<\(end)")
      }
    }
  }

  @Test func loadsAreLittleEndian() {
    let bytes: [UInt8] = [0x01, 0x80, 0xFF, 0x7F, 0, 0, 0, 0x80]
    let short = bytes.rawSpan.load(at: 0, as: UInt16.self)
    let signed = bytes.rawSpan.load(at: 1, as: Int16.self)
    let word = bytes.rawSpan.load(at: 0, as: Int64.self)
    let last = bytes.rawSpan.byte(at: 7)
    #expect(short == 0x8001)
    #expect(signed == -128)
    #expect(word == Int64(bitPattern: 0x8000_0000_7FFF_8001))
    #expect(last == 0x80)
  }

  @Test func equalityIsThatOfTheBytes() {
    rounds(500) { random in
      let left = (0..<random.below(20)).map { _ in UInt8(random.below(2)) }
      var right = left
      try check(left.rawSpan.isEqual(to: right.rawSpan), "\(left) is not equal to itself")
      if !right.isEmpty {
        right[random.below(right.count)] ^= UInt8(1 << random.below(8))
        try check(!left.rawSpan.isEqual(to: right.rawSpan), "\(left) equals \(right)")
      }
      let longer = left + [0]
      try check(!left.rawSpan.isEqual(to: longer.rawSpan), "\(left) equals a longer one")
    }
  }

  @Test func equalityOfPartsLooksAtTheseOnly() {
    rounds(500) { random in
      let count = random.below(20)
      let part = (0..<count).map { _ in UInt8(random.below(256)) }
      func framed(_ part: [UInt8]) -> (bytes: [UInt8], start: Int) {
        let before = (0..<random.below(9)).map { _ in UInt8(random.below(256)) }
        let after = (0..<random.below(9)).map { _ in UInt8(random.below(256)) }
        return (before + part + after, before.count)
      }
      func isEqual(_ other: [UInt8]) -> Bool {
        let (left, right) = (framed(part), framed(other))
        return left.bytes.rawSpan.isEqual(
          from: left.start, to: right.bytes.rawSpan, from: right.start, byteCount: count)
      }
      try check(isEqual(part), "\(part) is not equal to itself")
      if count > 0 {
        var other = part
        other[random.below(count)] ^= UInt8(1 << random.below(8))
        try check(!isEqual(other), "\(part) equals \(other)")
      }
    }
  }
}
