import Foundation
import Language
import Logging
import Model
import Store

/// A setting of the server: its name, what it means, and how its text is read. Configuration, its errors, `nilo config` and
/// the page of docs go by this list.
public struct Setting: Sendable {
  /// A text that a setting does not take.
  struct Refusal: Error { var expected: String }

  /// With dots: `limits.request_seconds`.
  public var key: String
  public var meaning: String
  /// What it is when nothing is said.
  public var defaultText: String
  /// Whether it is several texts: a list in files, with commas between them elsewhere.
  public private(set) var isList = false
  /// Throws ``Refusal``.
  var set: @Sendable (inout ServerSettings, String) throws -> Void

  /// What the names of all environment variables begin with.
  static let variablePrefix = "NILO_"

  /// Settings that have a flag of their own.
  private static let withFlags: Set = ["data", "listen", "memory"]

  /// The flag that gives it.
  public var flag: String { Self.withFlags.contains(key) ? "--\(key)" : "--set \(key)" }

  /// The name of its environment variable.
  public var variable: String {
    Self.variablePrefix
      + key.uppercased().map { $0.isLetter || $0.isNumber ? "\($0)" : "_" }.joined()
  }

  /// The texts of a list.
  static func items(_ text: String) -> [String] {
    text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
  }

  /// What is wrong with something in a file that is neither.
  var kindFault: String { isList ? "neither a text nor a list of texts" : "no single value" }

  /// All of them, in the order of docs.
  public static let all: [Setting] =
    [
      Setting("data", "The store's directory.", \.directory),
      Setting(
        key: "listen", meaning: "Where to listen: ADDRESS:PORT.", defaultText: "127.0.0.1:4280"
      ) { settings, text in
        guard let address = ServerSettings.Address(text) else {
          throw Refusal(expected: "an address and a port, such as 127.0.0.1:4280 or [::1]:4280")
        }
        settings.address = address
      },
      Setting(
        bytes: "memory", "About what the program takes; three eighths of it are for cells of KPIs.",
        \.memoryBytes, atLeast: Store.minMemoryBytes),
      Setting(
        key: "log.level",
        meaning: "What is logged: trace, debug, info, notice, warning, error or critical.",
        defaultText: "info"
      ) { settings, text in
        guard Logger.Level(rawValue: text) != nil else {
          throw Refusal(
            expected: "one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        settings.logLevel = text
      },
      Setting(
        key: "log.format", meaning: "How: text, or json, an object a line.", defaultText: "text"
      ) { settings, text in
        guard let format = ServerSettings.LogFormat(rawValue: text) else {
          throw Refusal(expected: "text or json")
        }
        settings.logFormat = format
      },
      Setting(
        key: "influx.stream",
        meaning: "The stream of what clients of InfluxDB write: measurement, or db.measurement.",
        defaultText: "measurement"
      ) { settings, text in
        guard let stream = ServerSettings.InfluxStream(rawValue: text) else {
          throw Refusal(expected: "measurement or db.measurement")
        }
        settings.influxStream = stream
      },
      Setting(
        "tls.certificate",
        "A file of PEM: the server's certificate, with those that vouch for it. Read again when it changes.",
        \.certificateFile),
      Setting("tls.key", "A file of PEM: the key of the certificate.", \.keyFile),
      Setting(
        "jwt.jwks",
        "A JWKS file: the public keys of who gives out JSON Web Tokens that are taken. Read again when it changes.",
        \.keySetFile),
      Setting("jwt.issuer", "The claim iss that these tokens have.", \.tokenIssuer),
      Setting("jwt.audience", "What their claim aud is, or has in its list.", \.tokenAudience),
      Setting(
        count: "jwt.clock_skew_seconds",
        "How much the clock of who gives them out may differ, for the claims exp and nbf.",
        \.tokenSkewSeconds, atLeast: 0),
      Setting(
        list: "cors.origins", "Origins whose pages may ask, such as https://screens.example.com.",
        \.origins, of: ListedOrigin.self),
      Setting(
        count: "sources.idle_seconds",
        "Sources that bring nothing for so long are closed, so that nobody waits for them; 0 for never.",
        \.idleSourceSeconds, atLeast: 0),
      Setting(
        count: "schedule.catch_up_seconds",
        "How far back times of schedules are run that were missed; older ones are passed over, which is noted in _runs.",
        \.scheduleCatchUpSeconds),
      Setting(
        "outputs.directory", "Where schedules write files; without it they write none.",
        \.outputsDirectory),
      Setting(
        count: "outputs.retry_seconds",
        "How long a run of a schedule or a notice of an alert is tried again when its target does not take it.",
        \.outputsRetrySeconds),
      Setting(
        "webhooks.secret_file",
        "A file with the secret that what webhooks get is signed with. Read each time.",
        \.webhookSecretFile),
      Setting(
        list: "webhooks.allow",
        "Hosts of webhooks that may have addresses of this machine or of its networks.",
        \.webhookHosts, of: ListedHost.self),
      Setting(
        "page.directory",
        "Where the files of the page at / are looked for before those that came with the program.",
        \.pageDirectory),
      Setting(
        key: "page.shifts",
        meaning:
          "Shifts that the page offers as times, with commas between: 06-14, 14-22, 22-06. On the clock that it shows.",
        defaultText: ""
      ) { settings, text in
        settings.shifts = try text.split(separator: ",").map {
          guard let shift = Shift($0.trimmingCharacters(in: .whitespaces)) else {
            throw Refusal(expected: "shifts with commas between, such as 06-14, 14-22, 22:00-06:00")
          }
          return shift
        }
      },
      Setting(
        count: "limits.request_seconds",
        "A body has to be there by then; one that brings 16 KiB a second has more time.",
        \.limits.requestSeconds),
      Setting(
        count: "limits.idle_seconds", "A connection that brings nothing is closed after so long.",
        \.limits.idleSeconds),
      Setting(count: "limits.connections", "Connections at a time.", \.limits.connections),
      Setting(
        bytes: "limits.header_bytes", "All header fields of a request.", \.limits.headerBytes,
        atLeast: 1_024),
      Setting(
        count: "limits.requests_per_second",
        "Requests of each client, by its token or else its address; 0 is any number (429).",
        \.limits.requestsPerSecond, atLeast: 0),
      Setting(
        count: "limits.request_burst", "What a client may send at once before that counts.",
        \.limits.requestBurst),
      Setting(
        bytes: "limits.pending_bytes",
        "Documents that wait for the disk; beyond it clients are told to come again (429).",
        \.limits.pendingBytes, atLeast: 1 << 20),
      Setting(
        count: "limits.influx_new_streams",
        "Streams that one request of a client of InfluxDB may make (413).",
        \.limits.influxNewStreams),
      Setting(count: "limits.queries", "Queries that run at a time.", \.limits.queries),
      Setting(
        count: "limits.queries_waiting",
        "Queries that wait for these; beyond it clients are told to come again (429).",
        \.limits.queriesWaiting),
      Setting(
        count: "limits.subscriptions", "Subscriptions that are open at a time.",
        \.limits.subscriptions),
      Setting(count: "limits.query_rows", "Rows of an answer.", \.limits.queryRows),
      Setting(
        bytes: "limits.query_memory", "What a query holds at a time.", \.limits.queryMemoryBytes,
        atLeast: 1 << 20),
      Setting(count: "limits.query_seconds", "How long a query may take.", \.limits.querySeconds),
      Setting(
        bytes: "limits.answers_memory",
        "Large answers that their clients have not taken yet, all together; beyond it clients are told to come again (429).",
        \.limits.answersMemoryBytes, atLeast: 1 << 20),
      Setting(
        count: "limits.stop_seconds",
        "How long requests may still run when the server is told to stop.", \.limits.stopSeconds),
    ]

  /// The name that is most like a text, if one is nearly that, or is that with its group before it.
  public static func nearest(_ text: String) -> String? {
    let keys = all.map(\.key)
    return Spelling.nearest(text, keys) ?? keys.first { $0.hasSuffix(".\(text)") }
  }

  private init(
    key: String, meaning: String, defaultText: String,
    _ set: @escaping @Sendable (inout ServerSettings, String) throws -> Void
  ) {
    (self.key, self.meaning, self.defaultText, self.set) = (key, meaning, defaultText, set)
  }

  private init(
    _ key: String, _ meaning: String, _ path: WritableKeyPath<ServerSettings, String> & Sendable
  ) {
    self.init(key: key, meaning: meaning, defaultText: ServerSettings()[keyPath: path]) {
      $0[keyPath: path] = $1
    }
  }

  /// Texts with commas between them; `Item` says which there can be.
  private init<Item: SettingItem>(
    list key: String, _ meaning: String,
    _ path: WritableKeyPath<ServerSettings, [String]> & Sendable, of _: Item.Type
  ) {
    self.init(key: key, meaning: meaning, defaultText: "") { settings, text in
      settings[keyPath: path] = try Self.items(text).map(Item.read)
    }
    isList = true
  }

  private init(
    count key: String, _ meaning: String, _ path: WritableKeyPath<ServerSettings, Int> & Sendable,
    atLeast least: Int = 1
  ) {
    self.init(key: key, meaning: meaning, defaultText: "\(ServerSettings()[keyPath: path])") {
      guard let value = Int($1), value >= least, value <= 1_000_000_000 else {
        throw Refusal(expected: "a whole number from \(least) to 1000000000")
      }
      $0[keyPath: path] = value
    }
  }

  private init(
    bytes key: String, _ meaning: String, _ path: WritableKeyPath<ServerSettings, Int> & Sendable,
    atLeast least: Int
  ) {
    let usual = SizeText(bytes: ServerSettings()[keyPath: path]).description
    self.init(key: key, meaning: meaning, defaultText: usual) {
      guard let size = try? SizeText($1), size.bytes >= least else {
        throw Refusal(expected: "a size of \(SizeText(bytes: least)) or more, such as \(usual)")
      }
      $0[keyPath: path] = size.bytes
    }
  }
}
