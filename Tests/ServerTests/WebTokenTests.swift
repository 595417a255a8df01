import Crypto
import Foundation
import JWTKit
import Logging
import Testing

@testable import Server

/// JSON Web Tokens: who is let in by them, and who is not.
@Suite struct WebTokenTests {
  private static let now = 1_717_200_000.0
  private static var claims: [String: Any] {
    [
      "iss": "https://id.example", "aud": "nilo", "sub": "ada", "exp": now + 300,
      "nilo_role": "writer", "nilo_streams": "*",
    ]
  }

  /// A file of keys, and what the server makes of it.
  private final class Issuer {
    let directory: URL
    let keys: [TokenForge.Key]
    let tokens: WebTokens

    init(_ keys: [TokenForge.Key]) throws {
      self.keys = keys
      directory = FileManager.default.temporaryDirectory
        .appendingPathComponent("nilo-jwt-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
      var settings = ServerSettings()
      settings.keySetFile = directory.appendingPathComponent("jwks.json").path
      (settings.tokenIssuer, settings.tokenAudience) = ("https://id.example", "nilo")
      settings.tokenSkewSeconds = 10
      let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
      let made = WebTokens(settings, clock: { Int64(now) * 1_000_000_000 }, logger: logger)
      tokens = try #require(made)
      try write(keys)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    /// Beside others, which are of no use.
    func write(_ keys: [TokenForge.Key]) throws {
      try TokenForge.keySet(
        keys,
        others: [
          ["kty": "oct", "kid": "shared", "k": "c2VjcmV0"],
          ["kty": "EC", "crv": "P-384", "kid": "large", "x": "AA", "y": "AA"],
          ["kty": "RSA", "kid": "sealing", "use": "enc", "n": "AQAB", "e": "AQAB"],
          ["kty": "RSA", "kid": "other", "alg": "RS512", "n": "AQAB", "e": "AQAB"],
        ]
      ).write(to: directory.appendingPathComponent("jwks.json"), options: .atomic)
    }

    /// Who it is, or why not.
    func outcome(_ token: String) async throws -> String {
      do throws(Problem) {
        let principal = try await tokens.principal(of: token)
        let streams = principal.streams.map { $0.sorted().joined(separator: ",") } ?? "*"
        return "\(principal.name) \(principal.role.rawValue) \(streams)"
      } catch {
        #expect(error.kind == .unauthorized)
        return error.detail
      }
    }
  }

  private static func pem() throws -> String {
    let file = NSTemporaryDirectory() + "nilo-\(UUID().uuidString).pem"
    defer { try? FileManager.default.removeItem(atPath: file) }
    let openssl = Process()
    openssl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    openssl.arguments = ["openssl", "genrsa", "-out", file, "2048"]
    openssl.standardError = FileHandle.nullDevice
    try openssl.run()
    openssl.waitUntilExit()
    return try String(contentsOfFile: file, encoding: .utf8)
  }

  private let unknown = "the token is not known here, was revoked, or has ended"

  @Test func allThreeKindsOfKeysLetIn() async throws {
    let issuer = try Issuer([
      await .es256("e"), await .edDSA("d"), await .rsa("r", pem: Self.pem()),
    ])
    for key in issuer.keys {
      #expect(try await issuer.outcome(TokenForge.token(key, Self.claims)) == "ada writer *")
    }
    #expect(issuer.keys.map(\.algorithm.name) == ["ES256", "EdDSA", "RS256"])
  }

  /// Each by what differs from claims that are taken; null takes a claim away.
  @Test func claims() async throws {
    let issuer = try Issuer([await .es256("e")])
    let cases: [([String: Any], String)] = [
      (["nilo_streams": ["pumps", "doors"]], "ada writer doors,pumps"),
      (["nilo_streams": [String]()], "ada writer "), (["nilo_role": "admin"], "ada admin *"),
      (["aud": ["other", "nilo"]], "ada writer *"),
      (["sub": NSNull(), "name": "Ada L."], "Ada L. writer *"),
      // Clocks may differ by ten seconds.
      (["exp": Self.now - 9], "ada writer *"), (["nbf": Self.now + 10], "ada writer *"),
      (["exp": Self.now - 10], "the token has ended (exp)"),
      (["exp": -1e300], "the token has ended (exp)"),
      (["exp": NSNull()], "the token has no end (exp)"),
      (["nbf": Self.now + 11], "the token is not valid yet (nbf)"),
      (["iss": "https://evil.example"], "the token is of another issuer (iss)"),
      (["iss": NSNull()], "the token is of another issuer (iss)"),
      (["aud": "other"], "the token is for another audience (aud)"),
      (["aud": [String]()], "the token is for another audience (aud)"),
      (["aud": NSNull()], "the token is for another audience (aud)"),
    ]
    for (changed, outcome) in cases {
      let token = try TokenForge.token(issuer.keys[0], Self.claims.merging(changed) { $1 })
      #expect(try await issuer.outcome(token) == outcome, "\(changed)")
    }
    let faults: [([String: Any], String)] = [
      (["nilo_role": NSNull()], "nilo_role"), (["nilo_role": "root"], "nilo_role"),
      (["nilo_streams": NSNull()], "nilo_streams"), (["nilo_streams": "pumps"], "nilo_streams"),
      (["nilo_streams": ["*"]], "without a list"),
      (["nilo_streams": ["pumps", "*"]], "without a list"),
      (["sub": NSNull()], "whose it is"), (["sub": ""], "whose it is"),
      (["sub": "ada\n2024 admin"], "whose it is"), (["exp": "tomorrow"], "types"),
      (["nilo_streams": 7], "types"),
    ]
    for (changed, part) in faults {
      let token = try TokenForge.token(issuer.keys[0], Self.claims.merging(changed) { $1 })
      #expect(try await issuer.outcome(token).contains(part), "\(changed)")
    }
  }

  /// All that the issuer has not signed is refused by the same words.
  @Test func forgeries() async throws {
    let pem = try Self.pem()
    let issuer = try Issuer([await .es256("e"), await .edDSA("d"), await .rsa("r", pem: pem)])
    let (curve, edwards, rsa) = (issuer.keys[0], issuer.keys[1], issuer.keys[2])
    let good = try TokenForge.token(curve, Self.claims)
    let parts = good.split(separator: ".").map(String.init)
    let admin = try TokenForge.part(Self.claims.merging(["nilo_role": "admin"]) { $1 })
    func unsigned(_ algorithm: String, _ signature: String = "") throws -> String {
      "\(try TokenForge.part(["alg": algorithm, "kid": "e"])).\(admin).\(signature)"
    }
    /// Signed by a secret that everybody knows: the public key.
    func symmetric(_ kid: String, _ secret: Data) throws -> String {
      let signed = "\(try TokenForge.part(["alg": "HS256", "kid": kid])).\(admin)"
      let code = HMAC<SHA256>.authenticationCode(
        for: Data(signed.utf8), using: SymmetricKey(data: secret))
      return "\(signed).\(TokenForge.text(code))"
    }
    let publicPEM = try Insecure.RSA.PrivateKey(pem: pem).publicKey.pemRepresentation
    let stranger = try await TokenForge.Key.es256("e")
    let long = try await TokenForge.Key.rsa("r", pem: pem, .sha512)
    let forged: [String: String] = [
      "none": try unsigned("none"), "None": try unsigned("None"),
      "none, with a signature": try unsigned("none", parts[2]),
      "no signature": try unsigned("ES256"),
      "of zeros": try unsigned("ES256", TokenForge.text(Array(repeating: 0, count: 64))),
      "tampered": "\(parts[0]).\(admin).\(parts[2])",
      "cut": "\(parts[0]).\(parts[1]).\(parts[2].dropLast(4))",
      "HS256 by the public key": try symmetric("r", Data(publicPEM.utf8)),
      "HS256 by the modulus": try symmetric(
        "r", try Insecure.RSA.PrivateKey(pem: pem).publicKey.getKeyPrimitives().modulus),
      "HS256 by the shared key": try symmetric("shared", Data("secret".utf8)),
      "another's key": try TokenForge.token(stranger, Self.claims),
      "unknown kid": try TokenForge.token(curve, head: ["kid": "x"], Self.claims),
      "no kid": try TokenForge.token(curve, head: ["kid": NSNull()], Self.claims),
      "a kid of another kind": try TokenForge.token(curve, head: ["kid": "d"], Self.claims),
      "another kind's name": try TokenForge.token(
        edwards, head: ["kid": "e", "alg": "ES256"], Self.claims),
      "RS512": try TokenForge.token(long, Self.claims),
      "RS512 that calls itself RS256": try TokenForge.token(
        long, head: ["alg": "RS256"], Self.claims),
      "a key of its own": try TokenForge.token(
        stranger, head: ["jwk": stranger.jwk, "kid": "y"], Self.claims),
      "what would have to be understood": try TokenForge.token(
        rsa, head: ["crit": ["b64"], "b64": false], Self.claims),
      "two parts": "\(parts[0]).\(parts[1])", "four parts": good + ".x", "dots": "..",
      "no base64": "\(parts[0]).\(parts[1]).\(parts[2])==",
      "long": good + String(repeating: "A", count: 20_000),
    ]
    for (name, token) in forged {
      #expect(try await issuer.outcome(token) == unknown, "\(name)")
    }
    #expect(try await issuer.outcome(good) == "ada writer *")
  }

  @Test func keysAreExchanged() async throws {
    let issuer = try Issuer([await .es256("e")])
    let next = try await TokenForge.Key.edDSA("next")
    let old = try TokenForge.token(issuer.keys[0], Self.claims)
    let new = try TokenForge.token(next, Self.claims)
    #expect(try await issuer.outcome(old) == "ada writer *")
    #expect(try await issuer.outcome(new) == unknown)
    try issuer.write([next])
    try await Task.sleep(for: .milliseconds(150))
    #expect(try await issuer.outcome(old) == unknown)
    #expect(try await issuer.outcome(new) == "ada writer *")
    // Nobody is let in by keys that cannot be read any more.
    try Data("{".utf8).write(to: issuer.directory.appendingPathComponent("jwks.json"))
    try await Task.sleep(for: .milliseconds(150))
    #expect(try await issuer.outcome(new) == unknown)
  }

  /// A server that takes both kinds of tokens.
  @Test func besideTokensOfTheServer() async throws {
    let served = try ServedStore()
    let document = "{\"device_id\":\"a\",\"timestamp\":\"2024-01-01T00:00:00Z\",\"t\":1}"
    #expect(try served.post("/v1/streams/pumps/events", document).status == 200)
    #expect(try served.post("/v1/streams/doors/events", document).status == 200)
    #expect(served.end() == 0)
    let key = try await TokenForge.Key.es256("k1")
    try TokenForge.keySet([key]).write(to: URL(fileURLWithPath: served.path("jwks.json")))
    served.arguments = [
      "--set", "jwt.jwks=\(served.path("jwks.json"))", "--set", "jwt.issuer=https://id.example",
      "--set", "jwt.audience=nilo",
    ]
    try served.start()
    func header(_ changed: [String: Any]) throws -> [String] {
      let current = ["exp": Date().timeIntervalSince1970 + 3_600].merging(changed) { $1 }
      return [
        "Authorization: Bearer \(try TokenForge.token(key, Self.claims.merging(current) { $1 }))"
      ]
    }
    // It is secured, though it has no tokens of its own.
    let refused = try served.get("/v1/streams")
    #expect(refused.status == 401)
    #expect(refused.headers["www-authenticate"] == "Bearer realm=\"nilo\"")
    let pumps = try header(["nilo_streams": ["pumps"]])
    #expect(try served.post("/v1/streams/pumps/events", document, headers: pumps).status == 200)
    #expect(try served.post("/v1/streams/doors/events", document, headers: pumps).status == 403)
    let define = "DEFINE KPI k AS avg(t) FROM pumps EVERY 1h"
    #expect(try served.post("/v1/query", define, headers: header([:])).status == 403)
    let chief = try header(["nilo_role": "admin", "sub": "chief@plant"])
    #expect(try served.post("/v1/query", define, headers: chief).status == 200)
    #expect(try served.get("/v1/streams", headers: header(["exp": 1])).status == 401)
    let noted = try served.post(
      "/v1/query?format=csv",
      "SELECT actor, action FROM _audit WHERE action = 'DEFINE KPI' LAST 1h",
      headers: chief)
    #expect(noted.text.contains("chief@plant,DEFINE KPI"), "\(noted.text)")
    // One of the server's own does as well, from when it is made.
    let (output, status) = try served.run(
      ServedStore.nilo.path,
      ["token", "create", "--data", served.data, "--role", "reader", "--name", "hall"])
    #expect(status == 0)
    try await Task.sleep(for: .milliseconds(150))
    let own = String(decoding: output, as: UTF8.self).trimmingCharacters(
      in: .whitespacesAndNewlines)
    #expect(try served.get("/v1/streams", headers: ["Authorization: Bearer \(own)"]).status == 200)
    #expect(try served.get("/v1/streams", headers: chief).status == 200)
  }
}
