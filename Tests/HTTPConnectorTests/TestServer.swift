import Bytes
import Curl
import Foundation
import Language
import Logging
import Model
import Query
import Store
import Synchronization
import TestSupport
import Testing

@testable import HTTPConnector
@testable import Server

/// A server that does what a test tells it, in a process of its own.
final class TestServer {
  let port: Int
  private let process = Process()
  private let control = HTTPSession()

  var url: String { "http://127.0.0.1:\(port)" }

  init() throws {
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    process.arguments = ["python3", script.appendingPathComponent("server.py").path]
    process.standardOutput = output
    try process.run()
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)))
  }

  deinit {
    // The threads of tests block SIGTERM, and so does what they start.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// What a path answers from now on: one after the other, the last one for ever. Each is an object of JSON.
  func answer(_ path: String, _ answers: String...) throws {
    let body = Array("[\(answers.joined(separator: ","))]".utf8)
    let call = HTTPCall("\(url)/control\(path)", method: "PUT", body: body)
    let status = try control.send(call, maxBodyBytes: 1_000).head.status
    try #require(status == 200)
  }

  /// An answer with a body of JSON.
  static func body(_ json: String, _ others: String = "") -> String {
    var text: [UInt8] = []
    text.append(jsonString: json)
    return
      "{\"body\":\(String(decoding: text, as: UTF8.self))\(others.isEmpty ? "" : ",")\(others)}"
  }

  struct Asked {
    var method: String
    /// With its parameters.
    var path: String
    var body: String
    /// Names in small letters.
    var headers: [String: String]
  }

  /// What was asked since this was asked.
  func asked() throws -> [Asked] {
    let (_, body) = try control.send(HTTPCall("\(url)/control/"), maxBodyBytes: 10_000_000)
    return try JSONReader.value(body).array?.map { one in
      var headers: [String: String] = [:]
      if case .object(let fields)? = one["headers"] {
        for field in fields { headers[field.name] = field.value.string }
      }
      return Asked(
        method: one["method"]?.string ?? "", path: one["path"]?.string ?? "",
        body: one["body"]?.string ?? "", headers: headers)
    } ?? []
  }
}

/// Looks at a source, and ends it when the test has seen enough.
final class TestHooks: PollingHooks {
  struct Seen {
    var successes = 0
    var failures: [String] = []
    var events = 0
    var rejected = 0
    var lag: UInt64??
    /// How long it was to wait, in seconds.
    var waits: [Double] = []
  }

  private let state = Mutex(Seen())
  private let deadline = Date(timeIntervalSinceNow: 60)
  private let isEnough: @Sendable (Seen) -> Bool
  var seen: Seen { state.withLock { $0 } }

  init(until isEnough: @escaping @Sendable (Seen) -> Bool) { self.isEnough = isEnough }

  var hasToStop: Bool { isEnough(seen) || Date() > deadline }
  func succeed() { state.withLock { $0.successes += 1 } }
  func fail(_ description: String) { state.withLock { $0.failures.append(description) } }
  func note(lag: UInt64?) { state.withLock { $0.lag = .some(lag) } }
  func count(events: Int, rejected: Int, empty: Int) {
    state.withLock {
      $0.events += events
      $0.rejected += rejected
    }
  }
  func wait(seconds: Double) -> Bool {
    state.withLock { $0.waits.append(seconds) }
    let end = Date(timeIntervalSinceNow: seconds)
    while Date() < end, !hasToStop { usleep(2_000) }
    return !hasToStop
  }
}

/// A store that sources fill, as statements define them.
final class PolledStore {
  private(set) var store: Store
  private var isOpen = true
  let directory: URL

  init() throws {
    directory = FileManager.default.temporaryDirectory.appendingPathComponent(
      "nilo-http-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    store = try Store(directory: directory.path)
  }

  deinit {
    close()
    try? FileManager.default.removeItem(at: directory)
  }

  /// Leaves it to another process.
  func close() {
    if isOpen { store.close() }
    isOpen = false
  }

  func reopen() throws {
    close()
    store = try Store(directory: directory.path)
    isOpen = true
  }

  /// Runs `http(options)` until the hooks have seen enough.
  @discardableResult
  func poll(
    _ options: String, into target: String = "readings",
    adjust: @escaping (inout HTTPSourceSettings) -> Void = { _ in },
    until isEnough: @escaping @Sendable (TestHooks.Seen) -> Bool
  ) throws -> TestHooks.Seen {
    let text = "DEFINE SOURCE s FROM http(\(options)) INTO \(target)"
    guard case .defineSource(let definition)? = try Parser.statements(text).first?.body else {
      throw Mismatch(description: "\(text) defines no source")
    }
    if let issue = SourceKind.issue(with: definition) { throw Mismatch(description: issue.message) }
    let hooks = TestHooks(until: isEnough)
    try HTTPPolling(store, hooks, clock: Store.wallClockNs) {
      var settings = try HTTPSourceSettings(definition)
      // The language has no lengths that tests would like to wait for.
      settings.everyNs = 20_000_000
      adjust(&settings)
      return settings
    }.run()
    return hooks.seen
  }

  func documents(_ stream: String = "readings") throws -> [String] {
    guard store.definition(of: stream) != nil else { return [] }
    var documents: [String] = []
    try store.forEachEvent(of: stream) { event in
      documents.append(String(decoding: event.bytes, as: UTF8.self))
      return true
    }
    return documents
  }

  /// The values of a field of answers that were kept, or of other documents.
  func values(_ path: String, of stream: String = "readings") throws -> [String] {
    try documents(stream).map { document in
      switch try JSONPath(path).value(in: Array(document.utf8)) {
      case .string(let text)?, .number(let text)?: text
      default: "-"
      }
    }
  }
}
