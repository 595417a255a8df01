import HTTPTypes
import Hummingbird

/// Answers errors as problems, logs those that are not the client's, and counts all answers.
struct Problems: RouterMiddleware {
  let metrics: Metrics

  func handle(
    _ request: Request, context: ServerContext,
    next: (Request, ServerContext) async throws -> Response
  ) async throws -> Response {
    var response = await answer(request, context, next)
    response.headers[.requestId] = context.id
    metrics.count(status: response.status.code)
    return response
  }

  private func answer(
    _ request: Request, _ context: ServerContext,
    _ next: (Request, ServerContext) async throws -> Response
  ) async -> Response {
    do {
      return try await next(request, context)
    } catch {
      let problem = Problem(error)
      problem.log(request, context)
      return problem.response()
    }
  }
}

extension HTTPField.Name {
  /// Under which the log speaks of a request.
  static let requestId = HTTPField.Name("X-Request-Id")!
}

extension Problem {
  /// Tells the log what a client is not told.
  func log(_ request: Request, _ context: ServerContext) {
    guard let logged else { return }
    context.logger.error("\(logged)", metadata: ["path": "\(request.uri.path)"])
  }
}
