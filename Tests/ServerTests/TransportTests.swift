import Foundation
import Synchronization
import Testing

/// Connections that are encrypted, and pages of other origins.
@Suite struct TransportTests {
  /// A certificate of its own for 127.0.0.1 and `name`.
  private func makeCertificate(_ served: ServedStore, _ name: String) throws {
    let (_, status) = try served.run(
      "openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
        "2",
        "-subj", "/CN=\(name)", "-addext", "subjectAltName=IP:127.0.0.1",
        "-keyout", served.path("key.pem"), "-out", served.path("cert.pem"),
      ])
    try #require(status == 0)
  }

  private func subject(_ served: ServedStore) throws -> String {
    let (output, _) = try served.run(
      "bash",
      [
        "-c",
        "echo | openssl s_client -connect 127.0.0.1:\(served.port) 2>/dev/null | openssl x509 -noout -subject",
      ])
    return String(decoding: output, as: UTF8.self)
  }

  @Test func aRenewedCertificateTakesEffect() throws {
    let served = try ServedStore()
    try makeCertificate(served, "first")
    #expect(served.end() == 0)
    served.arguments = [
      "--set", "tls.certificate=\(served.path("cert.pem"))", "--set",
      "tls.key=\(served.path("key.pem"))", "--set", "log.level=debug",
    ]
    try served.start()
    let (output, status) = try served.run(
      "curl",
      ["-s", "--cacert", served.path("cert.pem"), "https://127.0.0.1:\(served.port)/-/healthy"])
    #expect(status == 0 && String(decoding: output, as: UTF8.self) == "{\"status\":\"healthy\"}\n")
    #expect(try subject(served).contains("first"))
    let (_, plain) = try served.run("curl", ["-s", "\(served.url)/-/healthy"])
    #expect(plain != 0)
    #expect(served.log.contains("the handshake of TLS with 127.0.0.1 failed"), "\(served.log)")
    // Files have times of a second at least.
    usleep(1_100_000)
    try makeCertificate(served, "second")
    #expect(try subject(served).contains("second"))
    #expect(served.log.contains("was read again; it ends 20"), "\(served.log)")
    // What cannot be used is told, and the one of before goes on.
    let (certificate, key) = (served.path("cert.pem"), served.path("key.pem"))
    let second = try String(contentsOfFile: certificate, encoding: .utf8)
    try makeCertificate(served, "third")
    try second.write(toFile: certificate, atomically: true, encoding: .utf8)
    #expect(try subject(served).contains("second"))
    #expect(
      served.log.contains(
        "the certificate of before is served on: tls.key \(key) is not the key of tls.certificate"),
      "\(served.log)")
    try "junk".write(toFile: certificate, atomically: true, encoding: .utf8)
    #expect(try subject(served).contains("second"))
    #expect(served.log.contains("\(certificate) cannot be used: it is no certificate"))
    try second.write(toFile: certificate, atomically: true, encoding: .utf8)
    let (figures, _) = try served.run(
      "curl", ["-s", "--cacert", certificate, "https://127.0.0.1:\(served.port)/metrics"])
    #expect(
      String(decoding: figures, as: UTF8.self)
        .contains(/nilo_tls_certificate_end_timestamp_seconds 1[0-9]{9}\n/))
    // Who asks in the wrong way is told so.
    let error = served.path("error")
    _ = try served.run(
      ServedStore.nilo.path, ["query", "--url", "http://127.0.0.1:\(served.port)", "SHOW KPIS"],
      error: error)
    #expect(try String(contentsOfFile: error, encoding: .utf8).contains("say --url https://"))
  }

  @Test func aServerWithoutTLSIsTold() throws {
    let served = try ServedStore()
    let error = served.path("error")
    _ = try served.run(
      ServedStore.nilo.path, ["query", "--url", "https://127.0.0.1:\(served.port)", "SHOW KPIS"],
      error: error)
    let text = try String(contentsOfFile: error, encoding: .utf8)
    #expect(text.contains("say --url http://127.0.0.1:\(served.port)"), "\(text)")
  }

  @Test func listedOriginsMayAsk() throws {
    let served = try ServedStore(["--set", "cors.origins=https://a.example, https://b.example"])
    for (origin, isAllowed) in [
      ("https://a.example", true), ("https://c.example", false), ("null", false),
    ] {
      for method in ["OPTIONS", "GET"] {
        let reply = try served.ask(
          method, "/v1/streams",
          headers: ["Origin: \(origin)", "Access-Control-Request-Method: GET"])
        #expect(
          (reply.headers["access-control-allow-origin"] == origin) == isAllowed,
          "\(origin) \(method)")
        let methods = reply.headers["access-control-allow-methods"] ?? ""
        #expect(methods.contains("DELETE") == (isAllowed && method == "OPTIONS"), "\(methods)")
      }
    }
  }
}
