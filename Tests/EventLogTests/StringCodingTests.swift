import Bytes
import Foundation
import Testing
import Zstd

@testable import EventLog

/// Strings one after the other, with something in front and between that must not matter.
struct StringColumn {
  var bytes: [UInt8] = Array("##".utf8)
  var ranges: [Range<Int>] = []

  init(_ texts: [String]) {
    for text in texts {
      ranges.append(bytes.count..<bytes.count + text.utf8.count)
      bytes += Array(text.utf8) + Array("|".utf8)
    }
  }

  /// As plain values.
  func encoded() throws -> [UInt8] {
    var output: [UInt8] = []
    try StringCoding.encode(
      values: ranges, of: bytes.rawSpan, ZstdCompressor(), into: &output)
    return output
  }

  /// As a dictionary in order of first appearance.
  func encodedAsDictionary() throws -> [UInt8] {
    var dictionary = StringDictionary()
    let codes = ranges.map {
      dictionary.code(bytes.rawSpan, start: $0.lowerBound, count: $0.count)
    }
    let entries = dictionary.entries.map { entry in
      Int(entry >> 32)..<Int(entry >> 32) + Int(entry & 0xFFFF_FFFF)
    }
    var output: [UInt8] = []
    try StringCoding.encode(
      entries: entries, codes: codes, of: bytes.rawSpan, ZstdCompressor(), into: &output)
    return output
  }
}

private func decoded(_ bytes: [UInt8], count: Int) throws -> [String] {
  var reader = ByteReader(bytes.rawSpan)
  let values = try StringCoding.decode(&reader, count: count, ZstdDecompressor())
  try check(reader.isAtEnd, "bytes left over")
  return (0..<count).map { String(decoding: values.bytes[values.range($0)], as: UTF8.self) }
}

private func form(_ bytes: [UInt8]) -> StringCoding.Form? {
  bytes.first.flatMap { StringCoding.Form(rawValue: $0) }
}

private let hex = Array("0123456789abcdef")

private func hexText(_ count: Int, _ random: inout SeededGenerator) -> String {
  String((0..<count).map { _ in random.pick(hex) })
}

@Suite struct StringCodingTests {
  static let examples: [([String], StringCoding.Form)] = [
    ((0..<50).map { _ in UUID().uuidString.lowercased() }, .pattern),
    ((0..<50).map { _ in UUID().uuidString }, .pattern),
    ((0..<50).map { "device-000\($0 + 100)" }, .pattern),
    (["same", "same", "same"], .pattern),
    (["évén", "évéé"].map { $0 + "!" }, .bytes),
    (["ab", "abc"], .bytes),
    (["", ""], .bytes),
    (["only"], .bytes),
    ([String(repeating: "x", count: 64), String(repeating: "y", count: 64)], .pattern),
    ([String(repeating: "x", count: 65), String(repeating: "y", count: 65)], .bytes),
    ((0..<20).map { $0 == 17 ? "id-zz" : "id-0" + String($0 % 10) }, .bytes),
    ((0..<20).map { $0 == 3 ? "id-zz" : "id-0" + String($0 % 10) }, .pattern),
  ]

  @Test(arguments: examples)
  func forms(texts: [String], wanted: StringCoding.Form) throws {
    let bytes = try StringColumn(texts).encoded()
    #expect(form(bytes) == wanted)
    #expect(try decoded(bytes, count: texts.count) == texts)
  }

  @Test func uuidsTakeSixteenBytes() throws {
    let texts = (0..<1_000).map { _ in UUID().uuidString.lowercased() }
    #expect(try StringColumn(texts).encoded().count < 16 * 1_000 + 100)
  }

  @Test func randomColumnsComeBack() {
    rounds(200) { random in
      let prefix = random.pick(["", "id-", "Gerät "])
      let length = random.within(0...40)
      let kind = random.below(5)
      let texts = (0..<random.within(1...60)).map { index in
        switch kind {
        case 0: prefix + hexText(length, &random)
        case 1: prefix + hexText(length, &random).uppercased()
        case 2: prefix + hexText(random.below(4), &random)
        case 3: prefix + String(index + 1_000) + prefix
        default: random.pick(["", "a", "ok", "warning", "雪", prefix])
        }
      }
      let column = StringColumn(texts)
      let count = texts.count
      try checkEqual(try decoded(try column.encoded(), count: count), texts, "values")
      try checkEqual(
        try decoded(try column.encodedAsDictionary(), count: count), texts, "dictionary")
    }
  }

  @Test func everyTruncationThrows() throws {
    for (texts, _) in Self.examples.prefix(6) {
      let column = StringColumn(texts)
      for bytes in [try column.encoded(), try column.encodedAsDictionary()] {
        for length in 0..<bytes.count {
          #expect(throws: (any Error).self) {
            try decoded(Array(bytes.prefix(length)), count: texts.count)
          }
        }
      }
    }
  }

  @Test func changedBytesDoNotTrap() {
    rounds(300) { random in
      let (texts, _) = random.pick(Self.examples)
      let column = StringColumn(texts)
      var bytes = random.oneIn(2) ? try column.encoded() : try column.encodedAsDictionary()
      let place = random.oneIn(2) ? random.below(min(bytes.count, 16)) : random.below(bytes.count)
      bytes[place] = UInt8(random.below(256))
      do {
        _ = try decoded(bytes, count: texts.count)
      } catch is MalformedBytes {
      } catch is ZstdError {
      } catch is Mismatch {
      }
    }
  }

  @Test func dictionaryNumbersInOrderOfAppearance() {
    rounds(20) { random in
      let texts = (0..<2_000).map { _ in hexText(random.below(4), &random) }
      let column = StringColumn(texts)
      var dictionary = StringDictionary()
      var known: [String: Int64] = [:]
      for (text, range) in zip(texts, column.ranges) {
        let wanted = known[text] ?? Int64(known.count)
        known[text] = wanted
        let code = dictionary.code(
          column.bytes.rawSpan, start: range.lowerBound, count: range.count)
        try checkEqual(code, wanted, "code of \(text)")
      }
      try checkEqual(dictionary.entries.count, known.count, "entries")
    }
  }
}

@Suite struct StringPatternTests {
  @Test func eachValueIsReadOnItsOwn() {
    rounds(200) { random in
      let length = random.within(1...64)
      let places = Set((0..<random.below(20)).map { _ in random.below(length) })
      let isHex = random.oneIn(2)
      let texts = (0..<random.within(2...40)).map { _ in
        String(
          (0..<length).map { place in
            places.contains(place) ? random.pick(isHex ? hex : Array("xyz~09AF")) : "-"
          })
      }
      let column = StringColumn(texts)
      guard let pattern = StringPattern(column.ranges, of: column.bytes.rawSpan) else {
        throw Mismatch(description: "no pattern in \(texts)")
      }
      var packed: [UInt8] = [0xFF]
      guard pattern.encode(column.ranges, of: column.bytes.rawSpan, into: &packed) else {
        return try check(!isHex, "digits that do not fit")
      }
      try checkEqual(packed.count, 1 + texts.count * pattern.valueBytes, "size")
      for index in texts.indices.shuffled(using: &random) {
        var text: [UInt8] = []
        pattern.append(packed.rawSpan, at: 1 + index * pattern.valueBytes, to: &text)
        try checkEqual(String(decoding: text, as: UTF8.self), texts[index], "value \(index)")
      }
      var header: [UInt8] = []
      pattern.encodeHeader(into: &header)
      var reader = ByteReader(header.rawSpan)
      let again = try StringPattern(&reader)
      try check(again.places == pattern.places && again.place == pattern.place, "header")
    }
  }

  @Test func hexWordsAreLowerCaseDigitsOnly() {
    rounds(2_000) { random in
      let packed = UInt32(truncatingIfNeeded: random.next())
      let word = HexWord.unpack(packed)
      var bytes: [UInt8] = []
      bytes.append(littleEndian: word)
      let digits = (0..<4).map { packed >> (8 * UInt32($0)) & 0xFF }
        .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      try checkEqual(String(decoding: bytes, as: UTF8.self), digits, "digits")
      try checkEqual(HexWord.pack(word), packed, "packed")
      // Any other byte in a place shows when it is unpacked again.
      let place = random.below(8)
      let other = UInt8(random.below(256))
      bytes[place] = other
      let changed = bytes.rawSpan.word(at: 0)
      let isDigit = (48...57).contains(other) || (97...102).contains(other)
      try checkEqual(HexWord.unpack(HexWord.pack(changed)) == changed, isDigit, "\(other)")
    }
  }
}
