import Bytes
import Hummingbird
import NIOCore

extension Response {
  /// One JSON object.
  static func json(
    status: HTTPResponse.Status = .ok, _ body: (inout JSONObjectWriter) -> Void
  ) -> Response {
    json(jsonObject(body), status: status)
  }

  /// A value that is JSON already.
  static func json(_ bytes: [UInt8], status: HTTPResponse.Status = .ok) -> Response {
    Response(
      status: status, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes + [0x0A])))
  }
}
