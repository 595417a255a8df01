internal import CCurl

/// Sends requests one after the other. Connections stay open for the next request to the same server. Use it on one thread
/// at a time: it blocks.
@safe
public final class HTTPSession {
  private let session: OpaquePointer

  /// Opens nothing yet.
  public init() {
    guard let made = unsafe nilo_curl_create() else {
      preconditionFailure("out of memory for an HTTP session")
    }
    unsafe session = made
  }

  deinit { unsafe nilo_curl_destroy(session) }

  /// The answer with its whole body, decompressed. Redirects are answers like others.
  /// Throws ``HTTPCallError``, also of kind `tooLarge` when the body has more than `maxBodyBytes`.
  public func send(
    _ call: HTTPCall, maxBodyBytes: Int, isCancelled: () -> Bool = { false }
  ) throws -> (head: HTTPHead, body: [UInt8]) {
    var body: [UInt8] = []
    let head = try send(call, isCancelled: isCancelled) { _, piece in
      guard body.count + piece.count <= maxBodyBytes else {
        throw HTTPCallError(
          kind: .tooLarge, url: call.url, message: "the answer has more than \(maxBodyBytes) bytes")
      }
      body += piece
    }
    return (head, body)
  }

  /// Hands out the body piece by piece as it arrives, decompressed. When `body` throws, the request ends, and that error is
  /// thrown. `isCancelled` is asked at least once a second. Throws ``HTTPCallError``.
  public func send(
    _ call: HTTPCall, isCancelled: () -> Bool = { false },
    _ body: (HTTPHead, [UInt8]) throws -> Void
  ) throws -> HTTPHead {
    try withoutActuallyEscaping(isCancelled) { isCancelled in
      try withoutActuallyEscaping(body) { body in
        let exchange = Exchange(call, isCancelled, body)
        let outcome = perform(call, exchange)
        if outcome == nilo_curl_done { exchange.finish() }
        if let failure = exchange.failure { throw failure }
        if let kind = HTTPCallError.Kind(outcome) {
          let message = unsafe String(cString: nilo_curl_message(session))
          throw HTTPCallError(
            kind: kind, url: call.url,
            message: kind == .refusedAddress
              ? "the host's address is not permitted" : message)
        }
        return exchange.head
      }
    }
  }

  private func perform(_ call: HTTPCall, _ exchange: Exchange) -> nilo_curl_outcome {
    // Within a line nobody can begin another one.
    var lines = call.headers.map { "\($0.name): \($0.value)".filter { !$0.isNewline } }
    if !call.headers.contains(where: { $0.name.lowercased() == "accept-encoding" }) {
      lines.append("Accept-Encoding: gzip")
    }
    let known = call.addresses.map { "\($0.host):\($0.port):\($0.address)" }
    return withExtendedLifetime(exchange) {
      unsafe withStrings(lines) { headers in
        unsafe withStrings(known) { addresses in
          unsafe call.method.withCString { method in
            unsafe call.url.withCString { url in
              unsafe withOptionalString(call.caFile) { caFile in
                unsafe withOptionalBytes(call.body) { bytes, count in
                  var request = unsafe nilo_curl_request(
                    method: method, url: url, headers: headers, header_count: lines.count,
                    body: bytes, body_count: count, connect_timeout_ms: call.connectTimeoutMs,
                    timeout_ms: call.timeoutMs ?? 0, addresses: addresses,
                    address_count: known.count, ca_file: caFile)
                  var hooks = unsafe exchange.hooks
                  return unsafe nilo_curl_perform(session, &request, &hooks)
                }
              }
            }
          }
        }
      }
    }
  }
}

extension HTTPCallError.Kind {
  /// Nil for what went well.
  fileprivate init?(_ outcome: nilo_curl_outcome) {
    switch outcome {
    case nilo_curl_done: return nil
    case nilo_curl_bad_url: self = .badURL
    case nilo_curl_unresolved: self = .unresolved
    case nilo_curl_unreachable: self = .unreachable
    case nilo_curl_timed_out: self = .timedOut
    case nilo_curl_refused_address: self = .refusedAddress
    case nilo_curl_untrusted: self = .untrusted
    case nilo_curl_stopped: self = .cancelled
    default: self = .brokenOff
    }
  }
}

/// What libcurl asks and tells while a request runs.
@safe
private final class Exchange {
  var head = HTTPHead()
  /// What the caller threw, or why the body cannot be read.
  private(set) var failure: (any Error)?
  private let call: HTTPCall
  /// Of the body that comes; nil before it has begun.
  private var decoding: BodyDecoding?
  private let isCancelled: () -> Bool
  private let body: (HTTPHead, [UInt8]) throws -> Void

  init(
    _ call: HTTPCall, _ isCancelled: @escaping () -> Bool,
    _ body: @escaping (HTTPHead, [UInt8]) throws -> Void
  ) {
    (self.call, self.isCancelled, self.body) = (call, isCancelled, body)
  }

  var hooks: nilo_curl_hooks {
    let context = unsafe Unmanaged.passUnretained(self).toOpaque()
    return unsafe nilo_curl_hooks(
      context: context,
      take_head: { unsafe Exchange.of($0).takeHead(unsafe bytes($1, $2)) },
      take_body: { unsafe Exchange.of($0).takeBody(unsafe bytes($1, $2)) },
      is_cancelled: { unsafe Exchange.of($0).isCancelled() },
      permits: call.permits == nil
        ? nil
        : { context, address in
          guard let address = unsafe address else { return false }
          return unsafe Exchange.of(context).call.permits?(String(cString: address)) ?? true
        })
  }

  private static func of(_ context: UnsafeMutableRawPointer?) -> Exchange {
    guard let context = unsafe context else { preconditionFailure("a hook without its exchange") }
    return unsafe Unmanaged.fromOpaque(context).takeUnretainedValue()
  }

  /// A line; a status line begins a head, that of an answer in between too.
  private func takeHead(_ bytes: [UInt8]) {
    let line = String(decoding: bytes, as: UTF8.self).prefix { !$0.isNewline }
    if line.hasPrefix("HTTP/") {
      decoding = nil
      let parts = line.split(separator: " ", maxSplits: 2)
      head = HTTPHead(status: parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
    } else if let colon = line.firstIndex(of: ":") {
      let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
      head.headers.append((String(line[..<colon]), String(value)))
    }
  }

  private func takeBody(_ bytes: [UInt8]) -> Bool {
    noteFailure {
      let decoding = try self.decoding ?? BodyDecoding(head, url: call.url)
      self.decoding = decoding
      try decoding.decode(bytes) { try body(head, $0) }
    }
    return failure == nil
  }

  /// Nothing more comes: libcurl has seen the end of the answer.
  func finish() { noteFailure { try decoding?.finish() } }

  private func noteFailure(_ work: () throws -> Void) {
    do { try work() } catch { failure = error }
  }
}

private func bytes(_ start: UnsafePointer<CChar>?, _ count: Int) -> [UInt8] {
  unsafe start.map {
    unsafe Array(UnsafeRawBufferPointer(start: $0, count: count))
  } ?? []
}

/// Calls `body` with C strings, which live as long as the call.
private func withStrings<R>(
  _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> R
) -> R {
  var joined: [CChar] = []
  var starts: [Int] = []
  for string in strings {
    starts.append(joined.count)
    for byte in string.utf8 { joined.append(CChar(bitPattern: byte)) }
    joined.append(0)
  }
  return unsafe joined.withUnsafeBufferPointer { joined in
    let pointers = unsafe starts.map { start in
      unsafe joined.baseAddress.map { unsafe $0 + start }
    }
    return unsafe pointers.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
  }
}

private func withOptionalString<R>(
  _ string: String?, _ body: (UnsafePointer<CChar>?) -> R
) -> R {
  guard let string else { return body(nil) }
  return unsafe string.withCString { unsafe body($0) }
}

private func withOptionalBytes<R>(
  _ bytes: [UInt8]?, _ body: (UnsafePointer<CChar>?, Int) -> R
) -> R {
  guard let bytes else { return body(nil, 0) }
  return unsafe bytes.withUnsafeBytes { bytes in
    // A body without bytes is one all the same.
    guard let start = bytes.baseAddress else { return unsafe "".withCString { unsafe body($0, 0) } }
    return unsafe body(start.assumingMemoryBound(to: CChar.self), bytes.count)
  }
}
