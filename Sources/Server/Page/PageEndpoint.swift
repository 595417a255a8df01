import HTTPTypes
import Hummingbird
import NIOCore

/// The page for people, at `/`: its files, which hold no data and are given without a token. What it shows it asks as any client
/// does.
struct PageEndpoint: Sendable {
  let files: PageFiles
  let pool: BlockingPool
  let operation: OperationEndpoints

  /// Everything is of this server; no text of a document can become a program.
  private static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  /// `GET /`: the page for browsers, and the list of paths for programs such as curl.
  func index(_ request: Request, _ context: ServerContext) async throws -> Response {
    let isBrowser = request.headers[.accept]?.contains("text/html") == true
    var response: Response
    if isBrowser, let page = try await answer("index.html", request) {
      response = page
    } else {
      response = try await operation.index(request, context)
    }
    response.headers[.vary] = "Accept, Accept-Encoding"
    return response
  }

  /// `GET /page/{folder}/{file}`
  func file(_ request: Request, _ context: ServerContext) async throws -> Response {
    let path = "\(try context.pathParameter("folder"))/\(try context.pathParameter("file"))"
    guard let response = try await answer(path, request) else {
      throw Problem(
        .notFound,
        "the page has no file \(path); the setting page.directory says where they are looked for")
    }
    return response
  }

  /// Nil when there is no such file.
  private func answer(_ path: String, _ request: Request) async throws -> Response? {
    guard let file = try await pool.run({ [files] in try files.file(path) }) else { return nil }
    var headers: HTTPFields = [
      .contentType: file.mediaType, .eTag: file.entityTag, .vary: "Accept-Encoding",
      // Kept, and asked for each time whether it is still the same: after an update nobody runs half of the old page.
      .cacheControl: "no-cache", .contentSecurityPolicy: Self.policy,
      .xContentTypeOptions: "nosniff", .referrerPolicy: "no-referrer",
    ]
    if request.headers[.ifNoneMatch]?.contains(file.entityTag) == true {
      return Response(status: .notModified, headers: headers)
    }
    var bytes = file.bytes
    if let gzipped = file.gzipped, Self.takesGzip(request) {
      headers[.contentEncoding] = "gzip"
      bytes = gzipped
    }
    return Response(
      status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  private static func takesGzip(_ request: Request) -> Bool {
    let codings = request.headers[.acceptEncoding]?.split(separator: ",") ?? []
    return codings.contains {
      let parts = $0.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
      return parts.first == "gzip" && !parts.dropFirst().contains("q=0")
    }
  }
}

extension HTTPField.Name {
  fileprivate static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
}
