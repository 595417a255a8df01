import Bytes
import Foundation
import Testing

struct JSONReaderTests {
  private func value(_ text: String) -> JSONValue? { try? JSONReader.value(Array(text.utf8)) }

  @Test func valuesKeepWhatWasWritten() {
    #expect(value(" null ") == .null)
    #expect(value("[true,false]") == .array([.bool(true), .bool(false)]))
    #expect(value("-0.10e+5")?.double == -10_000)
    #expect(value("18446744073709551615")?.unsigned == .max)
    #expect(value("-9223372036854775808")?.integer == .min)
    #expect(value("18446744073709551616") == .number("18446744073709551616"))
    #expect(value("{}") == .object([]))
    let object = value(#"{"a":1,"a":2,"b":{"c":["x"]}}"#)
    #expect(object?["a"]?.integer == 1)
    #expect(object?["b"]?["c"]?.array == [.string("x")])
    #expect(object?["d"] == nil)
  }

  @Test func stringsAreUnescaped() {
    #expect(
      value(#""a\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00é""#)?.string
        == "a\"\\/\u{8}\u{c}\n\r\tAé😀é")
    // Halves of pairs have no form of their own.
    #expect(value(#""\ud83dx""#)?.string == "\u{FFFD}x")
    #expect(value(#""\udc00""#)?.string == "\u{FFFD}")
  }

  @Test(arguments: [
    "", " ", "nul", "tru", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "01", "-",
    "1.",
    ".5", "1e", "1e+", "+1", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\u+123\"", "\"\\ud83d\\u0041\"",
    "\"a\nb\"", "1 2",
    "[", "{", "]", "NaN",
  ])
  func whatIsNoJSONIsRefused(text: String) {
    #expect(value(text) == nil, "\(text)")
  }

  @Test func depthIsBounded() {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(value(nested(JSONReader.maxDepth)) != nil)
    #expect(value(nested(JSONReader.maxDepth + 1)) == nil)
    #expect(value(String(repeating: "[", count: 1_000_000)) == nil)
  }

  /// What is written at random is read as Foundation reads it, and so is what is damaged.
  @Test func isAsFoundationReadsIt() throws {
    rounds(2_000) { random in
      var bytes = text(&random, 3)
      if random.oneIn(3), !bytes.isEmpty {
        bytes[random.below(bytes.count)] = UInt8(random.within(0x20...0x7E))
      }
      let read = try? JSONReader.value(bytes)
      let theirs = try? JSONSerialization.jsonObject(
        with: Data(bytes), options: [.fragmentsAllowed])
      // Foundation takes numbers that are too large for anything for no JSON.
      if theirs == nil,
        String(decoding: bytes, as: UTF8.self).contains(where: { $0 == "e" || $0 == "E" })
      {
        return
      }
      try checkEqual(read != nil, theirs != nil, String(decoding: bytes, as: UTF8.self))
      if let read, let theirs {
        try check(isSame(read, theirs), String(decoding: bytes, as: UTF8.self))
      }
    }
  }

  private func text(_ random: inout SeededGenerator, _ depth: Int) -> [UInt8] {
    switch random.below(depth > 0 ? 8 : 6) {
    case 0: return Array("null".utf8)
    case 1: return Array((random.oneIn(2) ? "true" : "false").utf8)
    case 2: return Array("\(Int64(bitPattern: random.next() >> UInt64(random.below(60))))".utf8)
    case 3: return Array("\(Double(random.below(1_000_000)) / 1_024)".utf8)
    case 4, 5:
      var bytes: [UInt8] = []
      let scalars = (0..<random.below(6)).map { _ in
        random.pick(["a", "\"", "\\", "\n", "é", "😀", "/"])
      }
      bytes.append(jsonString: scalars.joined())
      return bytes
    case 6:
      let elements = (0..<random.below(4)).map { _ in text(&random, depth - 1) }
      return [0x5B] + Array(elements.joined(separator: [0x2C, 0x20])) + [0x5D]
    default:
      let fields = (0..<random.below(4)).map {
        Array("\"k\($0)\" :".utf8) + text(&random, depth - 1)
      }
      return [0x7B] + Array(fields.joined(separator: [0x2C])) + [0x7D]
    }
  }

  private func isSame(_ value: JSONValue, _ theirs: Any) -> Bool {
    switch value {
    case .null: return theirs is NSNull
    case .bool(let value): return theirs as? Bool == value
    case .string(let text): return theirs as? String == text
    case .number(let text):
      guard let number = theirs as? NSNumber else { return false }
      return Int64(text).map { number.int64Value == $0 } ?? (Double(text) == number.doubleValue)
    case .array(let values):
      guard let others = theirs as? [Any], others.count == values.count else { return false }
      return zip(values, others).allSatisfy { isSame($0, $1) }
    case .object(let fields):
      guard let others = theirs as? [String: Any] else { return false }
      return fields.allSatisfy { field in
        others[field.name].map { isSame(field.value, $0) } ?? false
      }
    }
  }
}
