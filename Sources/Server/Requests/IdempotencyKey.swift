import Crypto
import HTTPTypes
import Hummingbird
import Synchronization

extension HTTPField.Name {
  /// Names a request, so that it is done once however often it is sent.
  static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
}

/// The header `Idempotency-Key` of a request that brings events: sent again with the same key, the request is answered as it
/// was, and nothing is stored twice.
struct IdempotencyKey: Sendable {
  /// How long a key is known from its last batch on.
  static let keptNs: Int64 = 86_400_000_000_000
  static let maxBytes = 255

  /// What the store knows the request by: a hash of who asks, the stream and the key, so that nobody meets the keys of
  /// others.
  let name: String

  /// Nil without the header. Throws a ``Problem`` when it is no key.
  init?(_ request: Request, _ context: ServerContext, stream: String) throws(Problem) {
    guard var key = request.headers[.idempotencyKey] else { return nil }
    // The draft of the IETF writes it in quotes, as a string of RFC 8941; most clients do not.
    if key.count >= 2, key.hasPrefix("\""), key.hasSuffix("\"") {
      key = String(key.dropFirst().dropLast())
    }
    guard (1...Self.maxBytes).contains(key.utf8.count),
      key.utf8.allSatisfy({ (UInt8(ascii: "!")...UInt8(ascii: "~")).contains($0) })
    else {
      throw Problem(
        .badRequest,
        "Idempotency-Key has 1 to \(Self.maxBytes) visible characters of ASCII, such as those of a UUID"
      )
    }
    var hash = SHA256()
    for part in [context.actor, stream, key] {
      hash.update(data: Array(part.utf8))
      hash.update(data: [0])
    }
    name = hash.finalize().hexadecimal
  }
}

/// The keys of requests that are being answered.
final class KeysInUse: Sendable {
  private let names = Mutex<Set<String>>([])

  /// Runs `body` unless a request of this key is being answered: that is a ``Problem`` of kind `conflict`.
  func using<R>(_ key: IdempotencyKey, _ body: () async throws -> R) async throws -> R {
    guard names.withLock({ $0.insert(key.name).inserted }) else {
      var problem = Problem(
        .conflict,
        "a request with this Idempotency-Key is being answered; send it again when that has ended")
      problem.retryAfterSeconds = 1
      throw problem
    }
    defer { _ = names.withLock { $0.remove(key.name) } }
    return try await body()
  }
}

extension Sequence<UInt8> {
  /// Two digits for each byte.
  var hexadecimal: String {
    map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
