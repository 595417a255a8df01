import Model
import Query
import Store

/// What a server is started with. Each is described by a ``Setting``.
public struct ServerSettings: Sendable {
  /// Where the server can be reached.
  public struct Address: Sendable, Equatable, CustomStringConvertible {
    public var host: String
    public var port: Int

    /// `127.0.0.1:4280`, `[::1]:4280`. Nil for anything else.
    public init?(_ text: String) {
      guard let colon = text.lastIndex(of: ":"),
        let port = UInt16(text[text.index(after: colon)...])
      else { return nil }
      var host = String(text[..<colon])
      if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
      guard !host.isEmpty else { return nil }
      (self.host, self.port) = (host, Int(port))
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether only programs of the same machine reach it.
    var isLoopback: Bool { Self.isLoopback(host) }

    /// Asked for each request, so it is no regular expression, which would be compiled anew each time.
    static func isLoopback(_ host: String) -> Bool {
      if host == "localhost" || host == "::1" { return true }
      let parts = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
      guard parts.count == 4, parts[0].elementsEqual("127".utf8) else { return false }
      let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
      return parts.dropFirst().allSatisfy { part in
        (1...3).contains(part.count) && part.allSatisfy(digits.contains)
      }
    }
  }

  /// How the log is written.
  public enum LogFormat: String, Sendable, CaseIterable { case text, json }

  /// Which stream a measurement of InfluxDB is.
  public enum InfluxStream: String, Sendable, CaseIterable {
    /// That of its name, whatever database it was written to.
    case measurement
    /// That of both names.
    case databaseAndMeasurement = "db.measurement"
  }

  /// What clients may take.
  public struct Limits: Sendable {
    /// A body has to be there by then; long ones have more time the more has come.
    public var requestSeconds = 60
    /// A connection without a request is closed after so long.
    public var idleSeconds = 300
    public var connections = 4_096
    /// All header fields of a request.
    public var headerBytes = 32_768
    /// Of each client; 0 for any number.
    public var requestsPerSecond = 0
    /// What a client may send at once before that counts.
    public var requestBurst = 100
    /// Documents that wait for the disk; beyond it clients are told to come again.
    public var pendingBytes = 64 << 20
    /// Streams that one request of lines may make.
    public var influxNewStreams = 1_000
    /// Queries that run at a time, and that wait.
    public var queries = 4
    public var queriesWaiting = 64
    /// Open ones of `/v1/subscribe`.
    public var subscriptions = 2_000
    /// Each query.
    public var queryRows = 1_000_000
    public var queryMemoryBytes = 256 << 20
    public var querySeconds = 60
    /// Answers that were not taken yet, of all clients; beyond it clients are told to come again.
    public var answersMemoryBytes = 512 << 20
    /// How long requests may still run once the server is to stop.
    public var stopSeconds = 20

    /// As statements have them, with the names of the settings in what is told of them.
    var ofQueries: QueryLimits {
      var limits = QueryLimits()
      limits.maxRows = queryRows
      limits.maxMemoryBytes = queryMemoryBytes
      limits.maxSeconds = Double(querySeconds)
      (limits.names.rows, limits.names.memory) = ("limits.query_rows", "limits.query_memory")
      limits.names.seconds = "limits.query_seconds"
      return limits
    }
  }

  /// The store.
  public var directory = "./nilo-data"
  public var address = Address("127.0.0.1:4280")!
  public var memoryBytes = Store.defaultMemoryBytes
  /// A name of swift-log's levels.
  public var logLevel = "info"
  public var logFormat = LogFormat.text
  public var influxStream = InfluxStream.measurement
  /// Files of PEM; without them connections are not encrypted.
  public var certificateFile = ""
  public var keyFile = ""
  /// A JWKS file with the keys of somebody who gives out tokens; empty for nobody.
  public var keySetFile = ""
  /// What the claims `iss` and `aud` of such tokens have to be.
  public var tokenIssuer = ""
  public var tokenAudience = ""
  /// How much the clock of who gives them out may differ.
  public var tokenSkewSeconds = 60
  /// Origins whose pages may ask.
  public var origins: [String] = []
  /// Sources that bring nothing for so long are closed; 0 for never.
  public var idleSourceSeconds = 0
  /// How far back times of schedules are caught up on that were missed.
  public var scheduleCatchUpSeconds = 86_400
  /// Where schedules write files; empty for nowhere.
  public var outputsDirectory = ""
  /// How long after its time a run is tried again when its target does not take it.
  public var outputsRetrySeconds = 3_600
  /// A file with the secret that what webhooks get is signed with; empty for none.
  public var webhookSecretFile = ""
  /// Hosts of webhooks, in small letters, that may be of this machine or of its networks.
  public var webhookHosts: [String] = []
  /// Where files of the page are looked for first; empty for those that came with the program alone.
  public var pageDirectory = ""
  /// What the page offers as times.
  public var shifts: [Shift] = []
  public var limits = Limits()
  /// All of them as `nilo config print` has them, a line each, without where they came from; nil when they are not of a
  /// configuration.
  public internal(set) var text: String?

  /// What addresses of the server begin with.
  public var scheme: String { certificateFile.isEmpty ? "http" : "https" }

  /// As it is when nothing is said.
  public init() {}
}
