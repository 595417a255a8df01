import Bytes
import Hummingbird
import NIOCore

/// What is wrong with a request, or went wrong with it, as its client is told: problem details of RFC 9457.
struct Problem: Error {
  /// What clients tell problems apart by; each is described in docs/api.md.
  enum Kind: String, CaseIterable {
    case badRequest = "bad-request"
    case unreadableBody = "unreadable-body"
    case queryText = "query-text"
    case queryLimit = "query-limit"
    case notDone = "not-done"
    case rejected
    case idempotency
    case unauthorized
    case forbidden
    case notFound = "not-found"
    case methodNotAllowed = "method-not-allowed"
    case notAcceptable = "not-acceptable"
    case tooSlow = "too-slow"
    case conflict
    case tooLarge = "too-large"
    case mediaType = "media-type"
    case tooBusy = "too-busy"
    case failed
    case diskFull = "disk-full"
    case stopping

    var title: String {
      switch self {
      case .badRequest: "The request cannot be understood"
      case .unreadableBody: "The body cannot be read"
      case .queryText: "The query cannot be understood"
      case .queryLimit: "The query needs more than it may take"
      case .notDone: "The statement cannot be done"
      case .rejected: "No document is an event"
      case .idempotency: "The key is of another request"
      case .unauthorized: "Who asks is not known"
      case .forbidden: "Whoever asks may not do it"
      case .notFound: "There is no such thing"
      case .methodNotAllowed: "The method is not for this path"
      case .notAcceptable: "No form that the client takes"
      case .tooSlow: "The request took too long to arrive"
      case .conflict: "It contradicts what is there"
      case .tooLarge: "The request is too large"
      case .mediaType: "The body's type is not known"
      case .tooBusy: "The server has too much to do"
      case .failed: "The server failed"
      case .diskFull: "The disk is full or does not write"
      case .stopping: "The server is stopping"
      }
    }

    var status: HTTPResponse.Status {
      switch self {
      case .badRequest, .unreadableBody, .queryText: .badRequest
      case .queryLimit, .rejected, .notDone, .idempotency: .unprocessableContent
      case .unauthorized: .unauthorized
      case .forbidden: .forbidden
      case .notFound: .notFound
      case .methodNotAllowed: .methodNotAllowed
      case .notAcceptable: .notAcceptable
      case .tooSlow: .requestTimeout
      case .conflict: .conflict
      case .tooLarge: .contentTooLarge
      case .mediaType: .unsupportedMediaType
      case .tooBusy: .tooManyRequests
      case .failed: .internalServerError
      case .diskFull: .init(code: 507, reasonPhrase: "Insufficient Storage")
      case .stopping: .serviceUnavailable
      }
    }
  }

  /// A place in a query that something is wrong with.
  struct Place {
    var line: Int
    var column: Int
    var message: String
    var hint: String?
  }

  var kind: Kind
  /// What is wrong and what to do, without anything that only the server's operator should know.
  var detail: String
  var places: [Place] = []
  var retryAfterSeconds: Int?
  /// The methods that a path has, when another was used.
  var allowedMethods: [String] = []
  /// More members of the answer.
  var members: @Sendable (inout JSONObjectWriter) -> Void = { _ in }
  /// What the log is to tell of it beyond `detail`.
  var logged: String?

  init(_ kind: Kind, _ detail: String) {
    (self.kind, self.detail) = (kind, detail)
  }

  /// The type is a URN with the kind, so that it stays the same wherever the server is.
  var json: [UInt8] {
    var writer = JSONObjectWriter()
    writer.field("type", "urn:nilometer:problem:\(kind.rawValue)")
    writer.field("title", kind.title)
    writer.field("status", Int64(kind.status.code))
    writer.field("detail", HTTPWords.told(detail))
    if let first = places.first {
      writer.field("line", Int64(first.line))
      writer.field("column", Int64(first.column))
      if let hint = first.hint { writer.field("hint", HTTPWords.told(hint)) }
      writer.field("errors", array: places.map(Self.json))
    }
    members(&writer)
    return writer.finish()
  }

  /// The answer, with the headers that go with its kind.
  func response() -> Response {
    var headers: HTTPFields = [.contentType: "application/problem+json"]
    if let retryAfterSeconds { headers[.retryAfter] = "\(retryAfterSeconds)" }
    if !allowedMethods.isEmpty {
      headers[.allow] = allowedMethods.joined(separator: ", ")
    }
    if kind == .unauthorized { headers[.wwwAuthenticate] = "Bearer realm=\"nilo\"" }
    return Response(
      status: kind.status, headers: headers,
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: json + [0x0A])))
  }

  private static func json(_ place: Place) -> [UInt8] {
    var writer = JSONObjectWriter()
    writer.field("line", Int64(place.line))
    writer.field("column", Int64(place.column))
    writer.field("message", HTTPWords.told(place.message))
    if let hint = place.hint { writer.field("hint", HTTPWords.told(hint)) }
    return writer.finish()
  }
}
