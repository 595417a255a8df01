import HTTPTypes
import Hummingbird

/// Answers errors as problems, logs those that are not the client's, and counts all answers. Each request is a line of the
/// log at the level `debug`.
struct Problems: RouterMiddleware {
  let metrics: Metrics

  func handle(
    _ request: Request, context: ServerContext,
    next: (Request, ServerContext) async throws -> Response
  ) async throws -> Response {
    let begin = ContinuousClock.now
    var response = await answer(request, context, next)
    response.headers[.requestId] = context.id
    metrics.count(status: response.status.code)
    // Without the query string, which may have a password in it.
    context.logger.debug(
      "\(request.method.rawValue) \(request.uri.path): \(response.status.code)",
      metadata: [
        "client": "\(context.clientAddress)",
        "milliseconds": "\(((.now - begin) / .milliseconds(1)).rounded())",
      ])
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
      problem.note(request, context, metrics)
      return problem.response()
    }
  }
}

extension HTTPField.Name {
  /// Under which the log speaks of a request.
  static let requestId = HTTPField.Name("X-Request-Id")!
}

extension Problem {
  /// Counts it, and tells the log what a client is not told.
  func note(_ request: Request, _ context: ServerContext, _ metrics: Metrics) {
    metrics.count(kind)
    guard let logged else { return }
    var rest = ""
    if kind == .diskFull {
      guard let leftOut = metrics.diskLine.admit() else { return }
      if leftOut > 0 { rest = "; \(leftOut) more requests since the last such line" }
    }
    context.logger.error("\(logged)\(rest)", metadata: ["path": "\(request.uri.path)"])
  }
}
