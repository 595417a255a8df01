import Foundation
import JWTKit

/// The public keys of a JWKS file (RFC 7517), each with the one algorithm that it is for.
///
/// A token names its algorithm itself, so the key decides and not the token: a token that is signed in another way, or not at
/// all, does not fit its key.
struct KeySet: Sendable {
  /// A file is none, or has no key that tokens could be signed with.
  struct MalformedError: Error, CustomStringConvertible {
    var path: String
    var reason: String
    var description: String { "\(path) \(reason)" }
  }

  /// What a token may be signed with: ECDSA over P-256, Ed25519, and RSA of 2,048 bits and more.
  private static let algorithms: [JWK.Algorithm] = [.es256, .eddsa, .rs256]

  private let keys: [String: any JWTAlgorithm]

  /// Keys that are for something else are passed over, as RFC 7517 has it: of another kind or curve, for encryption, or
  /// without an id. Throws ``MalformedError``. O(keys).
  init(path: String) async throws {
    func malformed(_ reason: String) -> MalformedError {
      MalformedError(path: path, reason: reason)
    }
    let file: File
    do {
      file = try JSONDecoder().decode(File.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    } catch is DecodingError {
      throw malformed("is no JWKS: a JSON object with the list keys")
    } catch {
      throw malformed("cannot be read: \(FileReason.of(error))")
    }
    let known = JWTKeyCollection()
    var keys: [String: any JWTAlgorithm] = [:]
    for key in file.keys.compactMap(\.signing) {
      guard let kid = key.keyIdentifier else { continue }
      if keys[kid.string] != nil { throw malformed("has two keys with the kid \(kid.string)") }
      do {
        try await known.add(jwk: key)
        keys[kid.string] = try await known.getKey(for: kid)
      } catch {
        throw malformed("has a key \(kid.string) that is none of its kind: \(error)")
      }
    }
    if keys.isEmpty {
      let names = Self.algorithms.map(\.rawValue).joined(separator: ", ")
      throw malformed("has no key with a kid that is for one of \(names)")
    }
    self.keys = keys
  }

  /// Whether the signature of a token is one by the key that its head names. Takes a token's three parts as they are.
  func isSigned(_ token: [UInt8], by kid: String, _ algorithm: String) -> Bool {
    guard let key = keys[kid], key.name == algorithm,
      let dot = token.lastIndex(of: UInt8(ascii: ".")),
      let signature = Base64URL.bytes(token[(dot + 1)...])
    else { return false }
    return (try? key.verify(signature, signs: Array(token[..<dot]))) == true
  }

  private struct File: Decodable {
    var keys: [Entry]
  }

  /// A key of the file, whatever it is.
  private struct Entry: Decodable {
    /// What tokens can be signed with, without the private part that should not be here.
    var signing: JWK?

    private enum CodingKeys: CodingKey { case use }

    init(from decoder: any Decoder) throws {
      let use = try decoder.container(keyedBy: CodingKeys.self)
        .decodeIfPresent(String.self, forKey: .use)
      guard use ?? "sig" == "sig", var key = try? JWK(from: decoder) else { return }
      let algorithm: JWK.Algorithm
      switch (key.keyType, key.curve?.rawValue) {
      case (.rsa, _): algorithm = .rs256
      case (.ecdsa, "P-256"?): algorithm = .es256
      case (.octetKeyPair, "Ed25519"?): algorithm = .eddsa
      default: return
      }
      guard key.algorithm ?? algorithm == algorithm else { return }
      (key.algorithm, key.privateExponent, key.prime1, key.prime2) = (algorithm, nil, nil, nil)
      signing = key
    }
  }
}

/// The text form of bytes in tokens (RFC 4648, section 5), without padding.
enum Base64URL {
  /// Nil for a text that is none.
  static func bytes(_ text: some Sequence<UInt8>) -> [UInt8]? {
    var standard: [UInt8] = []
    for byte in text {
      switch byte {
      case UInt8(ascii: "-"): standard.append(UInt8(ascii: "+"))
      case UInt8(ascii: "_"): standard.append(UInt8(ascii: "/"))
      case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): return nil
      default: standard.append(byte)
      }
    }
    standard += Array(repeating: UInt8(ascii: "="), count: (4 - standard.count % 4) % 4)
    return Data(base64Encoded: Data(standard)).map(Array.init)
  }
}
