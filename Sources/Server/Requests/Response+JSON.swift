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

extension [[UInt8]] {
  /// Values that are JSON already, as an array. O(bytes).
  var jsonArray: [UInt8] {
    var bytes: [UInt8] = [UInt8(ascii: "[")]
    for (index, value) in enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      bytes += value
    }
    bytes.append(UInt8(ascii: "]"))
    return bytes
  }
}
