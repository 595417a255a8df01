import Foundation
import Logging
import Synchronization

/// JSON Web Tokens (RFC 7519) of one issuer, whose public keys are in a file. Who may do what is in their claims, so the server
/// keeps nothing of them.
final class WebTokens: Sendable {
  private let path: String
  private let issuer: String
  private let audience: String
  private let skewSeconds: Double
  private let clock: @Sendable () -> Int64
  private let logger: Logger
  private let cached = Mutex(Cache())

  /// What was read last.
  private struct Cache {
    var stamp: FileStamp?
    var keys: KeySet?
    var looked: ContinuousClock.Instant?
  }

  /// The file is looked at so often at most.
  private static let lookInterval = Duration.milliseconds(100)
  /// Longer texts are no tokens of ours; all header fields together have a limit of their own.
  private static let maxBytes = 16_384

  /// Nil when there are none by the settings. Nothing is read yet.
  init?(_ settings: ServerSettings, clock: @escaping @Sendable () -> Int64, logger: Logger) {
    if settings.keySetFile.isEmpty { return nil }
    (path, issuer, audience) = (settings.keySetFile, settings.tokenIssuer, settings.tokenAudience)
    skewSeconds = Double(settings.tokenSkewSeconds)
    (self.clock, self.logger) = (clock, logger)
  }

  /// Whether a text could be such a token, so that it is none of the server's own.
  static func isOne(_ text: String) -> Bool { text.utf8.count { $0 == UInt8(ascii: ".") } == 2 }

  /// Who shows the token. Throws a ``Problem`` of kind `unauthorized`: before it is sure that the token is the issuer's, always
  /// the same, and then what is wrong with it.
  func principal(of text: String) async throws(Problem) -> Principal {
    let bytes = Array(text.utf8)
    let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard bytes.count <= Self.maxBytes, parts.count == 3,
      let head = Self.decoded(Head.self, parts[0]), head.crit == nil,
      let kid = head.kid, let keys = await keys(), keys.isSigned(bytes, by: kid, head.alg)
    else { throw .unknownToken }
    guard let claims = Self.decoded(Claims.self, parts[1]) else {
      throw Problem(.unauthorized, "the token's claims are not of the types that they have to be")
    }
    do throws(Refusal) {
      return try claims.principal(
        issuer: issuer, audience: audience, skewSeconds, Double(clock()) / 1e9)
    } catch { throw Problem(.unauthorized, "the token \(error.reason)") }
  }

  /// Those of the file as it was a tenth of a second ago or later; nil when it cannot be used any more: then nobody is let in,
  /// rather than one whose key was taken away.
  private func keys() async -> KeySet? {
    let now = ContinuousClock.now
    let stamp: FileStamp?? = cached.withLock { cache in
      if let looked = cache.looked, now - looked < Self.lookInterval { return nil }
      let stamp = FileStamp(path: path)
      if cache.looked != nil, cache.stamp == stamp {
        cache.looked = now
        return nil
      }
      return .some(stamp)
    }
    if let stamp {
      var keys: KeySet?
      do { keys = try await KeySet(path: path) } catch {
        logger.warning("jwt.jwks: \(error); nobody is let in by its tokens")
      }
      cached.withLock { [keys] in $0 = Cache(stamp: stamp, keys: keys, looked: now) }
    }
    return cached.withLock { $0.keys }
  }

  private static func decoded<T: Decodable>(_ type: T.Type, _ part: ArraySlice<UInt8>) -> T? {
    Base64URL.bytes(part).flatMap { try? JSONDecoder().decode(type, from: Data($0)) }
  }

  /// How a token is signed. What stands in `crit` would have to be understood, and nothing is.
  private struct Head: Decodable {
    var alg: String
    var kid: String?
    var crit: [String]?
  }
}

/// Why a token is not taken, as the end of a sentence.
private struct Refusal: Error {
  var reason: String
}

/// What a token says of who shows it.
private struct Claims: Decodable {
  var iss: String?
  var aud: OneOrMore?
  /// Seconds since 1970.
  var exp: Double?
  var nbf: Double?
  var sub: String?
  var name: String?
  var role: String?
  var streams: OneOrMore?

  private enum CodingKeys: String, CodingKey {
    case iss, aud, exp, nbf, sub, name
    case role = "nilo_role"
    case streams = "nilo_streams"
  }

  /// A text, or a list of texts.
  struct OneOrMore: Decodable {
    var values: [String]
    var isList: Bool

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let one = try? container.decode(String.self) {
        (values, isList) = ([one], false)
      } else {
        (values, isList) = (try container.decode([String].self), true)
      }
    }
  }

  /// Throws what is wrong with the claims at a time, in seconds since 1970, when clocks may differ by `skew` seconds.
  func principal(
    issuer: String, audience: String, _ skew: Double, _ now: Double
  ) throws(Refusal) -> Principal {
    guard iss == issuer else { throw Refusal(reason: "is of another issuer (iss)") }
    guard aud?.values.contains(audience) == true else {
      throw Refusal(reason: "is for another audience (aud)")
    }
    guard let exp else { throw Refusal(reason: "has no end (exp)") }
    guard now < exp + skew else { throw Refusal(reason: "has ended (exp)") }
    guard now >= (nbf ?? -.infinity) - skew else { throw Refusal(reason: "is not valid yet (nbf)") }
    guard let role = role.flatMap(Role.init(rawValue:)) else {
      throw Refusal(reason: "has no claim nilo_role that is reader, writer or admin")
    }
    // In a list it would be the name of a stream, which there cannot be: the token would silently be for none.
    if let streams, streams.isList, streams.values.contains("*") {
      throw Refusal(
        reason:
          "has \"*\" in the list of its claim nilo_streams: for all streams it is \"*\" alone, without a list"
      )
    }
    guard let streams, streams.isList || streams.values == ["*"] else {
      throw Refusal(reason: "has no claim nilo_streams that is \"*\" or a list of names")
    }
    guard let actor = sub ?? name, Token.isName(actor) else {
      throw Refusal(reason: "does not say whose it is (sub or name): \(Token.nameRule)")
    }
    // Which token it was does not matter for limits: each has many, one after the other.
    return Principal(
      name: actor, role: role, streams: streams.isList ? Set(streams.values) : nil,
      tokenId: "jwt \(actor)")
  }
}
