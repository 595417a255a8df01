import Bytes
import Curl
import Foundation
import Query

/// A server that is asked over HTTP.
struct RemoteServer {
  var url: String
  /// Nil shows none.
  var token: String?
  var caFile: String?

  /// Answers of more bytes are refused: they are held as a whole.
  static let maxAnswerBytes = 1 << 30

  /// The body of an answer of 200. Throws `Failure` when there is none, ``RemoteProblem`` when the server refuses, and
  /// `CancellationError`.
  func ask(
    _ session: HTTPSession, _ path: String, method: String = "GET", body: [UInt8]? = nil,
    isCancelled: () -> Bool = { false }
  ) throws -> [UInt8] {
    var call = HTTPCall(url + path, method: method, body: body)
    call.headers = [("Accept", "application/json")]
    if body != nil { call.headers.append(("Content-Type", "application/json")) }
    if let token, !token.isEmpty { call.headers.append(("Authorization", "Bearer \(token)")) }
    call.caFile = caFile
    let head: HTTPHead
    let answer: [UInt8]
    do {
      (head, answer) = try session.send(
        call, maxBodyBytes: Self.maxAnswerBytes, isCancelled: isCancelled)
    } catch let error as HTTPCallError {
      throw failure(error)
    }
    if head.status == 200 { return answer }
    throw RemoteProblem(status: head.status, answer, server: url)
  }

  private func failure(_ error: HTTPCallError) -> any Error {
    switch error.kind {
    case .cancelled: return CancellationError()
    case .unreachable, .unresolved:
      return Failure(
        "nothing answers at \(url) (\(error.message)); start a server there with nilo serve, or say another --url"
      )
    // What OpenSSL says of an answer that is no TLS.
    case .untrusted where error.message.contains("wrong version number"):
      return Failure(
        "\(url) does not speak TLS (\(error.message)); say --url http:\(url.dropFirst("https:".count))"
      )
    case .untrusted:
      return Failure(
        "\(url) is not trusted (\(error.message)); --ca-file names who vouches for it")
    default:
      let advice =
        url.hasPrefix("https:")
        ? "if the server has no certificate, say --url http://"
        : "if the server has a certificate, say --url https://"
      return Failure("\(url) did not answer: \(error.message); \(advice)")
    }
  }
}

/// What a server says of a request that it does not answer: a problem of RFC 9457.
struct RemoteProblem: Error, CustomStringConvertible {
  /// A place in the text that was sent.
  struct Place {
    var line: Int
    var column: Int
    var message: String
    var hint: String?
  }

  var kind: String
  var detail: String
  var places: [Place] = []

  init(status: Int, _ body: [UInt8], server: String) {
    guard let problem = try? JSONReader.value(body), let detail = problem["detail"]?.string else {
      kind = ""
      detail = "\(server) answered with status \(status): is it nilo serve?"
      return
    }
    kind = (problem["type"]?.string ?? "").split(separator: ":").last.map(String.init) ?? ""
    self.detail = detail
    places = (problem["errors"]?.array ?? []).compactMap { place in
      guard let line = place["line"]?.integer, let column = place["column"]?.integer else {
        return nil
      }
      return Place(
        line: Int(line), column: Int(column), message: place["message"]?.string ?? detail,
        hint: place["hint"]?.string)
    }
  }

  var description: String {
    kind == "unauthorized" ? "\(detail); --token-file names a file with it" : detail
  }
}
