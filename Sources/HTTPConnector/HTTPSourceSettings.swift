import Curl

/// What a source asks for over HTTP, how often, and what becomes of the answers.
public struct HTTPSourceSettings: Sendable {
  /// The source: positions are noted under it. With items each is a source of its own: `name/item`.
  public var name: String
  public var request: RequestTemplate
  /// What `{item}` stands for, a request for each; empty for one request without any.
  public var items: [String] = []
  /// From the beginning of one poll to that of the next, and from the end of an endless answer to the next connection.
  public var everyNs: Int64 = 60_000_000_000
  public var paging = AnswerPaging()
  public var contents: AnswerContents
  /// An answer does not end: each line of it is a record.
  public var isEndless = false
  /// The stream that answers are kept in, as they came; nil where they are not.
  public var keptIn: String?
  public var limits = RequestLimits()

  /// One request each minute, whose answer is not kept.
  public init(name: String, request: RequestTemplate, contents: AnswerContents) {
    (self.name, self.request, self.contents) = (name, request, contents)
  }

  /// What an item is called as a source of events.
  func source(_ item: String?) -> String { item.map { "\(name)/\($0)" } ?? name }
}

/// What requests of a source may take, and whom they may reach.
public struct RequestLimits: Sendable {
  /// Until there is a connection, and until an answer is complete.
  public var connectTimeoutMs = 10_000
  public var timeoutMs = 60_000
  /// How long an endless answer may bring nothing.
  public var silenceMs = 60_000
  /// Of a body, decompressed.
  public var maxBodyBytes = 64 << 20
  public var maxRedirects = 5
  /// Requests in a minute; nil for no bound.
  public var perMinute: Int?
  /// Hosts, in small letters, that may have addresses which ``permits`` refuses.
  public var allowedHosts: Set<String> = []
  /// Whether an address, in numbers, may be connected to.
  public var permits: @Sendable (String) -> Bool = PublicAddress.isPublic
  /// Looks names up, instead of the system.
  public var lookUp: (@Sendable (_ host: String) -> String?)?
  /// A file of PEM with those who vouch for servers; nil for those whom the system trusts.
  public var caFile: String?

  public init() {}
}

/// Who runs a source, and looks at it.
public protocol PollingHooks: Sendable {
  /// Whether to end soon. Asked often.
  var hasToStop: Bool { get }
  /// All is well.
  func succeed()
  /// Something has failed, and is tried again.
  func fail(_ description: String)
  /// What was committed: documents, those among them that were no events, and what was empty.
  func count(events: Int, rejected: Int, empty: Int)
  /// How much there is that was not fetched; nil when that is not known.
  func note(lag: UInt64?)
  /// Waits for so long, or until it is to stop. Returns whether it may go on.
  @discardableResult func wait(seconds: Double) -> Bool
}

/// A request that has brought nothing, for now.
public struct PollFailure: Error, Equatable, CustomStringConvertible {
  /// What happened, and what to do. Without secrets.
  public var description: String
  /// The server asked not to come back before.
  public var retryAfterNs: Int64?
  /// What the server answered; nil when it did not, or its answer was none that can be used.
  public var status: Int?

  init(_ description: String, status: Int? = nil, retryAfterNs: Int64? = nil) {
    (self.description, self.status, self.retryAfterNs) = (description, status, retryAfterNs)
  }
}
