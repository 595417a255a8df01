import Crypto
import Foundation
import Language
import Query
import Store
import Synchronization

/// Notes in `_audit` who did what to a store: statements that change it, its tokens, and what a server runs with.
public final class Audit: Sendable {
  private let store: Store
  private let state: Mutex<State>

  private struct State {
    /// What the server runs with, until it is noted.
    var configuration: String?
    /// What is noted of tokens, once that was looked up.
    var tokens: NotedTokens?
  }

  /// Tokens by their ids, as `_audit` has them.
  private struct NotedTokens {
    var made: Set<String> = []
    var revoked: Set<String> = []

    init(_ entries: [AuditEntry]) {
      for entry in entries {
        guard let id = entry.subject?.split(separator: " ").first.map(String.init) else { continue }
        if entry.action == "MAKE TOKEN" { made.insert(id) }
        if entry.action == "REVOKE TOKEN" { revoked.insert(id) }
      }
    }
  }

  /// `configuration` is the text of all settings, of which the digest is noted: with the first thing that is, so that a store
  /// in which nothing has been done has nothing in it.
  public init(_ store: Store, configuration: String? = nil) {
    self.store = store
    state = Mutex(State(configuration: configuration))
  }

  /// Runs `body`, which runs `statement`, and notes how it ended if it changes the store. When it went well and that cannot be
  /// noted, throws ``AuditError``.
  public func running<R>(
    _ statement: Statement, actor: String, address: String, _ body: () throws -> R
  ) throws -> R {
    guard statement.isChange else { return try body() }
    let text = statement.auditText
    let action = text.split(separator: " ").prefix(2).joined(separator: " ")
    var entry = AuditEntry(
      actor: actor, address: address, action: action, subject: text, digest: Self.digest(text))
    let result: R
    do { result = try body() } catch {
      let problem = error as? Problem
      entry.failure = problem?.detail ?? statement.failureText(error)
      entry.isRefused = problem?.kind == .forbidden
      // It is the first error that matters.
      try? note([entry])
      throw error
    }
    do { try note([entry]) } catch { throw AuditError(action: action, cause: "\(error)") }
    return result
  }

  /// Notes tokens that were made or revoked since it was noted last, also by other programs. `tokens` are all, with those
  /// that were revoked lately.
  func noteTokens(_ tokens: [Token]) throws {
    var noted = try state.withLock { $0.tokens } ?? NotedTokens(store.auditEntries())
    let made = tokens.filter { !noted.made.contains($0.id) }.map { token in
      let streams = token.streams.map { $0.joined(separator: ",") } ?? "*"
      return Self.entry(
        "MAKE TOKEN", "\(token.id) \(token.role.rawValue) \(streams) \(token.name)")
    }
    noted.made.formUnion(tokens.lazy.map(\.id))
    // One that somebody has taken out of the file is good no more either.
    let good = Set(tokens.lazy.filter { $0.revoked == nil }.map(\.id))
    let revoked = noted.made.subtracting(good).subtracting(noted.revoked)
    noted.revoked.formUnion(revoked)
    let entries = made + revoked.sorted().map { Self.entry("REVOKE TOKEN", $0) }
    if !entries.isEmpty { try note(entries) }
    state.withLock { [noted] in $0.tokens = noted }
  }

  /// Notes what the server runs with, unless it is what was noted last, or the store is empty.
  func noteConfiguration() throws {
    if try store.snapshot().lastSeq > 0 { try note([]) }
  }

  private func note(_ entries: [AuditEntry]) throws {
    var entries = entries
    let configuration = state.withLock { $0.configuration }
    if let configuration {
      let entry = Self.entry("CONFIGURE", configuration, isKept: false)
      let last = try store.auditEntries().last { $0.action == entry.action }
      if last?.digest != entry.digest { entries.insert(entry, at: 0) }
    }
    if !entries.isEmpty { try store.audit(entries) }
    state.withLock { $0.configuration = nil }
  }

  /// What was done at the machine itself.
  private static func entry(
    _ action: String, _ subject: String, isKept: Bool = true
  ) -> AuditEntry {
    AuditEntry(
      actor: "nilo", address: "local", action: action, subject: isKept ? subject : nil,
      digest: digest(subject))
  }

  /// SHA-256 in hexadecimal digits.
  private static func digest(_ text: String) -> String {
    SHA256.hash(data: Data(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

extension Statement {
  /// As it is noted: what was refused since it had a secret in it must not have it noted here.
  fileprivate var auditText: String { Statement(body.withoutSecrets).canonicalText }

  /// Why it was not done, on one line. The text itself stands beside it, without its secrets.
  fileprivate func failureText(_ error: any Error) -> String {
    guard let error = error as? LanguageError else { return "\(error)" }
    return error.places.map { "\($0.line):\($0.column): \($0.issue.message)" }
      .joined(separator: "; ")
  }
}

extension Statement.Body {
  fileprivate var withoutSecrets: Statement.Body {
    switch self {
    case .defineSource(let source): return .defineSource(source.withoutSecrets)
    case .defineSink(var sink):
      sink.target = sink.target.withoutSecrets
      return .defineSink(sink)
    case .defineSchedule(var schedule):
      schedule.target = schedule.target.withoutSecrets
      return .defineSchedule(schedule)
    case .defineAlert(var alert):
      alert.target = alert.target.withoutSecrets
      return .defineAlert(alert)
    default: return self
    }
  }
}

/// Something was done, and could not be noted.
public struct AuditError: Error, CustomStringConvertible {
  public var action: String
  public var cause: String
  public var description: String {
    "\(action) is done, but could not be noted in _audit: \(cause)"
  }
}
