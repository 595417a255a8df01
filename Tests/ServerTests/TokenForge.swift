import Foundation
import JWTKit
import Testing

/// Makes tokens as an issuer does, and as those do who are none.
struct TokenForge {
  /// A key pair, with the public half as a JWKS has it.
  struct Key {
    var kid: String
    var algorithm: any JWTAlgorithm
    var jwk: [String: String]

    static func es256(_ kid: String) async throws -> Key {
      let key = ES256PrivateKey()
      let (x, y) = try #require(key.publicKey.parameters)
      return Key(
        kid: kid, algorithm: try await JWTKeyCollection().add(ecdsa: key).getKey(),
        jwk: [
          "kty": "EC", "crv": "P-256", "kid": kid, "x": TokenForge.url(x), "y": TokenForge.url(y),
        ])
    }

    static func edDSA(_ kid: String) async throws -> Key {
      let key = try EdDSA.PrivateKey()
      return Key(
        kid: kid, algorithm: try await JWTKeyCollection().add(eddsa: key).getKey(),
        jwk: [
          "kty": "OKP", "crv": "Ed25519", "kid": kid, "alg": "EdDSA",
          "x": TokenForge.text(key.publicKey.rawRepresentation),
        ])
    }

    /// `pem` is a private key; `digest` may be one that is not taken.
    static func rsa(
      _ kid: String, pem: String, _ digest: DigestAlgorithm = .sha256
    ) async throws -> Key {
      let key = try Insecure.RSA.PrivateKey(pem: pem)
      let numbers = try key.publicKey.getKeyPrimitives()
      return Key(
        kid: kid,
        algorithm: try await JWTKeyCollection().add(rsa: key, digestAlgorithm: digest).getKey(),
        jwk: [
          "kty": "RSA", "kid": kid, "use": "sig", "n": TokenForge.text(numbers.modulus),
          "e": TokenForge.text(numbers.publicExponent),
        ])
    }
  }

  /// Signed, with whatever head and claims.
  static func token(
    _ key: Key, head: [String: Any] = [:], _ claims: [String: Any]
  ) throws -> String {
    let whole = ["alg": key.algorithm.name, "kid": key.kid].merging(head) { $1 }
    let signed = try "\(part(whole)).\(part(claims))"
    return "\(signed).\(text(try key.algorithm.sign(Data(signed.utf8))))"
  }

  /// A part of a token: JSON without null, as a text.
  static func part(_ object: [String: Any]) throws -> String {
    text(try JSONSerialization.data(withJSONObject: object.filter { !($1 is NSNull) }))
  }

  /// The text form of bytes in tokens.
  static func text(_ bytes: some Sequence<UInt8>) -> String {
    url(Data(bytes).base64EncodedString())
  }

  /// Of base64 that of tokens.
  private static func url(_ text: String) -> String {
    text.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }

  /// The file of these keys; `others` are put beside them as they are.
  static func keySet(_ keys: [Key], others: [[String: String]] = []) throws -> Data {
    try JSONSerialization.data(withJSONObject: ["keys": others + keys.map(\.jwk)])
  }
}
