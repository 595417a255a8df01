import Foundation
import Synchronization
import Testing

/// Files that settings name are looked at before anything is made.
@Suite struct SettingsFilesTests {
  /// What `nilo` says when it refuses its settings.
  private func refusal(_ served: ServedStore, _ arguments: [String]) throws -> String {
    let file = served.path("error")
    let (_, status) = try served.run(ServedStore.nilo.path, arguments, error: file)
    #expect(status == 2, "\(arguments)")
    let text = try String(contentsOfFile: file, encoding: .utf8)
    return text.replacing(served.directory.path, with: "DIR")
  }

  @Test func whatCannotBeUsedIsNamed() throws {
    let served = try ServedStore()
    let files = [
      "cert.pem": "no certificate", "key.pem": "no key", "empty": " \n",
      "jwks.json": "{\"keys\":[]}",
      "text": "{", "tokens.dir/tokens": "no token\n",
    ]
    try FileManager.default.createDirectory(
      atPath: served.path("tokens.dir"), withIntermediateDirectories: true)
    for (name, text) in files {
      try text.write(toFile: served.path(name), atomically: true, encoding: .utf8)
    }
    let cases: [([String: String], [String])] = [
      (["tls.certificate": "cert.pem"], ["tls.certificate is set, and tls.key is not"]),
      (
        ["tls.certificate": "cert.pem", "tls.key": "none.pem"],
        ["tls.certificate DIR/cert.pem cannot be used", "tls.key DIR/none.pem cannot be read"]
      ),
      (["jwt.jwks": "jwks.json"], ["jwt.issuer is not", "jwt.audience is not", "has no key with"]),
      (
        ["jwt.jwks": "text", "jwt.issuer": "", "jwt.audience": ""],
        ["jwt.jwks: DIR/text is no JWKS"]
      ),
      (["jwt.jwks": "none"], ["jwt.jwks: DIR/none cannot be read"]),
      (["webhooks.secret_file": "empty"], ["webhooks.secret_file DIR/empty is empty"]),
      (["webhooks.secret_file": "none"], ["webhooks.secret_file DIR/none cannot be read"]),
      (["outputs.directory": "empty/files"], ["DIR/empty is no directory"]),
      (["data": "tokens.dir"], ["DIR/tokens.dir/tokens:1: this is no token"]),
    ]
    for (settings, messages) in cases {
      var arguments = settings.flatMap { ["--set", "\($0)=\(served.path($1))"] }
      if settings["data"] == nil { arguments += ["--data", served.path("fresh")] }
      for command in [["config", "check"], ["serve", "--listen", "127.0.0.1:0"]] {
        let text = try refusal(served, command + arguments)
        for message in messages { #expect(text.contains(message), "\(command): \(text)") }
      }
    }
    #expect(!FileManager.default.fileExists(atPath: served.path("fresh")))
    // A directory that is to be made is fine.
    let (_, status) = try served.run(
      ServedStore.nilo.path,
      ["config", "check", "--set", "outputs.directory=\(served.path("a/b"))"])
    #expect(status == 0)
  }

  @Test func aSettingThatIsMisspeltIsNamed() throws {
    let served = try ServedStore()
    let file = served.path("twice.yaml")
    try "limits.queries: 9\nlimits:\n  queries: 8\n".write(
      toFile: file, atomically: true, encoding: .utf8)
    #expect(
      try refusal(served, ["config", "check", "--config", file])
        .contains("has limits.queries twice"))
    // Where not even root makes anything.
    #expect(
      try refusal(served, ["config", "check", "--set", "outputs.directory=/proc/none"])
        .contains("outputs.directory is /proc/none, and /proc may not be written"))
    let text = try refusal(served, ["config", "check", "--set", "limits.querys=3"])
    #expect(text.contains("there is no setting limits.querys; is it limits.queries?"), "\(text)")
  }
}
