/// A request over HTTP or HTTPS.
public struct HTTPCall: Sendable {
  public var method: String
  public var url: String
  /// In the order in which they are sent.
  public var headers: [(name: String, value: String)] = []
  /// Nil for none.
  public var body: [UInt8]?
  /// Until there is a connection.
  public var connectTimeoutMs = 10_000
  /// Until the answer is complete; nil for no bound.
  public var timeoutMs: Int?
  /// A file of PEM with those who vouch for the server; nil for those whom the system trusts.
  public var caFile: String?
  /// Names that are not looked up, and what they stand for: for those who look them up by themselves.
  public var addresses: [(host: String, port: Int, address: String)] = []
  /// Whether a connection to an address may be opened. It is in numbers, without a port, and what the name was resolved to
  /// just now: a name that changes its mind is asked about again. Nil permits all.
  public var permits: (@Sendable (String) -> Bool)?

  /// GET, unless another method is given.
  public init(_ url: String, method: String = "GET", body: [UInt8]? = nil) {
    (self.url, self.method, self.body) = (url, method, body)
  }
}

/// An answer without its body.
public struct HTTPHead: Sendable {
  /// 200, 404.
  public var status = 0
  /// In their order; names as they were sent.
  public var headers: [(name: String, value: String)] = []

  /// The first value of a header, whatever the case of its name.
  public func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }
}

/// A request that got no answer, or not the whole of it.
public struct HTTPCallError: Error, Equatable, CustomStringConvertible {
  /// What went wrong.
  public enum Kind: Sendable {
    /// No URL of http or https.
    case badURL
    /// The name of the host is not known.
    case unresolved
    /// Nobody listens there.
    case unreachable
    case timedOut
    /// ``HTTPCall/permits`` said no.
    case refusedAddress
    /// Its certificate is not trusted, or is no certificate.
    case untrusted
    /// The caller has ended it.
    case cancelled
    /// The body is longer than the caller takes.
    case tooLarge
    /// The connection or what is compressed ended within the answer, or the answer is no HTTP.
    case brokenOff
  }

  public var kind: Kind
  public var url: String
  /// What libcurl said.
  public var message: String

  public var description: String { "\(url): \(message)" }
}
