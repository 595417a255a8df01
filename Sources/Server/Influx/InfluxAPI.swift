import Bytes
import HTTPTypes
import Hummingbird

/// The versions of InfluxDB's HTTP API that are answered, which tell errors in forms of their own.
enum InfluxAPI: Sendable {
  case v1, v2, v3

  /// What clients take the server for: they go by it, and ask for what this version has.
  static let version = "1.8.10-nilo"

  /// An error as clients of this version read it.
  func response(_ problem: Problem) -> Response {
    let status = Self.status(of: problem.kind)
    var writer = JSONObjectWriter()
    switch self {
    case .v1, .v3: writer.field("error", problem.detail)
    case .v2:
      writer.field("code", Self.code(of: status))
      writer.field("message", problem.detail)
    }
    problem.members(&writer)
    var response = Response.json(writer.finish(), status: status)
    response.headers[.influxError] = Self.headerText(problem.detail)
    if let seconds = problem.retryAfterSeconds ?? (status == .serviceUnavailable ? 1 : nil) {
      response.headers[.retryAfter] = "\(seconds)"
    }
    if !problem.allowedMethods.isEmpty {
      response.headers[.allow] = problem.allowedMethods.joined(separator: ", ")
    }
    return response
  }

  /// Agents throw away what is answered by any 4xx. So what may be sent again later is answered by 503, whatever it is.
  private static func status(of kind: Problem.Kind) -> HTTPResponse.Status {
    switch kind {
    case .tooBusy, .tooSlow, .diskFull, .stopping, .conflict: .serviceUnavailable
    default: kind.status
    }
  }

  private static func code(of status: HTTPResponse.Status) -> String {
    switch status {
    case .unauthorized: "unauthorized"
    case .forbidden: "forbidden"
    case .notFound: "not found"
    case .methodNotAllowed: "method not allowed"
    case .contentTooLarge: "request too large"
    case .serviceUnavailable: "unavailable"
    case _ where status.code >= 500: "internal error"
    default: "invalid"
    }
  }

  /// One line of ASCII.
  private static func headerText(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.prefix(1_024).map { (" "..."~").contains($0) ? $0 : "?" }))
  }
}

/// Answers errors in the form of an API of InfluxDB, and names the version in all answers.
struct InfluxAnswers: RouterMiddleware {
  let api: InfluxAPI
  let metrics: Metrics

  func handle(
    _ request: Request, context: ServerContext,
    next: (Request, ServerContext) async throws -> Response
  ) async throws -> Response {
    var response: Response
    do {
      response = try await next(request, context)
    } catch {
      let problem = Problem(error)
      problem.note(request, context, metrics)
      response = api.response(problem)
    }
    response.headers[.influxVersion] = InfluxAPI.version
    return response
  }
}

extension HTTPField.Name {
  static let influxVersion = HTTPField.Name("X-Influxdb-Version")!
  static let influxError = HTTPField.Name("X-Influxdb-Error")!
}
