import Bytes
import Foundation
import HTTPConnector
import Language
import Model
import Query
import Store
import TestSupport
import Testing

/// What polls ask for, and what comes of the answers.
@Suite struct PollingTests {
  private let server: TestServer
  private let target: PolledStore

  init() throws {
    server = try TestServer()
    target = try PolledStore()
  }

  private static func reading(_ number: Int) -> String {
    #"{"id":"\#(number)","timestamp":"2024-06-01T00:00:\#(number < 10 ? "0" : "")\#(number)Z","v":\#(number)}"#
  }

  private func options(_ path: String, _ others: String = "") -> String {
    "url '\(server.url)\(path)', allow '127.0.0.1'" + (others.isEmpty ? "" : ", \(others)")
  }

  /// Answers become events, and are kept as they came.
  @Test func recordsOfAnAnswer() throws {
    let body = #"{ "data" : {"items":[\#(Self.reading(1)), \#(Self.reading(2))]}, "é":1e3 }"#
    try server.answer("/a", TestServer.body(body, #""headers":{"ETag":"\"x\"","X-Y":"z"}"#))
    let seen = try target.poll(options("/a", "records 'data.items'")) { $0.successes == 3 }
    #expect(seen.failures == [] && seen.events == 2 && seen.lag == 0)
    #expect(try target.documents() == [Self.reading(1), Self.reading(2)])
    #expect(try target.values("body", of: "s_answers") == [body])
    #expect(try target.values("etag", of: "s_answers") == ["\"x\""])
    #expect(try target.values("url", of: "s_answers") == ["\(server.url)/a"])
    #expect(try target.values("status", of: "s_answers") == ["200"])
    // The server was told what is known, and said that it is still so.
    let asked = try server.asked()
    #expect(asked.map { $0.headers["if-none-match"] } == [nil, "\"x\"", "\"x\""])
    #expect(try target.store.check().isSound)
  }

  /// A program that begins again goes on where the one before was.
  @Test func validatorsOutliveTheProgram() throws {
    try server.answer("/a", TestServer.body("[\(Self.reading(1))]", #""headers":{"ETag":"\"x\""}"#))
    try target.poll(options("/a")) { $0.successes == 1 }
    try target.reopen()
    try target.poll(options("/a")) { $0.successes == 1 }
    #expect(try server.asked().last?.headers["if-none-match"] == "\"x\"")
    #expect(try target.documents().count == 1)
  }

  /// The same bytes again bring nothing, also without ids and validators.
  @Test func theSameAnswerAgain() throws {
    let same = TestServer.body("[\(Self.reading(1))]")
    try server.answer("/a", same, same, TestServer.body("[\(Self.reading(2))]"), same)
    try target.poll(options("/a")) { $0.successes == 4 }
    #expect(try target.values("v") == ["1", "2", "1"])
    #expect(try target.documents("s_answers").count == 3)
  }

  /// So do those of a page.
  @Test(arguments: ["paging 'link'", "paging 'page', page_size 5"])
  func theSamePageAgain(paging: String) throws {
    let same = TestServer.body("[\(Self.reading(1))]")
    try server.answer("/a", same, same, same, TestServer.body("[\(Self.reading(2))]"))
    try target.poll(options("/a", paging)) { $0.events == 2 }
    #expect(try target.values("v") == ["1", "2"])
    #expect(try target.documents("s_answers").count == 2)
  }

  @Test func itemsMethodsHeadersAndBodies() throws {
    for city in ["Berlin", "S%C3%A3o%20Paulo"] {
      try server.answer("/q/\(city)", TestServer.body(Self.reading(city.count)))
    }
    try target.poll(
      options(
        "/q/{item}",
        #"items ('Berlin', 'São Paulo'), method 'POST', body '{"city":"{item}"}', header."X-City" 'a {item}', query.units 'metric ton', keep FALSE, constants 'of = web'"#
      )
    ) { $0.events == 2 }
    let asked = try server.asked()
    #expect(
      asked.map(\.path) == [
        "/q/Berlin?units=metric%20ton", "/q/S%C3%A3o%20Paulo?units=metric%20ton",
      ])
    #expect(asked.map(\.method) == ["POST", "POST"])
    #expect(asked.map(\.body) == [#"{"city":"Berlin"}"#, #"{"city":"São Paulo"}"#])
    #expect(asked.first?.headers["x-city"] == "a Berlin")
    #expect(asked.first?.headers["content-type"] == "application/json")
    #expect(try target.values("of") == ["web", "web"])
    #expect(try target.documents("s_answers") == [])
    // Each item is a source of its own, with its own watermark.
    let sources = try target.store.sources(ofStream: "readings").map(\.name).sorted()
    #expect(sources == ["s/Berlin", "s/São Paulo"])
  }

  /// An item that fails does not hold the others up.
  @Test func anItemThatFails() throws {
    try server.answer("/q/a", #"{"status":500,"body":"out of order"}"#)
    try server.answer(
      "/q/b", TestServer.body(Self.reading(1)), TestServer.body(Self.reading(2)),
      TestServer.body(Self.reading(3)))
    let seen = try target.poll(options("/q/{item}", "items ('a', 'b')")) { $0.events == 3 }
    #expect(
      seen.failures.first == "\(server.url)/q/a answers with status 500: out of order",
      "\(seen.failures)")
    #expect(try target.values("v") == ["1", "2", "3"])
  }

  /// No bucket is final before each item was asked for: the first one that is asked has got further than the second. Of one
  /// that has nothing no more is expected.
  @Test func itemsThatAreToCome() throws {
    try server.answer("/q/a", TestServer.body("[\(Self.reading(1)),\(Self.reading(59))]"))
    let hourBefore = Self.reading(0).replacing("T00", with: "T01").replacing("06-01", with: "05-31")
    try server.answer("/q/b", TestServer.body("[\(hourBefore)]"))
    try server.answer("/q/c", TestServer.body("[]"))
    try target.poll(options("/q/{item}", "items ('a', 'b', 'c'), keep FALSE")) {
      $0.successes == 3
    }
    var late = 0
    try target.store.forEachLedgerEntry(kind: .late) { _ in
      late += 1
      return true
    }
    #expect(late == 0)
    var changes: [String] = []
    try target.store.forEachEvent(of: "_sources") { event in
      let change = try JSONReader.value(event.bytes)
      changes.append(
        ["change", "source", "reason"].map { change[$0]?.string ?? "" }.joined(separator: " "))
      return true
    }
    #expect(
      changes == ["a", "b", "c"].map { "open_source s/\($0) begin" } + ["close_source s/c empty"])
    let watermark = try target.store.statistics().streams.first?.watermarkNs
    #expect(watermark.map { "\(Timestamp(ns: $0))" } == "2024-05-31T01:00:00Z")
  }

  /// A server is not asked more often than was said, whatever is due.
  @Test func requestsInAMinute() throws {
    for item in ["a", "b"] { try server.answer("/q/\(item)", TestServer.body(Self.reading(1))) }
    let seen = try target.poll(
      options("/q/{item}", "items ('a', 'b'), requests_per_minute 2")
    ) { $0.waits.contains { $0 > 20 } }
    #expect(seen.waits.allSatisfy { $0 <= 30 })
    #expect(try server.asked().map(\.path) == ["/q/a"])
  }

  @Test func formats() throws {
    try server.answer(
      "/csv", TestServer.body("timestamp,v\n2024-06-01T00:00:00Z,1\n2024-06-01T00:00:01Z,2\n"))
    try server.answer("/lines", TestServer.body("\(Self.reading(3))\nno JSON\n\(Self.reading(4))"))
    try target.poll(options("/csv", "format 'csv', rename 'v AS w'")) { $0.successes == 1 }
    let other = try PolledStore()
    let seen = try other.poll(options("/lines", "format 'ndjson'")) { $0.successes == 1 }
    #expect(try target.values("w") == ["1", "2"])
    #expect(try other.values("v") == ["3", "4"])
    #expect(seen.events == 3 && seen.rejected == 1)
    // Documents one behind the other, of which nothing was said.
    try server.answer(
      "/row", TestServer.body("\(Self.reading(5))\n{\"v\":}\n\(Self.reading(6))"))
    let third = try PolledStore()
    let some = try third.poll(options("/row")) { $0.successes == 1 }
    #expect(try third.values("v") == ["5", "6"])
    #expect(some.rejected == 1)
  }

  @Test func streamsByField() throws {
    let documents = [("x", 1), ("y", 2), ("x", 3)].map { kind, number in
      String(Self.reading(number).dropLast()) + #","kind":"\#(kind)"}"#
    }
    try server.answer(
      "/a", TestServer.body("[\((documents + [Self.reading(4)]).joined(separator: ","))]"))
    let seen = try target.poll(options("/a"), into: "FIELD kind") { $0.successes == 1 }
    #expect(try target.values("v", of: "x") == ["1", "3"] && target.values("v", of: "y") == ["2"])
    #expect(seen.rejected == 1)
  }

  // MARK: Pages

  private static let pages = [[1, 2], [3, 4], [5]]

  private static func page(_ number: Int, _ others: String = "") -> String {
    let records = pages[number].map(reading).joined(separator: ",")
    return #"{"items":[\#(records)]\#(others)}"#
  }

  private func expectAllPages(_ seen: TestHooks.Seen) throws {
    #expect(seen.failures == [])
    #expect(try target.values("v") == ["1", "2", "3", "4", "5"])
    #expect(try target.documents("s_answers").count == 3)
  }

  @Test func nextLinks() throws {
    try server.answer("/a", TestServer.body(Self.page(0, #","links":{"next":"/b?x=1"}"#)))
    try server.answer("/b", TestServer.body(Self.page(1, #","links":{"next":"\#(server.url)/c"}"#)))
    try server.answer("/c", TestServer.body(Self.page(2, #","links":{"next":null}"#)))
    try expectAllPages(
      target.poll(options("/a", "records 'items', paging 'next', next 'links.next'")) {
        $0.successes == 1
      })
  }

  @Test func linkHeaders() throws {
    for (path, next, number) in [("/a", "</b>; rel=next", 0), ("/b", "<c>; rel=next", 1)] {
      try server.answer(
        path, TestServer.body(Self.page(number), #""headers":{"Link":"\#(next)"}"#))
    }
    try server.answer("/c", TestServer.body(Self.page(2)))
    try expectAllPages(
      target.poll(options("/a", "records 'items', paging 'link'")) { $0.successes == 1 })
  }

  /// A cursor is gone on from in the next poll, also by another program.
  @Test func cursors() throws {
    try server.answer(
      "/a", TestServer.body(Self.page(0, #","next":"p 2""#)),
      TestServer.body(Self.page(1, #","next":"p 3""#)),
      TestServer.body(#"{"items":[],"next":"p 3"}"#),
      TestServer.body(Self.page(2, #","next":"p 4""#)),
      TestServer.body(#"{"items":[],"next":"p 4"}"#))
    let own = options(
      "/a", "records 'items', paging 'cursor', next 'next', parameter 'since', first 0")
    try target.poll(own) { $0.successes == 1 }
    #expect(try target.values("v") == ["1", "2", "3", "4"])
    try target.reopen()
    try target.poll(own) { $0.successes == 1 }
    #expect(try target.values("v") == ["1", "2", "3", "4", "5"])
    #expect(
      try server.asked().map(\.path) == [
        "/a?since=0", "/a?since=p%202", "/a?since=p%203", "/a?since=p%203", "/a?since=p%204",
      ])
  }

  @Test func offsetsAndNumbers() throws {
    try server.answer(
      "/a", TestServer.body(Self.page(0)), TestServer.body(Self.page(1)),
      TestServer.body(Self.page(2)), TestServer.body(#"{"items":[]}"#))
    let seen = try target.poll(
      options("/a", "records 'items', paging 'offset', page_size 2, size_parameter 'limit'")
    ) { $0.successes == 2 }
    #expect(seen.failures == [] && seen.events == 5)
    #expect(
      try server.asked().map(\.path) == [0, 2, 4, 5].map { "/a?limit=2&offset=\($0)" })
    let other = try PolledStore()
    try server.answer(
      "/b", TestServer.body(Self.page(0, #","more":true"#)),
      TestServer.body(Self.page(2, #","more":false"#)))
    try other.poll(
      options("/b?p={page}", "records 'items', paging 'page', has_more 'more', keep FALSE")
    ) {
      $0.successes == 1
    }
    #expect(try server.asked().map(\.path) == ["/b?p=1", "/b?p=2"])
    #expect(try other.values("v") == ["1", "2", "5"])
  }

  /// Cut off within the pages of a poll, it goes on with the page that was next.
  @Test func pagesAreGoneOnWith() throws {
    try server.answer("/a", TestServer.body(Self.page(0, #","next":"/b""#)))
    try server.answer("/b", TestServer.body(Self.page(1, #","next":"/c""#)))
    try server.answer("/c", #"{"status":503}"#, TestServer.body(Self.page(2)))
    let own = options("/a", "records 'items', paging 'next', next 'next'")
    let seen = try target.poll(own) { $0.failures.count == 1 }
    #expect(seen.lag == .some(nil))
    try target.reopen()
    _ = try server.asked()
    try target.poll(own) { $0.successes == 1 }
    #expect(try server.asked().map(\.path) == ["/c"])
    #expect(try target.values("v") == ["1", "2", "3", "4", "5"])
  }
}
