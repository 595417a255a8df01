import Bytes
import Hummingbird
import Model
import NIOCore
import Store

/// What whoever runs the server looks at.
struct OperationEndpoints: Sendable {
  let store: Store
  let file: StoreFile
  let queries: BlockingPool

  /// `GET /`: what there is, for who looks around.
  func index(_ request: Request, _ context: ServerContext) async throws -> Response {
    let text = """
      Nilometer. Append events, and ask:

        POST /v1/streams/{stream}/events   JSON, NDJSON or CSV; answers when they are durable
        GET  /v1/query?q=SELECT...         answers as JSON, NDJSON, CSV or Markdown, as Accept says
        POST /v1/query                     a statement as text, or {"query","params","format","time_zone"}
        GET  /v1/subscribe                 rows of a KPI or a query, as they change
        GET  /v1/streams, /v1/streams/{s}  streams, their fields and watermarks
        GET  /v1/kpis, /v1/kpis/{name}     KPIs and their versions
        GET  /v1/kpis/{name}/rows          a KPI's rows, page by page
        GET  /kpis/{timestamp}             what all KPIs have of a moment
        GET  /v1/ledger, /v1/sources       what was late, twice or rejected; who brings events
        GET  /v1/schedules, /v1/alerts, /v1/sinks   what happens by itself
        GET  /v1/notes, /v1/shifts         what people wrote beside the numbers; POST /v1/notes writes
        GET  /v1/events/{seq}, /v1/lines/{seq}   an event as it came in
        POST /write, /api/v2/write, /api/v3/write_lp   lines, as clients of InfluxDB send them
        GET  /                             this list; in a browser the page
        GET  /openapi.json                 all of this, as OpenAPI 3.1
        GET  /metrics, /-/healthy, /-/ready

      """
    return Response(
      status: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }

  /// `GET /openapi.json`: what is answered here, for programs.
  func openAPI(_ request: Request, _ context: ServerContext) async throws -> Response {
    .json(OpenAPI.json)
  }

  /// `GET /-/healthy`: 200 as long as the program answers at all.
  func healthy(_ request: Request, _ context: ServerContext) async throws -> Response {
    .json { $0.field("status", "healthy") }
  }

  /// `GET /-/ready`: 200 once the store answers, and as long as its file is there. The server listens only when it is open.
  func ready(_ request: Request, _ context: ServerContext) async throws -> Response {
    try file.require()
    let last = try await queries.run { [store] in try store.snapshot().lastSeq }
    return .json {
      $0.field("status", "ready")
      $0.field("last_seq", last)
    }
  }
}
