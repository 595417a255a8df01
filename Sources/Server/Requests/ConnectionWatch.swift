import HTTPTypes
import Logging
import NIOCore
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOSSL
import Synchronization

/// What is known of a connection while it is open.
final class ConnectionState: Sendable {
  private let gone = Atomic<Bool>(false)

  /// Whether the client has closed it: nobody waits for what is being computed.
  var isGone: Bool { gone.load(ordering: .relaxed) }

  fileprivate func leave() { gone.store(true, ordering: .relaxed) }
}

/// Sits in the pipeline of each connection: notices when the client goes away while its request is answered, and tells
/// those that wait for it to go on with their bodies (RFC 9110, section 10.1.1), which the framework does not.
///
/// A client that closes its half of the connection only counts as gone: the two look alike until something is written.
final class ConnectionWatch: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias OutboundOut = HTTPResponsePart

  /// Those of open connections, by channel.
  private static let states = Mutex<[ObjectIdentifier: ConnectionState]>([:])

  private let state = ConnectionState()
  private let maxBodyBytes: Int
  private let patience: TimeAmount
  private let logger: Logger

  /// A client that announces a larger body is not told to go on; one that is silent within a request for longer than
  /// `patience` is left.
  init(maxBodyBytes: Int, patience: TimeAmount, logger: Logger) {
    (self.maxBodyBytes, self.patience, self.logger) = (maxBodyBytes, patience, logger)
  }

  static func state(of channel: any Channel) -> ConnectionState? {
    states.withLock { $0[ObjectIdentifier(channel)] }
  }

  /// Connections that are open.
  static var openCount: Int { states.withLock { $0.count } }

  func handlerAdded(context: ChannelHandlerContext) {
    let id = ObjectIdentifier(context.channel)
    Self.states.withLock { $0[id] = state }
    let pipeline = context.pipeline.syncOperations
    if let codec = try? pipeline.handler(type: HTTP1ToHTTPServerCodec.self) {
      try? pipeline.addHandler(RequestGuard(patience: patience), position: .before(codec))
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    state.leave()
    let id = ObjectIdentifier(context.channel)
    Self.states.withLock { states in
      if states[id] === state { states[id] = nil }
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .head(let request) = unwrapInboundIn(data), request.headerFields[.expect] != nil {
      goOn(request, context)
    }
    context.fireChannelRead(data)
  }

  private func goOn(_ request: HTTPRequest, _ context: ChannelHandlerContext) {
    guard request.headerFields[.expect]?.lowercased() == "100-continue" else { return }
    if let length = request.headerFields[.contentLength].flatMap({ Int($0) }), length > maxBodyBytes
    {
      return
    }
    context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .some(.inputClosed) = event as? ChannelEvent { state.leave() }
    context.fireUserInboundEventTriggered(event)
  }

  /// Says with whom encryption failed, which the framework does not.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let failure = error as? NIOSSLError, case .handshakeFailed(let reason) = failure {
      let address = context.remoteAddress?.ipAddress ?? "a client"
      logger.debug("the handshake of TLS with \(address) failed: \(reason)")
    }
    context.fireErrorCaught(error)
  }

  func channelInactive(context: ChannelHandlerContext) {
    state.leave()
    context.fireChannelInactive()
  }
}
