import NIOCore
import NIOHTTP1

/// Stands between the parser of HTTP/1 and the framework, and does what the framework does not: ends connections whose
/// request does not go on or whose client does not take its answer, answers heads that are too large by 431 and those that do not say one host by 400, and speaks
/// HTTP/1.0 with clients that do.
final class RequestGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  private enum Place {
    /// Before a request, of which some bytes may have come.
    case head
    case body
  }

  private let patience: TimeAmount
  private var place = Place.head
  private var hasPart = false
  private var isRefused = false
  /// Whether the request that is answered is of HTTP/1.0.
  private var isOld = false
  /// Ends the connection, while the client is to send something.
  private var end: Scheduled<Void>?
  /// Ends it, while the client does not take what there is for it: until then all of the answer is held.
  private var leaving: Scheduled<Void>?

  /// `patience` is how long a client may be silent within a request, and take nothing of an answer.
  init(patience: TimeAmount) { self.patience = patience }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if isRefused { return }
    hasPart = true
    stopWaiting()
    switch unwrapInboundIn(data) {
    case .head(var head):
      place = .body
      if let fault = Self.faultOfHost(head) {
        return refuse(context, .badRequest, body: Problem(.badRequest, fault).json + [0x0A])
      }
      let codings = head.headers[canonicalForm: "transfer-encoding"]
      if codings.contains(where: { $0.lowercased() != "chunked" }) {
        // The parser takes the chunks apart, and nobody what is in them (RFC 9112, section 6.1).
        return refuse(context, .notImplemented)
      }
      isOld = head.version == .http1_0
      if isOld {
        head.headers.replaceOrAdd(name: "connection", value: "close")
        // It knows no informational answers, and would take one for the answer (RFC 9110, section 10.1.1).
        head.headers.remove(name: "expect")
      }
      context.fireChannelRead(wrapInboundOut(.head(head)))
      return
    case .body: break
    case .end: place = .head
    }
    context.fireChannelRead(data)
  }

  /// Bytes that are no part yet are the beginning of a head.
  func channelReadComplete(context: ChannelHandlerContext) {
    if place == .head, !hasPart { wait(context) }
    hasPart = false
    context.fireChannelReadComplete()
  }

  /// The body is waited for only when somebody reads it: a server that is busy does not blame the client.
  func read(context: ChannelHandlerContext) {
    if place == .body { wait(context) }
    context.read()
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard isOld, case .head(var head) = unwrapOutboundIn(data), head.status.code >= 200 else {
      context.write(data, promise: promise)
      return
    }
    // Then the body ends with the connection, and not with a chunk that the client would take for a part of it.
    head.version = .http1_0
    head.headers.replaceOrAdd(name: "connection", value: "close")
    context.write(wrapOutboundOut(.head(head)), promise: promise)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard case .headerOverflow? = error as? HTTPParserError, place == .head, !isRefused else {
      context.fireErrorCaught(error)
      return
    }
    refuse(context, .requestHeaderFieldsTooLarge)
  }

  /// What is wrong with what a head says of the host that is asked (RFC 9112, section 3.2); nil when nothing is.
  private static func faultOfHost(_ head: HTTPRequestHead) -> String? {
    let count = head.headers["host"].count
    if count > 1 { return "the request has more than one header Host" }
    return count == 0 && head.version == .http1_1
      ? "the request has no header Host, which HTTP/1.1 asks for" : nil
  }

  /// Answers by a status and an empty body, or a problem, and closes the connection.
  private func refuse(
    _ context: ChannelHandlerContext, _ status: HTTPResponseStatus, body: [UInt8] = []
  ) {
    isRefused = true
    stopWaiting()
    var head = HTTPResponseHead(
      version: .http1_1, status: status,
      headers: ["connection": "close", "content-length": "\(body.count)"])
    if !body.isEmpty { head.headers.add(name: "content-type", value: "application/problem+json") }
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if !body.isEmpty {
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    // Closed at once, with bytes that nobody has read, the connection would be reset before the client has the answer.
    context.close(mode: .output, promise: nil)
    let channel = context.channel
    end = context.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    let channel = context.channel
    leaving?.cancel()
    leaving =
      channel.isWritable
      ? nil : context.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
    context.fireChannelWritabilityChanged()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    stopWaiting()
    leaving?.cancel()
  }

  private func wait(_ context: ChannelHandlerContext) {
    if end != nil { return }
    let channel = context.channel
    end = context.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
  }

  private func stopWaiting() {
    end?.cancel()
    end = nil
  }
}
