import Bytes
import Foundation
import Testing

@testable import EventLog

private func read(_ text: String) -> JSONText.Number? {
  // A digit behind the range must not be read.
  let bytes = utf8(text + "7")
  let number = JSONText.number(bytes.rawSpan, from: 0, limit: text.utf8.count)
  return number.end == text.utf8.count ? number : nil
}

@Suite struct JSONTextTests {
  @Test func unescapingIsThatOfFoundation() {
    rounds(300) { random in
      var writer = DocumentWriter(
        JSONStyle(hasEscapes: true), StreamDefinition(name: "t", timePath: "ts"),
        seed: random.next())
      let wanted = JSONGenerator.text(&random)
      writer.document(.object([JSONField("k", .string(wanted))]))
      let document = writer.bytes
      let object = try JSONSerialization.jsonObject(with: Data(document)) as? [String: String]
      try checkEqual(object?["k"].map(utf8), utf8(wanted), "Foundation's reading")

      // The key may be escaped too; it holds no colon.
      let start = document.firstIndex(of: UInt8(ascii: ":"))! + 2
      var hasEscapes = false
      let end = JSONText.stringEnd(
        document.rawSpan, from: start, limit: document.count, hasEscapes: &hasEscapes)
      try checkEqual(end, document.count - 2, "end of \(wanted.debugDescription)")
      try checkEqual(
        hasEscapes, document[start..<end].contains(JSONText.backslash), "has escapes")
      var text: [UInt8] = []
      JSONText.unescape(document.rawSpan, start..<end, into: &text)
      try checkEqual(text, utf8(wanted), "text")
    }
  }

  @Test func stringsEndAtTheirQuoteOnly() {
    for length in 0..<40 {
      let text = utf8(String(repeating: "x", count: length) + "\"")
      var hasEscapes = false
      let end = JSONText.stringEnd(
        text.rawSpan, from: 0, limit: text.count, hasEscapes: &hasEscapes)
      #expect(end == length)
      // The quote lies behind the limit.
      let none = JSONText.stringEnd(
        text.rawSpan, from: 0, limit: text.count - 1, hasEscapes: &hasEscapes)
      #expect(none == -1)
      #expect(!hasEscapes)
    }
  }

  @Test(
    arguments: [
      ("0", 0, 0), ("-1", -1, 0), ("21.50", 2_150, 2), ("-0.5", -5, 1), ("0.0", 0, 1),
      ("9223372036854775807", .max, 0), ("-9223372036854775807", -.max, 0),
      ("922337203685477580.7", .max, 1), ("1700000000.123456789", 1_700_000_000_123_456_789, 9),
    ] as [(String, Int64, Int)])
  func numbersAreMantissaAndScale(text: String, mantissa: Int64, scale: Int) throws {
    let number = try #require(read(text))
    #expect(number.mantissa == mantissa)
    #expect(number.scale == scale)
    #expect(!number.isHard)
  }

  @Test(arguments: [
    "-0", "-0.0", "1e5", "1E5", "0e0", "1.5e-7", "9223372036854775808", "-9223372036854775808",
    "18446744073709551615", "18446744073709551616", "1111111111111111111111",
    "0.00000000000000000001",
  ])
  func hardNumbers(text: String) throws { #expect(try #require(read(text)).isHard) }

  @Test(arguments: [
    "", "-", "+1", ".5", "1.", "1e", "1e-", "01", "-01", "1.e5", "NaN", "--1", "1.5.2",
  ])
  func notNumbers(text: String) { #expect(read(text) == nil) }
}
