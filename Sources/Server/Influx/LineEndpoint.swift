import Hummingbird
import LineProtocol
import NIOCore
import Store

/// Lines given back.
struct LineEndpoint: Sendable {
  let store: Store
  let pool: BlockingPool

  /// `GET /v1/lines/{seq}`: the line that an event came as, byte for byte.
  func get(_ request: Request, _ context: ServerContext) async throws -> Response {
    let seq = try context.seqParameter()
    let line = try await pool.run { [store] in
      guard let (stream, event) = try store.event(seq) else {
        throw Problem(.notFound, "there is no event \(seq) yet")
      }
      guard context.principal.mayAsk(stream: stream) else {
        throw Problem(.forbidden, "the token is not for the stream of event \(seq)")
      }
      guard let line = StoredLine.line(event.bytes, stream: stream) else {
        throw Problem(
          .notFound,
          "event \(seq) did not come as a line; GET /v1/events/\(seq) gives its document")
      }
      return line
    }
    return Response(
      status: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: line)))
  }
}
