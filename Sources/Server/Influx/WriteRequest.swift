import Hummingbird
import LineProtocol

/// What a request to write says beside its lines.
struct WriteRequest {
  var api: InfluxAPI
  var database: String
  /// Nil takes it from the size of each timestamp.
  var unit: TimestampUnit?
  /// Whether lines are stored though others of the request cannot be read.
  var acceptsPartial = true

  /// Of the query string of a path of this API. Throws a ``Problem``.
  init(_ request: Request, _ api: InfluxAPI) throws(Problem) {
    self.api = api
    let name = request.queryParameter(api == .v2 ? "bucket" : "db")
    guard let name, !name.isEmpty else { throw Problem(.badRequest, Self.missing(api)) }
    database = name
    let precision = request.queryParameter("precision")
    switch (api, precision) {
    case (.v3, nil), (.v3, "auto"): unit = nil
    case (_, nil), (_, ""): unit = .nanoseconds
    case (_, let word?):
      guard let unit = Self.units(api)[word] else {
        throw Problem(.badRequest, "invalid precision \"\(word)\" (use \(Self.words(api)))")
      }
      self.unit = unit
    }
    if api == .v3 { acceptsPartial = request.queryParameter("accept_partial") != "false" }
  }

  private static func missing(_ api: InfluxAPI) -> String {
    switch api {
    case .v1: "database is required"
    case .v2: "bucket is required"
    case .v3: "missing query parameters 'db'"
    }
  }

  private static func units(_ api: InfluxAPI) -> [String: TimestampUnit] {
    switch api {
    case .v1:
      [
        "n": .nanoseconds, "ns": .nanoseconds, "u": .microseconds, "us": .microseconds,
        "µ": .microseconds, "ms": .milliseconds, "s": .seconds, "m": .minutes, "h": .hours,
      ]
    case .v2:
      ["ns": .nanoseconds, "us": .microseconds, "ms": .milliseconds, "s": .seconds]
    case .v3:
      [
        "nanosecond": .nanoseconds, "microsecond": .microseconds, "millisecond": .milliseconds,
        "second": .seconds, "ns": .nanoseconds, "us": .microseconds, "ms": .milliseconds,
        "s": .seconds,
      ]
    }
  }

  private static func words(_ api: InfluxAPI) -> String {
    switch api {
    case .v1: "n, u, ms, s, m or h"
    case .v2: "ns, us, ms or s"
    case .v3: "auto, nanosecond, microsecond, millisecond or second"
    }
  }
}
