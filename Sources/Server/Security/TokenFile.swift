import Foundation
import Logging
import Model
import Synchronization

/// The tokens of a store: a file in its directory, one JSON object a line, which `nilo token` changes and a server beside it
/// reads again when it has changed.
public final class TokenFile: Sendable {
  /// A line of the file is no token.
  public struct MalformedError: Error, CustomStringConvertible {
    public var path: String
    public var line: Int
    public var description: String {
      "\(path):\(line): this is no token; remove the line, and make another with nilo token create"
    }
  }

  /// The file cannot be written; it is what it was.
  public struct WriteError: Error, CustomStringConvertible {
    public var path: String
    public var reason: String
    public var description: String { "\(path) cannot be written: \(reason)" }
  }

  public let path: String
  /// Told of what is wrong with the file while a server goes on.
  private let logger: Logger?
  private let cached = Mutex(Cache())

  /// What was read last.
  private struct Cache {
    var stamp: FileStamp?
    var tokens: [String: Token] = [:]
    var looked: ContinuousClock.Instant?
  }

  /// The file is looked at so often at most.
  private static let lookInterval = Duration.milliseconds(100)

  /// Nothing is read yet.
  public convenience init(directory: String) { self.init(directory: directory, logger: nil) }

  init(directory: String, logger: Logger?) {
    (path, self.logger) = ("\(directory)/tokens", logger)
  }

  /// How long a token that was revoked is kept.
  private static let keptNs: Int64 = 90 * 86_400 * 1_000_000_000

  /// All tokens that are not revoked, in the order of their making; empty without a file. Throws ``MalformedError``. O(tokens).
  public func all() throws -> [Token] { try records().filter { $0.revoked == nil } }

  /// The same with those that were revoked lately.
  func records() throws -> [Token] {
    let (tokens, faults) = try read()
    if let fault = faults.first { throw fault }
    return tokens
  }

  /// The tokens, revoked ones among them, and the lines that are none.
  private func read() throws -> (tokens: [Token], faults: [MalformedError]) {
    guard FileManager.default.fileExists(atPath: path) else { return ([], []) }
    let text = try String(contentsOfFile: path, encoding: .utf8)
    var tokens: [Token] = []
    var faults: [MalformedError] = []
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for (number, line) in lines.enumerated() where !line.isEmpty {
      do { tokens.append(try JSONDecoder().decode(Token.self, from: Data(line.utf8))) } catch {
        faults.append(MalformedError(path: path, line: number + 1))
      }
    }
    return (tokens, faults)
  }

  /// Adds a token. Not to be called by two processes at a time.
  public func add(_ token: Token) throws { try write(records() + [token]) }

  /// Revokes a token at a time in nanoseconds since 1970; false when there is none of that id. Its hash is kept no longer. Not
  /// to be called by two processes at a time.
  public func revoke(_ id: String, atNs nowNs: Int64) throws -> Bool {
    var tokens = try records()
    guard let index = tokens.firstIndex(where: { $0.id == id && $0.revoked == nil }) else {
      return false
    }
    (tokens[index].revoked, tokens[index].hash) = (Timestamp(ns: nowNs).description, "")
    let oldestNs = nowNs - Self.keptNs
    try write(tokens.filter { $0.revoked.flatMap { Timestamp($0)?.ns } ?? .max >= oldestNs })
    return true
  }

  /// The token of an id as the file had it a tenth of a second ago or later. A file that cannot be read any more has none; a line
  /// that is none does not shut out the others. O(1) while it does not change.
  func token(_ id: String) -> Token? { current { $0.tokens[id] } }

  /// Whether there is such a file, so that whoever asks has to show a token.
  var isThere: Bool { current { $0.stamp != nil } }

  private func current<R: Sendable>(_ body: (Cache) -> sending R) -> R {
    cached.withLock { cache in
      let now = ContinuousClock.now
      if let looked = cache.looked, now - looked < Self.lookInterval { return body(cache) }
      cache.looked = now
      let stamp = FileStamp(path: path)
      if cache.stamp != stamp {
        let tokens = goodTokens()
        if stamp == nil {
          logger?.warning(
            "\(path) is gone: where only programs of this machine reach the server, they may do all now"
          )
        }
        cache.stamp = stamp
        cache.tokens = Dictionary(tokens.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
      }
      return body(cache)
    }
  }

  /// All that can be read of the tokens that are not revoked; the log is told of the rest.
  private func goodTokens() -> [Token] {
    do {
      let (tokens, faults) = try read()
      for fault in faults { logger?.error("\(fault)") }
      return tokens.filter { $0.revoked == nil }
    } catch {
      logger?.error("\(path) cannot be read, so that nobody is let in: \(FileReason.of(error))")
      return []
    }
  }

  /// Puts another file in the place of the old one, which only its owner may read.
  private func write(_ tokens: [Token]) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var bytes = Data()
    for token in tokens { bytes += try encoder.encode(token) + [0x0A] }
    // Also the file that takes its place is its owner's alone, from the first moment.
    let mask = umask(0o077)
    defer { umask(mask) }
    do { try bytes.write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
      throw WriteError(path: path, reason: FileReason.of(error))
    }
    // An administrator makes tokens for the server of another user, who has the directory.
    guard geteuid() == 0 else { return }
    let directory = (path as NSString).deletingLastPathComponent
    let owner = try FileManager.default.attributesOfItem(atPath: directory).filter {
      [.ownerAccountID, .groupOwnerAccountID].contains($0.key)
    }
    for file in [path, path + ".lock"] where FileManager.default.fileExists(atPath: file) {
      try FileManager.default.setAttributes(owner, ofItemAtPath: file)
    }
  }
}
