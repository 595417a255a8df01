import Foundation
import TestSupport
import Testing

/// Answers that do not end.
@Suite struct FollowingTests {
  private let server: TestServer
  private let target: PolledStore

  init() throws {
    server = try TestServer()
    target = try PolledStore()
  }

  private static func line(_ number: Int) -> String {
    #"{"event_id":"\#(number)","timestamp":"2024-06-01T00:00:\#(number < 10 ? "0" : "")\#(number)Z","v":\#(number)}"#
  }

  private static func lines(_ numbers: Range<Int>, _ others: String, end: String = "") -> String {
    let texts = numbers.map { line($0) } + (end.isEmpty ? [] : [end])
    let quoted = texts.map { "\"\($0.replacingOccurrences(of: "\"", with: "\\\""))\"" }
    return #"{"lines":[\#(quoted.joined(separator: ","))]\#(others.isEmpty ? "" : ",")\#(others)}"#
  }

  private func options(_ others: String = "") -> String {
    "url '\(server.url)/a', endless TRUE, allow '127.0.0.1'"
      + (others.isEmpty ? "" : ", \(others)")
  }

  private func numbers(_ range: Range<Int>) -> [String] { range.map { "\($0)" } }

  /// They are stored while the answer goes on.
  @Test func linesAsTheyCome() throws {
    try server.answer("/a", Self.lines(0..<5, #""interval":0.01,"stay":30"#))
    let seen = try target.poll(options()) { $0.events == 5 }
    #expect(seen.failures == [])
    #expect(try target.values("v") == numbers(0..<5))
  }

  /// Asked for again from the beginning, records that have ids come once; of a line that is cut nothing is taken.
  @Test func brokenOffAndAskedAgain() throws {
    try server.answer(
      "/a", Self.lines(0..<3, #""cut":1"#, end: #"{"event_id":"9"~"#), Self.lines(0..<6, ""),
      Self.lines(0..<8, #""stay":30"#))
    let seen = try target.poll(options()) { $0.events == 3 + 6 + 8 }
    #expect(seen.failures.count == 1, "\(seen.failures)")
    #expect(try target.values("v") == numbers(0..<8))
    #expect(try target.store.check().isSound)
  }

  /// A server that is told where to go on from is.
  @Test func goneOnFromTheLastRecord() throws {
    try server.answer("/a", Self.lines(0..<3, ""), Self.lines(3..<5, #""stay":30"#))
    let own = options("paging 'cursor', next 'event_id', parameter 'after'")
    try target.poll(own) { $0.events == 5 }
    try target.reopen()
    try server.answer("/a", Self.lines(5..<6, #""stay":30"#))
    try target.poll(own) { $0.events == 1 }
    #expect(try server.asked().map(\.path) == ["/a", "/a?after=2", "/a?after=4"])
    #expect(try target.values("v") == numbers(0..<6))
  }

  /// A sign of life is no record to go on from: those before it are not asked for again.
  @Test func goneOnFromTheLastRecordThatHasACursor() throws {
    let alive = #"{"timestamp":"2024-06-01T00:01:00Z","alive":true}"#
    try server.answer("/a", Self.lines(0..<3, "", end: alive), Self.lines(3..<5, #""stay":30"#))
    let own = options("paging 'cursor', next 'v', parameter 'after'")
    try target.poll(own) { $0.events == 6 }
    #expect(try server.asked().map(\.path) == ["/a", "/a?after=2"])
    #expect(try target.documents().count == 6)
  }

  @Test func aServerThatFallsSilent() throws {
    try server.answer("/a", Self.lines(0..<2, #""stay":30"#), Self.lines(2..<4, #""stay":30"#))
    let seen = try target.poll(
      options(), adjust: { $0.limits.silenceMs = 500 }, until: { $0.events == 4 })
    #expect(
      Set(seen.failures) == ["\(server.url)/a has sent nothing for 500 ms: it is asked anew"])
    #expect(try target.values("v") == numbers(0..<4))
  }

  @Test func refusals() throws {
    try server.answer(
      "/a", #"{"status":503,"body":"later","headers":{"Retry-After":"0"}}"#,
      Self.lines(0..<1, #""stay":30"#))
    let seen = try target.poll(options("unnest 'x', constants 'of = stream'")) { $0.events == 1 }
    #expect(
      seen.failures == [
        "\(server.url)/a answers with status 503: later; it asks to be left alone for 0 s"
      ])
    #expect(try target.values("of") == ["stream"])
  }
}
