import HTTPTypes
import Hummingbird

/// Lets pages of other origins ask, those that the settings list and no others (CORS of the Fetch standard).
struct AllowedOrigins: RouterMiddleware {
  private let origins: Set<String>
  private let cors = CORSMiddleware<ServerContext>(
    allowOrigin: .originBased,
    allowHeaders: [
      .accept, .authorization, .contentType, .contentEncoding, .idempotencyKey, .lastEventID,
    ],
    allowMethods: [.get, .post, .delete, .head, .options],
    exposedHeaders: [
      "X-Nilo-Summary", "X-Nilo-Next", "X-Nilo-Stream", "X-Nilo-Received", "X-Request-Id", "Link",
      "Retry-After",
    ],
    maxAge: .seconds(600))

  init(_ origins: [String]) { self.origins = Set(origins) }

  func handle(
    _ request: Request, context: ServerContext,
    next: (Request, ServerContext) async throws -> Response
  ) async throws -> Response {
    guard let origin = request.headers[.origin], origins.contains(origin) else {
      return try await next(request, context)
    }
    return try await cors.handle(request, context: context, next: next)
  }
}

extension HTTPField.Name {
  /// What an event source has had, when it comes again.
  static let lastEventID = HTTPField.Name("Last-Event-ID")!
}
