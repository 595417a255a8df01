import Foundation
import Testing

@testable import Bytes

@Suite struct JSONObjectWriterTests {
  @Test func fieldsStandInTheOrderGiven() {
    var json = JSONObjectWriter()
    json.field("b", "x")
    json.field("a", Int64.min)
    json.field("c", 2.5)
    json.field("nan", Double.nan)
    json.null("none")
    json.field("raw", json: Array("[1]".utf8))
    let text = String(decoding: json.finish(), as: UTF8.self)
    #expect(
      text == #"{"b":"x","a":-9223372036854775808,"c":2.5,"nan":null,"none":null,"raw":[1]}"#)
  }

  @Test func emptyObject() {
    #expect(JSONObjectWriter().finish() == Array("{}".utf8))
  }

  @Test func controlCharactersAreEscaped() {
    var bytes: [UInt8] = []
    bytes.append(jsonString: "a\"\\/\n\r\t\u{0}\u{1F}\u{7F}é雪𝄞")
    #expect(
      String(decoding: bytes, as: UTF8.self)
        == #""a\"\\/\n\r\t\u0000\u001f"# + "\u{7F}é雪𝄞\"")
  }

  @Test func stringsAreReadBackByFoundation() {
    rounds(300) { random in
      let ascii = (0..<0x30).map { Unicode.Scalar($0)! }
      let alphabet = ascii + ["\\", "é", "雪", "𝄞", "\u{2028}"]
      var text = String.UnicodeScalarView()
      for _ in 0..<random.below(40) { text.append(random.pick(alphabet)) }
      var json = JSONObjectWriter()
      json.field(String(text), String(text))
      let object = try JSONSerialization.jsonObject(with: Data(json.finish()))
      let strings = object as? [String: String] ?? [:]
      try checkEqual(
        strings.map { [Array($0.key.utf8), Array($0.value.utf8)] },
        [[Array(String(text).utf8), Array(String(text).utf8)]], "text")
    }
  }

  @Test func doublesAreReadBackByFoundation() {
    rounds(300) { random in
      let value = Double(bitPattern: random.next())
      guard value.isFinite else { return }
      var json = JSONObjectWriter()
      json.field("x", value)
      let text = String(decoding: json.finish().dropFirst(5).dropLast(), as: UTF8.self)
      try checkEqual(Double(text)?.bitPattern, value.bitPattern, "\(value) as \(text)")
      _ = try JSONSerialization.jsonObject(with: Data(Array("[\(text)]".utf8)))
    }
  }
}
