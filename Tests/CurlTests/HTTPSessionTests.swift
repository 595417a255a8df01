import Curl
import Foundation
import Testing

/// Requests to a server of the tests.
final class HTTPSessionTests {
  private let server = Process()
  private let url: String

  init() throws {
    let output = Pipe()
    server.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    server.arguments = [
      "python3",
      URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
        "server.py"
      ).path,
    ]
    server.standardOutput = output
    try server.run()
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    let port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)))
    url = "http://127.0.0.1:\(port)"
  }

  deinit {
    // The threads of tests block SIGTERM, and so does what they start.
    kill(server.processIdentifier, SIGKILL)
    server.waitUntilExit()
  }

  private func told(_ body: [UInt8]) throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: Data(body))
    return try #require(value as? [String: Any])
  }

  private func failure(_ call: HTTPCall) -> HTTPCallError.Kind? {
    do {
      _ = try HTTPSession().send(call, maxBodyBytes: 1_000_000)
      return nil
    } catch {
      return (error as? HTTPCallError)?.kind
    }
  }

  @Test(arguments: ["GET", "POST", "PUT", "DELETE"])
  func aRequestArrivesAsItIs(method: String) throws {
    var call = HTTPCall("\(url)/some/path?q=a%20b", method: method, body: [0x00, 0xFF, 0x0A])
    call.headers = [("X-One", "1"), ("X-Two", "a\r\nX-Three: 3"), ("Content-Type", "text/x")]
    let (head, body) = try HTTPSession().send(call, maxBodyBytes: 10_000)
    #expect(head.status == 200)
    #expect(head.header("content-length") == "\(body.count)")
    let told = try told(body)
    #expect(told["method"] as? String == method)
    #expect(told["path"] as? String == "/some/path?q=a%20b")
    #expect(told["body"] as? String == "\0\u{FF}\n")
    let headers = try #require(told["headers"] as? [String: String])
    #expect(headers["x-one"] == "1")
    #expect(headers["x-two"] == "aX-Three: 3")
    #expect(headers["x-three"] == nil)
    #expect(headers["content-type"] == "text/x")
  }

  @Test func aBodyMayBeEmptyOrMissing() throws {
    let session = HTTPSession()
    let empty = try told(
      session.send(HTTPCall(url, method: "POST", body: []), maxBodyBytes: 10_000).body)
    #expect(empty["body"] as? String == "")
    let none = try told(session.send(HTTPCall(url), maxBodyBytes: 10_000).body)
    #expect(none["method"] as? String == "GET")
    let head = try session.send(HTTPCall("\(url)/gzip", method: "HEAD"), maxBodyBytes: 10_000)
    #expect(head.head.status == 200)
    #expect(head.body.isEmpty)
  }

  @Test func aConnectionIsUsedAgain() throws {
    let session = HTTPSession()
    let ports = try (0..<3).map { _ in
      try told(session.send(HTTPCall(url), maxBodyBytes: 10_000).body)["port"] as? Int
    }
    #expect(Set(ports).count == 1)
  }

  @Test func answersAreDecompressedAndRedirectsAreNotFollowed() throws {
    let session = HTTPSession()
    let (_, body) = try session.send(HTTPCall("\(url)/gzip"), maxBodyBytes: 100_000)
    #expect(body == Array(repeating: UInt8(ascii: "a"), count: 100_000))
    let redirect = try session.send(HTTPCall("\(url)/redirect"), maxBodyBytes: 10).head
    #expect(redirect.status == 302)
    #expect(redirect.header("Location") == "/gzip")
    #expect(try session.send(HTTPCall("\(url)/missing"), maxBodyBytes: 10_000).head.status == 404)
  }

  /// A body that was compressed is taken as a whole or not at all.
  @Test func compressedBodies() throws {
    let session = HTTPSession()
    let told = try told(session.send(HTTPCall(url), maxBodyBytes: 10_000).body)
    #expect((told["headers"] as? [String: String])?["accept-encoding"] == "gzip")
    #expect(
      try session.send(HTTPCall("\(url)/members"), maxBodyBytes: 10).body == Array("ab".utf8))
    #expect(try session.send(HTTPCall("\(url)/nothing"), maxBodyBytes: 10).head.status == 204)
    var received = 0
    #expect(throws: HTTPCallError.self) {
      try session.send(HTTPCall("\(url)/cut")) { _, piece in received += piece.count }
    }
    #expect(received > 0)
    #expect(failure(HTTPCall("\(url)/cut")) == .brokenOff)
    #expect(failure(HTTPCall("\(url)/br")) == .brokenOff)
  }

  @Test func whatGoesWrongIsTold() throws {
    #expect(failure(HTTPCall("ftp://127.0.0.1/x")) == .badURL)
    #expect(failure(HTTPCall("http://")) == .badURL)
    #expect(failure(HTTPCall("http://no-such-host.invalid/")) == .unresolved)
    #expect(failure(HTTPCall("http://127.0.0.1:1/")) == .unreachable)
    #expect(failure(HTTPCall("\(url)/short")) == .brokenOff)
    #expect(failure(HTTPCall(url.replacing("http:", with: "https:"))) == .untrusted)
    var slow = HTTPCall("\(url)/slow")
    slow.timeoutMs = 100
    #expect(failure(slow) == .timedOut)
    var refused = HTTPCall(url)
    refused.permits = { address in address != "127.0.0.1" }
    #expect(failure(refused) == .refusedAddress)
    refused.permits = { address in address == "127.0.0.1" }
    #expect(failure(refused) == nil)
  }

  @Test func aLongAnswerAndAWishEndARequest() throws {
    let session = HTTPSession()
    #expect(throws: HTTPCallError.self) {
      try session.send(HTTPCall("\(url)/gzip"), maxBodyBytes: 99_999)
    }
    let begin = ContinuousClock.now
    do {
      _ = try session.send(
        HTTPCall("\(url)/slow"), maxBodyBytes: 10,
        isCancelled: { ContinuousClock.now - begin > .milliseconds(50) })
      Issue.record("it was not cancelled")
    } catch let error as HTTPCallError {
      #expect(error.kind == .cancelled)
    }
    struct Enough: Error {}
    #expect(throws: Enough.self) {
      try session.send(HTTPCall("\(url)/gzip")) { _, _ in throw Enough() }
    }
    // It serves on.
    #expect(try session.send(HTTPCall(url), maxBodyBytes: 10_000).head.status == 200)
  }
}
