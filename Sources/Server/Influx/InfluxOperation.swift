import Bytes
import Hummingbird
import Store

/// What clients of InfluxDB ask before they write.
struct InfluxOperation: Sendable {
  let store: Store
  let pool: BlockingPool

  /// `GET /ping`: 204, or 200 with the version where `verbose` is true.
  func ping(_ request: Request, _ context: ServerContext) async throws -> Response {
    guard request.queryParameter("verbose") == "true" else { return Response(status: .noContent) }
    return .json { $0.field("version", InfluxAPI.version) }
  }

  /// `GET /health`
  func health(_ request: Request, _ context: ServerContext) async throws -> Response {
    .json { writer in
      writer.field("name", "nilo")
      writer.field("message", "ready for writes, and for queries at /v1/query")
      writer.field("status", "pass")
      writer.field("version", InfluxAPI.version)
    }
  }

  /// `GET /ready`: once the store answers.
  func ready(_ request: Request, _ context: ServerContext) async throws -> Response {
    _ = try await pool.run { [store] in try store.snapshot().lastSeq }
    return .json { $0.field("status", "ready") }
  }
}
