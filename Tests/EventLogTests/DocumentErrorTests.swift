import Bytes
import Foundation
import Testing

@testable import EventLog

/// The exact text that a user sees for a document that is not taken, in
/// `golden/document-errors.txt`. NILO_REWRITE=1 writes that file anew.
@Suite struct DocumentErrorTests {
  /// What stands before the time, and the time.
  static let time = #""ts":"2024-07-30T12:00:00Z""#

  static let cases: [(name: String, document: [UInt8])] =
    texts.map { ($0, utf8($1)) } + bytes + nested

  private static let texts: [(String, String)] = [
    ("a good document", "{\(time)}"),
    ("empty", ""),
    ("whitespace only", " \n\t\r "),
    ("scalar at the top", "42"),
    ("string at the top", "\"text\""),
    ("null at the top", "null"),
    ("array at the top", "[{\(time)}]"),
    ("two documents", "{\(time)}{\(time)}"),
    ("two documents on two lines", "{\(time)}\n{\(time)}"),
    ("trailing comma in an object", "{\(time),}"),
    ("trailing comma in an array", "{\(time),\"a\":[1,]}"),
    ("leading comma", "{,\(time)}"),
    ("only a comma in an array", "{\(time),\"a\":[,]}"),
    ("single quotes", "{\(time),'a':1}"),
    ("single quotes around a value", "{\(time),\"a\":'x'}"),
    ("key without quotes", "{\(time),a:1}"),
    ("key that is a number", "{\(time),1:1}"),
    ("missing colon", "{\(time),\"a\" 1}"),
    ("missing value", "{\(time),\"a\":}"),
    ("missing comma", "{\(time) \"a\":1}"),
    ("colon in an array", "{\(time),\"a\":[1:2]}"),
    ("NaN", "{\(time),\"a\":NaN}"),
    ("Infinity", "{\(time),\"a\":Infinity}"),
    ("-Infinity", "{\(time),\"a\":-Infinity}"),
    ("undefined", "{\(time),\"a\":undefined}"),
    ("True", "{\(time),\"a\":True}"),
    ("truex", "{\(time),\"a\":truex}"),
    ("tru", "{\(time),\"a\":tru}"),
    ("nul at the end", "{\(time),\"a\":nul"),
    ("leading zero", "{\(time),\"a\":01}"),
    ("negative leading zero", "{\(time),\"a\":-01}"),
    ("plus sign", "{\(time),\"a\":+1}"),
    ("no digit before the point", "{\(time),\"a\":.5}"),
    ("no digit after the point", "{\(time),\"a\":1.}"),
    ("no digit in the exponent", "{\(time),\"a\":1e}"),
    ("no digit after the exponent's sign", "{\(time),\"a\":1e+}"),
    ("only a minus sign", "{\(time),\"a\":-}"),
    ("hexadecimal number", "{\(time),\"a\":0x1F}"),
    ("comment", "{\(time) /* c */}"),
    ("unterminated string", "{\(time),\"a\":\"x"),
    ("unterminated key", "{\(time),\"a"),
    ("unterminated object", "{\(time)"),
    ("unterminated array", "{\(time),\"a\":[1"),
    ("wrong bracket", "{\(time),\"a\":[1}]"),
    ("one brace too many", "{\(time)}}"),
    ("line break in a string", "{\(time),\"a\":\"x\ny\"}"),
    ("tab in a string", "{\(time),\"a\":\"x\ty\"}"),
    ("escape that does not exist", "{\(time),\"a\":\"\\x41\"}"),
    ("short unicode escape", "{\(time),\"a\":\"\\u12\"}"),
    ("lone high surrogate", "{\(time),\"a\":\"\\ud83d\"}"),
    ("lone low surrogate", "{\(time),\"a\":\"\\ude00\"}"),
    ("high surrogate and a letter", "{\(time),\"a\":\"\\ud83d\\u0041\"}"),
    ("form feed between tokens", "{\u{C}\(time)}"),
    ("no-break space between tokens", "{\u{A0}\(time)}"),
    ("no time", "{\"a\":1}"),
    ("empty object", "{}"),
    ("time is null", "{\"ts\":null}"),
    ("time is true", "{\"ts\":true}"),
    ("time is an object", "{\"ts\":{\"a\":1}}"),
    ("time has no zone", "{\"ts\":\"2024-07-30T12:00:00\"}"),
    ("time is a word", "{\"a\":1,\"ts\":\"yesterday\"}"),
    ("time is a long text", "{\"ts\":\"\(String(repeating: "tick ", count: 50))\"}"),
    ("time of a day that is none", "{\"ts\":\"2023-02-29T12:00:00Z\"}"),
    ("time before all time", "{\"ts\":\"1677-01-01T12:00:00Z\"}"),
    ("epoch out of range", "{\"ts\":99999999999}"),
    ("epoch with an exponent", "{\"ts\":1.7e9}"),
  ]

  private static let bytes: [(String, [UInt8])] = [
    ("byte order mark", [0xEF, 0xBB, 0xBF] + utf8("{\(time)}")),
    ("NUL in a string", utf8("{\(time),\"a\":\"") + [0] + utf8("\"}")),
    ("NUL after the document", utf8("{\(time)}") + [0]),
    ("overlong UTF-8", utf8("{\(time),\"a\":\"") + [0xC0, 0xAF] + utf8("\"}")),
    ("surrogate in UTF-8", utf8("{\(time),\"a\":\"") + [0xED, 0xA0, 0x80] + utf8("\"}")),
    ("UTF-8 beyond U+10FFFF", utf8("{\(time),\"a\":\"") + [0xF4, 0x90, 0x80, 0x80] + utf8("\"}")),
    ("UTF-8 cut short", utf8("{\(time),\"a\":\"") + [0xE9] + utf8("\"}")),
    ("stray continuation byte", utf8("{\(time),\"a\":\"") + [0x80] + utf8("\"}")),
    ("Latin-1 outside of strings", utf8("{\(time)") + [0xE9] + utf8("}")),
    ("gzip", [0x1F, 0x8B, 8, 0]),
  ]

  private static let nested: [(String, [UInt8])] =
    [1_023, 1_024].map { depth in
      let open = String(repeating: "[", count: depth)
      let close = String(repeating: "]", count: depth)
      return ("nested \(depth + 1) deep", utf8("{\(time),\"a\":\(open)\(close)}"))
    }
    + [1_023, 1_024].flatMap { depth in
      let arrays = String(repeating: "[", count: depth)
      let objects = String(repeating: "{\"b\":", count: depth)
      return [
        (
          "a value \(depth + 1) deep",
          utf8("{\(time),\"a\":\(arrays)1\(String(repeating: "]", count: depth))}")
        ),
        (
          "a value in \(depth + 1) objects",
          utf8("{\(time),\"a\":\(objects)1\(String(repeating: "}", count: depth))}")
        ),
      ]
    }

  @Test func errorTextsAreThoseOfTheGoldenFile() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("golden/document-errors.txt")
    var pipeline = try Pipeline()
    var text = ""
    for (name, document) in Self.cases {
      let reason = pipeline.parse([document]).rejected.first?.reason
      text += "\(name)\n  \(reason ?? "accepted")\n"
    }
    if ProcessInfo.processInfo.environment["NILO_REWRITE"] == "1" {
      try text.write(to: path, atomically: true, encoding: .utf8)
      return
    }
    let golden = try String(contentsOf: path, encoding: .utf8)
    let (got, wanted) = (text.split(separator: "\n"), golden.split(separator: "\n"))
    for (line, other) in zip(got, wanted) { #expect(line == other) }
    #expect(got.count == wanted.count)
  }

  /// Whether a document is taken must not depend on what was learned before.
  @Test func whatIsKnownDoesNotChangeTheErrors() throws {
    var fresh = try Pipeline()
    var learned = try Pipeline()
    for value in ["1", "true", "\"x\"", "[1]", "{}", "null"] {
      _ = learned.parse([utf8("{\(Self.time),\"a\":\(value)}")])
    }
    for (name, document) in Self.cases {
      let wanted = fresh.parse([document]).rejected.first?.reason
      let got = learned.parse([document]).rejected.first?.reason
      #expect(got == wanted, "\(name)")
    }
  }
}
