import Crypto
import Foundation
import Model

/// A secret that a client shows, as the server knows it: not itself, but its hash.
public struct Token: Sendable, Equatable, Codable {
  /// Stands in the token, so that it is found without comparing it with all.
  public var id: String
  /// Who has it, as events note it.
  public var name: String
  public var role: Role
  /// The streams that it is for; nil for all.
  public var streams: [String]?
  /// When it was made, and when it ends; RFC 3339 texts.
  public var created: String
  public var expires: String?
  /// When it was revoked; nil while it is good. It is kept for a while after that, so that a server which was down meanwhile
  /// still notes it.
  public var revoked: String?
  /// SHA-256 of the secret, in hexadecimal digits. The secret has 256 random bits, so that one hash is enough.
  var hash: String

  /// What tokens begin with, so that scanners of leaked secrets know them.
  static let prefix = "nilo"

  /// What a name is, for messages.
  public static let nameRule = "a name is 1 to 200 bytes, without control characters"

  /// Whether a text can be the name of who has a token, which stands in events and lines of the log.
  public static func isName(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 200 && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
  }

  /// Makes a token, and the text that its client shows, which is not kept anywhere.
  public static func make(
    name: String, role: Role, streams: [String]?, created: String, expires: String?
  ) -> (token: Token, text: String) {
    var generator = SystemRandomNumberGenerator()
    let id = bytes(6, &generator).hexadecimal
    let secret = bytes(32, &generator).hexadecimal
    let token = Token(
      id: id, name: name, role: role, streams: streams, created: created, expires: expires,
      hash: hash(of: secret))
    return (token, "\(prefix)_\(id)_\(secret)")
  }

  /// The id and the secret in a token's text; nil for a text that is none.
  static func parts(of text: String) -> (id: String, secret: String)? {
    let parts = text.split(separator: "_", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, parts[0] == prefix else { return nil }
    return (parts[1], parts[2])
  }

  /// Whether `secret` is its own. Takes the same time wherever the two differ.
  func matches(_ secret: String) -> Bool {
    let (left, right) = (Array(hash.utf8), Array(Self.hash(of: secret).utf8))
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for index in left.indices { difference |= left[index] ^ right[index] }
    return difference == 0
  }

  /// Whether it has ended at a time in nanoseconds since 1970.
  func isExpired(atNs nowNs: Int64) -> Bool {
    guard let text = expires else { return false }
    guard let end = Timestamp(text) else { return true }
    return nowNs >= end.ns
  }

  private static func hash(of secret: String) -> String {
    SHA256.hash(data: Array(secret.utf8)).hexadecimal
  }

  private static func bytes(_ count: Int, _ generator: inout SystemRandomNumberGenerator) -> [UInt8]
  {
    (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
  }
}
