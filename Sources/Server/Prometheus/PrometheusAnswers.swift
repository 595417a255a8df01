import Bytes
import HTTPTypes
import Hummingbird

/// Answers errors as Prometheus does: `{"status":"error","errorType":"bad_data","error":"..."}`.
struct PrometheusAnswers: RouterMiddleware {
  let metrics: Metrics

  func handle(
    _ request: Request, context: ServerContext,
    next: (Request, ServerContext) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch is TimeoutError {
      return Self.response(
        .serviceUnavailable, "timeout",
        "query timed out in expression evaluation; ask for a shorter range, or give it more time by timeout"
      )
    } catch {
      let problem = Problem(error)
      problem.note(request, context, metrics)
      var response = Self.response(
        problem.kind.status, Self.type(of: problem.kind), problem.detail)
      response.headers[.wwwAuthenticate] = problem.response().headers[.wwwAuthenticate]
      response.headers[.retryAfter] = problem.retryAfterSeconds.map { "\($0)" }
      if !problem.allowedMethods.isEmpty {
        response.headers[.allow] = problem.allowedMethods.joined(separator: ", ")
      }
      return response
    }
  }

  private static func response(
    _ status: HTTPResponse.Status, _ type: String, _ text: String
  ) -> Response {
    .json(status: status) { writer in
      writer.field("status", "error")
      writer.field("errorType", type)
      writer.field("error", text)
    }
  }

  private static func type(of kind: Problem.Kind) -> String {
    switch kind {
    case .unauthorized: "unauthorized"
    case .forbidden: "forbidden"
    case .notFound: "not_found"
    case .notAcceptable: "not_acceptable"
    case .queryLimit, .notDone: "execution"
    case .tooBusy, .diskFull: "unavailable"
    case .stopping: "canceled"
    case .failed: "internal"
    default: "bad_data"
    }
  }
}

/// A query took longer than it may.
struct TimeoutError: Error {}

extension Response {
  /// What was asked for, and what is to be known of it.
  static func prometheus(
    _ data: [UInt8], warnings: [String] = [], infos: [String] = []
  ) -> Response {
    .json { writer in
      writer.field("status", "success")
      writer.field("data", json: data)
      if !warnings.isEmpty { writer.field("warnings", strings: warnings) }
      if !infos.isEmpty { writer.field("infos", strings: infos) }
    }
  }
}
