import Curl
import Foundation

/// An answer to a request of a source.
struct Answer {
  var head: HTTPHead
  var body: [UInt8]
  /// The request that it answers: the last one, after redirects.
  var request: PlannedRequest
}

/// Sends requests within their limits, and follows redirects; each hop is looked at like the first.
final class Requester {
  private let session = HTTPSession()
  private let hooks: any PollingHooks
  private let clock: @Sendable () -> Int64
  private var lastRequest: ContinuousClock.Instant?

  /// `clock` gives the wall clock, in nanoseconds since 1970.
  init(_ hooks: any PollingHooks, clock: @escaping @Sendable () -> Int64) {
    (self.hooks, self.clock) = (hooks, clock)
  }

  /// The whole answer, of a status of 200 to 299 or 304. Throws ``PollFailure``, and `CancellationError` when it is to stop.
  func answer(
    to request: PlannedRequest, _ validators: Validators?, _ limits: RequestLimits
  ) throws -> Answer {
    var body: [UInt8] = []
    let (head, last) = try send(request, validators, limits, timeoutMs: limits.timeoutMs) {
      _, piece in
      guard body.count + piece.count <= limits.maxBodyBytes else {
        throw PollFailure(
          "the answer of \(request.shownURL) has more than \(limits.maxBodyBytes) bytes; ask for less at once, or raise max_bytes"
        )
      }
      body += piece
    }
    guard (200...299).contains(head.status) || head.status == 304 else {
      throw refusal(head, body, last)
    }
    return Answer(head: head, body: body, request: last)
  }

  /// Hands out an answer piece by piece. `hasEnded` is asked at least once a second. Throws as `answer` does.
  func follow(
    _ request: PlannedRequest, _ limits: RequestLimits, hasEnded: () throws -> Bool,
    piece take: ([UInt8]) throws -> Void
  ) throws {
    var said: [UInt8] = []
    let (head, last) = try send(request, nil, limits, timeoutMs: nil, hasEnded: hasEnded) {
      head, piece in
      if (200...299).contains(head.status) {
        try take(piece)
      } else if said.count < 1_000 {
        said += piece
      }
    }
    guard (200...299).contains(head.status) else { throw refusal(head, said, last) }
  }

  // MARK: Hops

  private func send(
    _ request: PlannedRequest, _ validators: Validators?, _ limits: RequestLimits, timeoutMs: Int?,
    hasEnded: () throws -> Bool = { false }, _ body: (HTTPHead, [UInt8]) throws -> Void
  ) throws -> (HTTPHead, PlannedRequest) {
    var (request, validators) = (request, validators)
    for _ in 0...limits.maxRedirects {
      let head = try hop(request, validators, limits, timeoutMs: timeoutMs, hasEnded, body)
      guard let location = head.redirection else { return (head, request) }
      let becomesGet =
        head.status == 303 || request.method == "POST" && [301, 302].contains(head.status)
      request = try request.redirected(to: location, keepingBody: !becomesGet)
      // They are of another URL.
      validators = nil
    }
    throw PollFailure(
      "\(request.shownURL) is where more than \(limits.maxRedirects) redirects lead; give the last URL, or raise max_redirects"
    )
  }

  private func hop(
    _ request: PlannedRequest, _ validators: Validators?, _ limits: RequestLimits, timeoutMs: Int?,
    _ hasEnded: () throws -> Bool, _ body: (HTTPHead, [UInt8]) throws -> Void
  ) throws -> HTTPHead {
    try keepPace(limits)
    guard let origin = URLOrigin(request.fullURL) else {
      throw PollFailure("\(request.shownURL) is no URL of http or https")
    }
    var call = HTTPCall(request.fullURL, method: request.method)
    call.body = request.body.map { Array($0.text.utf8) }
    call.headers = request.headers.map { ($0.name, $0.value.text) } + (validators?.headers ?? [])
    (call.connectTimeoutMs, call.timeoutMs) = (limits.connectTimeoutMs, timeoutMs)
    call.caFile = limits.caFile
    if !limits.allowedHosts.contains(origin.host) { call.permits = limits.permits }
    if let address = limits.lookUp?(origin.host) {
      call.addresses = [(origin.host, origin.port, address)]
    }
    var failure: (any Error)?
    let isOver = {
      do { return try hasEnded() || self.hooks.hasToStop } catch let error {
        failure = error
        return true
      }
    }
    do {
      return try session.send(call, isCancelled: isOver) { head, piece in
        if head.redirection == nil { try body(head, piece) }
      }
    } catch let error as HTTPCallError {
      if let failure { throw failure }
      throw self.failure(error, request, origin)
    }
  }

  /// Waits until the next request may be sent.
  private func keepPace(_ limits: RequestLimits) throws {
    if let perMinute = limits.perMinute, let last = lastRequest {
      let left = last + .seconds(60) / perMinute - .now
      if left > .zero, !hooks.wait(seconds: left / .seconds(1)) { throw CancellationError() }
    }
    lastRequest = .now
  }

  // MARK: Failures

  private func failure(
    _ error: HTTPCallError, _ request: PlannedRequest, _ origin: URLOrigin
  ) -> any Error {
    switch error.kind {
    case .cancelled: CancellationError()
    case .refusedAddress:
      PollFailure(
        "\(request.shownURL): \(origin.host) has an address of this machine or of its networks; allow '\(origin.host)' permits that"
      )
    case .timedOut:
      PollFailure(
        "\(request.shownURL) has not answered in time: \(request.redacted(error.message))")
    default: PollFailure("\(request.shownURL): \(request.redacted(error.message))")
    }
  }

  private func refusal(
    _ head: HTTPHead, _ body: [UInt8], _ request: PlannedRequest
  ) -> PollFailure {
    var text = "\(request.shownURL) answers with status \(head.status)"
    let said = String(decoding: body.prefix(200), as: UTF8.self)
      .split { $0.isWhitespace || $0.asciiValue.map { $0 < 0x20 } == true }.joined(separator: " ")
    if !said.isEmpty { text += ": \(request.redacted(said))" }
    let pauseNs = head.header("Retry-After").flatMap { RetryAfter.pauseNs($0, nowNs: clock()) }
    if let pauseNs { text += "; it asks to be left alone for \(pauseNs / 1_000_000_000) s" }
    return PollFailure(text, status: head.status, retryAfterNs: pauseNs)
  }
}

extension HTTPHead {
  /// Where the answer sends one; nil when it is none that does.
  fileprivate var redirection: String? {
    [301, 302, 303, 307, 308].contains(status) ? header("Location") : nil
  }
}
