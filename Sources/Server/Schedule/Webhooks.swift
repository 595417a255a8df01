import Crypto
import Curl
import Foundation
import HTTPConnector
import Language
import Query

/// Tells others over HTTP, at least once: what was told again has the same id.
struct Webhooks: Sendable {
  /// A file with the secret that bodies are signed with; empty for none.
  let secretFile: String
  /// Hosts that may have addresses of this machine or of its networks.
  let allowedHosts: Set<String>
  /// The wall clock, in nanoseconds since 1970.
  let clock: @Sendable () -> Int64

  /// Until there is a connection, and until the answer is complete.
  static let connectTimeoutMs = 5_000
  static let timeoutMs = 30_000
  /// An answer is only looked at for its status.
  private static let maxAnswerBytes = 1 << 20

  /// Sends JSON by POST, and returns when the other side has said that it has it, by a status of 200 to 299. Redirects are not
  /// followed. Throws ``OutputRefusal`` when the address may not be asked, `CancellationError`, and ``OutputFailure``.
  func send(
    _ body: [UInt8], id: String, to options: [SourceOption],
    isCancelled: @escaping @Sendable () -> Bool
  ) throws {
    let request: PlannedRequest
    do { request = try RequestTemplate(SourceOptions(options)).request() } catch {
      // What is referred to may come.
      throw OutputFailure("\(error)")
    }
    let host = SourceKind.url(of: request.fullURL)?.host?.lowercased()
    guard let host else { throw OutputFailure("url is no URL of http or https without a user") }
    var call = HTTPCall(request.fullURL, method: "POST", body: body)
    call.headers = [("Content-Type", "application/json"), ("X-Nilo-Id", id)]
    call.headers += try signature(of: body) + request.headers.map { ($0.name, $0.value.text) }
    (call.connectTimeoutMs, call.timeoutMs) = (Self.connectTimeoutMs, Self.timeoutMs)
    if !allowedHosts.contains(host) { call.permits = PublicAddress.isPublic }
    let status: Int
    do {
      status = try HTTPSession().send(
        call, maxBodyBytes: Self.maxAnswerBytes, isCancelled: isCancelled
      ).head.status
    } catch let error as HTTPCallError {
      let text = "\(request.shownURL): \(request.redacted(error.message))"
      switch error.kind {
      case .cancelled: throw CancellationError()
      case .refusedAddress:
        throw OutputRefusal(Self.ownAddress(host))
      case .badURL: throw OutputRefusal(text)
      default: throw OutputFailure(text)
      }
    }
    guard (200...299).contains(status) else {
      throw OutputFailure("\(request.shownURL) answers with status \(status)")
    }
  }

  /// Why a webhook would be refused by what its URL says alone: a name may be resolved to whatever later. Nil where it is taken.
  func refusal(of options: [SourceOption]) -> String? {
    guard case .text(let text)? = options["url"], let url = SourceKind.url(of: text) else {
      return nil
    }
    let host = url.host?.lowercased() ?? ""
    let isOwn = host == "localhost" || host.hasSuffix(".localhost")
    let isNumbers = host.contains(":") || host.allSatisfy { $0 == "." || $0.isNumber }
    guard isOwn || isNumbers && !PublicAddress.isPublic(host), !allowedHosts.contains(host) else {
      return nil
    }
    return Self.ownAddress(host)
  }

  private static func ownAddress(_ host: String) -> String {
    "\(host) is an address of this machine or of its networks; webhooks.allow lists hosts that may be"
  }

  /// The headers that tell who has sent the body, and when; none without a secret. The file is read each time, so that the
  /// secret can be exchanged.
  private func signature(of body: [UInt8]) throws -> [(name: String, value: String)] {
    let timestamp = String(clock() / 1_000_000_000)
    let time = ("X-Nilo-Timestamp", timestamp)
    if secretFile.isEmpty { return [time] }
    let secret = try Self.secret(in: secretFile)
    return [
      time, ("X-Nilo-Signature", "v1=" + Self.signature(secret, timestamp: timestamp, body)),
    ]
  }

  /// The secret in a file, without white space around it. Throws ``OutputFailure`` when there is none.
  static func secret(in file: String) throws -> String {
    let text: String
    do { text = try String(contentsOfFile: file, encoding: .utf8) } catch {
      throw OutputFailure(
        "webhooks.secret_file \(file) cannot be read: \(FileReason.of(error))")
    }
    let secret = text.trimmingCharacters(in: .whitespacesAndNewlines)
    if secret.isEmpty { throw OutputFailure("webhooks.secret_file \(file) is empty") }
    return secret
  }

  /// HMAC-SHA256 of the time, a dot and the body, in hexadecimal digits.
  static func signature(_ secret: String, timestamp: String, _ body: [UInt8]) -> String {
    let code = HMAC<SHA256>.authenticationCode(
      for: Data("\(timestamp).".utf8) + body, using: SymmetricKey(data: Data(secret.utf8)))
    return code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
