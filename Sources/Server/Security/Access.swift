import Foundation
import Hummingbird
import Language
import Model
import Query

/// Decides who may do what.
struct Access: Sendable {
  let tokens: TokenFile
  /// Tokens of somebody else; nil where none are taken.
  let webTokens: WebTokens?
  /// Whether programs of other machines reach the server: these have to show a token, and so has everybody once there is one.
  let isOpen: Bool
  /// Origins whose pages may ask.
  let origins: Set<String>
  let clock: @Sendable () -> Int64

  /// Who asks. With `takesPassword` the token may stand in the query string as the password `p`, where clients of InfluxDB 1
  /// put it; nowhere else, as addresses are written into logs. Throws a ``Problem`` of kind `unauthorized`, whose text does not
  /// tell an unknown token from a wrong one.
  func principal(
    of request: Request, _ context: ServerContext, takesPassword: Bool = false
  ) async throws(Problem) -> Principal {
    // What clients send that have to send something is passed over where nothing is asked for.
    guard isOpen || tokens.isThere || webTokens != nil else {
      try requireOwnMachine(request)
      return Principal(name: "http \(context.clientAddress)", role: .admin)
    }
    let password = takesPassword ? request.queryParameter("p") : nil
    guard let text = password ?? Self.credential(request) else {
      let others = takesPassword ? ", or as the password of Basic or p in the query string" : ""
      throw Problem(
        .unauthorized,
        "send a token, as Authorization: Bearer TOKEN\(others); nilo token create makes one")
    }
    if let webTokens, WebTokens.isOne(text) { return try await webTokens.principal(of: text) }
    guard let (id, secret) = Token.parts(of: text), let token = tokens.token(id),
      token.matches(secret), !token.isExpired(atNs: clock())
    else { throw .unknownToken }
    return Principal(
      name: token.name, role: token.role, streams: token.streams.map(Set.init), tokenId: token.id)
  }

  /// Without tokens a page of any origin could ask through the browser of this machine, or have its own name lead here (DNS
  /// rebinding). Browsers say where a page is from, and which name they asked for.
  private func requireOwnMachine(_ request: Request) throws(Problem) {
    let origin = request.headers[.origin]
    let isOfPage = origin.map {
      !origins.contains($0) && !Self.isLoopback($0.drop { $0 != "/" }.drop { $0 == "/" })
    }
    if isOfPage == true {
      throw Problem(
        .forbidden, "pages of other origins may not ask here; cors.origins lists those that may")
    }
    guard let host = request.head.authority, !Self.isLoopback(host[...]) else { return }
    throw Problem(
      .forbidden,
      "this server is asked by the names of its own machine, such as 127.0.0.1, as long as there is no token"
    )
  }

  private static func isLoopback(_ authority: Substring) -> Bool {
    var host = authority
    if host.hasPrefix("["), let end = host.firstIndex(of: "]") {
      host = host[host.index(after: host.startIndex)..<end]
    } else if let colon = host.lastIndex(of: ":") {
      host = host[..<colon]
    }
    return ServerSettings.Address.isLoopback(String(host).lowercased())
  }

  /// The token that a request shows: as a bearer, in the form of InfluxDB 2, which has a name before it where a client of it
  /// asks InfluxDB 1.8, or as the password of InfluxDB 1.
  private static func credential(_ request: Request) -> String? {
    guard let header = request.headers[.authorization] else { return nil }
    let parts = header.split(separator: " ", maxSplits: 1).map(String.init)
    guard parts.count == 2 else { return "" }
    switch parts[0].lowercased() {
    case "bearer": return parts[1].trimmingCharacters(in: .whitespaces)
    case "token":
      return parts[1].split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
        ?? ""
    case "basic":
      let pair = Data(base64Encoded: parts[1]).map { String(decoding: $0, as: UTF8.self) } ?? ""
      return pair.split(separator: ":", maxSplits: 1).dropFirst().first.map(String.init) ?? ""
    default: return ""
    }
  }
}

extension Problem {
  /// The same for all that shows nothing that was ever given out.
  static var unknownToken: Problem {
    Problem(.unauthorized, "the token is not known here, was revoked, or has ended")
  }
}

extension ServerContext {
  /// Throws a ``Problem`` of kind `forbidden` unless whoever asks has at least `role`.
  func require(_ role: Role) throws(Problem) {
    guard principal.role >= role else {
      throw Problem(
        .forbidden, "this takes the role \(role.rawValue); the token has \(principal.role.rawValue)"
      )
    }
  }

  /// Throws a ``Problem`` of kind `forbidden` unless whoever asks may ask the stream of a KPI, which is not named.
  func require(_ kpi: KpiInfo) throws(Problem) {
    guard principal.mayAsk(stream: kpi.stream) else {
      throw Problem(.forbidden, "the token is not for KPI \(kpi.name)")
    }
  }

  /// Throws a ``Problem`` of kind `forbidden` unless whoever asks may use the stream.
  func require(stream name: String) throws(Problem) {
    guard principal.mayAsk(stream: name) else {
      throw Problem(.forbidden, "the token is not for stream \(name)")
    }
  }
}
