import Foundation
import Hummingbird
import NIOCore

/// What is known of a request beside itself.
struct ServerContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  /// Where it came from.
  let clientAddress: String
  let eventLoop: any EventLoop
  /// The connection that it came over.
  let connection: ConnectionState?
  /// Who asks; set before a handler runs.
  var principal = Principal(name: "nobody", role: .reader, streams: [])

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    let channel = source.channel
    clientAddress = channel.remoteAddress?.ipAddress ?? "local"
    eventLoop = channel.eventLoop
    connection = ConnectionWatch.state(of: channel)
  }
}

extension ServerContext {
  /// Who asks, as events and the catalogue note it.
  var actor: String { principal.name }

  /// A part of the path by its name in the route, decoded. Throws a ``Problem`` when it is no percent-encoded UTF-8.
  func pathParameter(_ name: String) throws -> String {
    let text = try parameters.require(name)
    if !text.utf8.contains(UInt8(ascii: "%")) { return text }
    guard let decoded = text.removingPercentEncoding else {
      throw Problem(.badRequest, "\(text) in the path is no percent-encoded UTF-8")
    }
    return decoded
  }

  /// The sequence number in the path: digits alone. Throws a ``Problem`` for anything else.
  func seqParameter() throws -> UInt64 {
    let text = try pathParameter("seq")
    let isNumber = text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard isNumber, let seq = UInt64(text), seq > 0 else {
      throw Problem(.badRequest, "\(text) is no sequence number: these are whole numbers from 1")
    }
    return seq
  }
}
