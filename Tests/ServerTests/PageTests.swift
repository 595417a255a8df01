import Foundation
import Testing

/// The page's files, as browsers get them. What it does with them, `make test-page` looks at.
@Suite struct PageTests {
  private static let html = ["Accept: text/html,application/xhtml+xml"]

  @Test func browsersGetThePageAndProgramsTheList() throws {
    let served = try ServedStore()
    let page = try served.get("/?view=explore", headers: Self.html)
    #expect(page.status == 200)
    #expect(page.headers["content-type"] == "text/html; charset=utf-8")
    #expect(page.headers["vary"]?.contains("Accept") == true)
    #expect(page.text.contains("page/app/main.js"))
    let list = try served.get("/")
    #expect(list.headers["content-type"] == "text/plain; charset=utf-8")
    #expect(list.text.contains("POST /v1/query"))
    #expect(try served.ask("HEAD", "/", headers: Self.html).headers["etag"] == page.headers["etag"])
  }

  /// No text that a device sends can become a program, and nothing is fetched from elsewhere.
  @Test func nothingOfElsewhereRuns() throws {
    let served = try ServedStore()
    for path in ["/", "/page/app/main.js", "/page/styles/base.css", "/page/icons/nilometer.svg"] {
      let reply = try served.get(path, headers: Self.html)
      #expect(reply.status == 200, "\(path)")
      let policy = try #require(reply.headers["content-security-policy"], "\(path)")
      let rules = policy.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
      #expect(rules.contains("default-src 'none'") && rules.contains("script-src 'self'"))
      #expect(rules.contains("style-src 'self'") && rules.contains("connect-src 'self'"))
      #expect(rules.contains("frame-ancestors 'none'"))
      #expect(!policy.contains("unsafe") && !policy.contains("http"), "\(policy)")
      #expect(reply.headers["x-content-type-options"] == "nosniff")
      #expect(reply.headers["referrer-policy"] == "no-referrer")
    }
  }

  @Test func whatIsKnownIsNotSentAgain() throws {
    let served = try ServedStore()
    let first = try served.get("/page/app/main.js")
    #expect(first.headers["cache-control"] == "no-cache")
    let tag = try #require(first.headers["etag"])
    let again = try served.get("/page/app/main.js", headers: ["If-None-Match: \(tag)"])
    #expect(again.status == 304)
    #expect(again.body.isEmpty)
    #expect(again.headers["etag"] == tag)
    let other = try served.get("/page/app/main.js", headers: ["If-None-Match: W/\"0\""])
    #expect(other.status == 200)
  }

  @Test func filesAreCompressedWhereThatIsAskedFor() throws {
    let served = try ServedStore()
    let plain = try served.get("/page/styles/parts.css", headers: ["Accept-Encoding: identity"])
    #expect(plain.headers["content-encoding"] == nil)
    for asked in ["gzip", "br, gzip;q=0.5", "GZIP"] {
      let packed = try served.get(
        "/page/styles/parts.css", headers: ["Accept-Encoding: \(asked)"])
      #expect(packed.headers["content-encoding"] == "gzip", "\(asked)")
      #expect(packed.body.count < plain.body.count / 2)
      let file = served.path("packed.gz")
      try packed.body.write(to: URL(fileURLWithPath: file))
      #expect(try served.run("gzip", ["-dc", file]).output == plain.body)
    }
    let refused = try served.get("/page/styles/parts.css", headers: ["Accept-Encoding: gzip;q=0"])
    #expect(refused.headers["content-encoding"] == nil)
  }

  /// A folder of the settings comes first, file by file; a file that changes is another one.
  @Test func filesOfAFolderComeFirst() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("nilo-page-\(UUID().uuidString)")
    let place = folder.appendingPathComponent("app/main.js")
    try FileManager.default.createDirectory(
      at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try "one()".write(to: place, atomically: true, encoding: .utf8)
    let served = try ServedStore(["--set", "page.directory=\(folder.path)"])
    let first = try served.get("/page/app/main.js")
    #expect(first.text == "one()")
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1_000_000_000)], ofItemAtPath: place.path)
    try "another()".write(to: place, atomically: true, encoding: .utf8)
    let second = try served.get("/page/app/main.js")
    #expect(second.text == "another()")
    #expect(first.headers["etag"] != second.headers["etag"])
    #expect(try served.get("/page/app/state.js").text.contains("export"))
  }

  @Test func nothingBesideTheFilesIsGiven() throws {
    let served = try ServedStore()
    let secret = served.path("secret.js")
    try "secret".write(toFile: secret, atomically: true, encoding: .utf8)
    let up = String(repeating: "..%2F", count: 12)
    let paths = [
      "/page/app/nothing.js", "/page/..%2F..%2Fetc/passwd.txt", "/page/app/..%2Fapp%2Fmain.js",
      "/page/\(up)\(secret.dropFirst().replacing("/", with: "%2F"))/main.js",
      "/page/app/.main.js", "/page/app/main.swift", "/page/app/main.js%00.css",
    ]
    for path in paths {
      let reply = try served.get(path)
      #expect(reply.status == 404, "\(path)")
      #expect(reply.headers["content-type"] == "application/problem+json")
    }
  }

  /// What asks for the token cannot need one.
  @Test func filesNeedNoToken() throws {
    let served = try ServedStore()
    let made = try served.run(
      ServedStore.nilo.path,
      ["token", "create", "--data", served.data, "--role", "reader", "--name", "screen"])
    #expect(made.status == 0)
    let deadline = Date(timeIntervalSinceNow: 30)
    while try served.get("/v1/streams").status != 401, Date() < deadline { usleep(20_000) }
    #expect(try served.get("/v1/streams").status == 401)
    #expect(try served.get("/", headers: Self.html).status == 200)
    #expect(try served.get("/page/app/main.js").status == 200)
  }
}
