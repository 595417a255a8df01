import Model

/// A named mapping from documents to facts: where time, key and dedup id are found, and which array
/// explodes. Paths are dotted, from the document's top.
public struct StreamDefinition: Sendable, Equatable {
  /// Given by the log; 0 until then.
  public internal(set) var id: UInt32 = 0
  /// Counts the definition and its alterations, from 1.
  public internal(set) var version = 1
  public var name: String
  /// The event's time: RFC 3339 text or an epoch number. When it lies in the exploded array, the elements have the
  /// times, and the event's is the earliest of them.
  public var timePath: String
  /// The dimension that tells devices apart, when there is one.
  public var keyPath: String?
  /// The fields that make the dedup id, all of which an event has to have; empty keeps every event.
  public var idPaths: [String]
  /// The array whose elements are the facts; nil makes each event one fact.
  public var explodePath: String?
  /// The time of an element of the exploded array; elements without one have the event's. A document without a time
  /// of its own has the earliest of its elements'.
  public var elementTimePath: String?
  /// Two events of one id are the same event when their times differ by at most this.
  public var dedupWindowNs: Int64 = 7 * 86_400_000_000_000
  /// An event this much behind its source's watermark goes on the ledger as late.
  public var latenessNs: Int64 = 60_000_000_000
  /// The zone of times that name none, such as `Europe/Paris`; nil rejects them.
  public var timeZone: String?
  /// The unit of numbers; nil takes it from their size.
  public var timeUnit: TimeFormat.EpochUnit?
  /// The form of texts, such as `%d.%m.%Y %H:%M`; nil is ISO 8601.
  public var timeFormat: String?
  /// The three as the parser wants them, once they are checked.
  private(set) var timeReading = TimeReading()
  /// What was to be detected, and no document had when the stream was made.
  public var undetected: Set<Role> = []
  /// The alteration by which the facts of all events before it were read anew; nil while there was none. What they were
  /// before is not there any more.
  public internal(set) var factsSinceSeq: UInt64?
  /// Key of the hashes of the stream's dedup ids, random for each stream.
  var hashKey: UInt64 = 0

  /// What a field can be to a stream beside its time.
  public enum Role: String, Sendable, CaseIterable {
    case key, dedup
    case elementTime = "element_time"
  }

  /// Nothing is checked until the stream is defined. Paths are from the document's top, their levels parted by dots.
  public init(
    name: String, timePath: String, keyPath: String? = nil, idPath: String? = nil,
    explodePath: String? = nil, elementTimePath: String? = nil
  ) {
    self.name = name
    self.timePath = timePath
    self.keyPath = keyPath
    idPaths = idPath.map { [$0] } ?? []
    self.explodePath = explodePath
    self.elementTimePath = elementTimePath
  }

  /// The dedup id's path when it is one field.
  public var idPath: String? { idPaths.count == 1 ? idPaths[0] : nil }
}

extension StreamDefinition {
  /// Names under which the time is looked for, the first one first.
  public static let timeNames = ["timestamp", "time", "ts", "@timestamp", "_time"]
  /// Stands for the time's path when no document has a field that could be it.
  static let undetectedTimePath = timeNames.joined(separator: ", ")
  /// Names under which the key is looked for, the first one first.
  public static let keyNames = ["device_id", "device", "id", "city", "sensor", "key"]
  /// The name under which the dedup id is looked for.
  public static let idName = "event_id"
  static let elementTimeNames = ["t"] + timeNames

  /// The stream of what was defined and changed: the catalogue is events in the log like all others.
  package static let catalogue = own(1, "_catalogue", key: "name")
  /// The stream of closings: when which source was said to bring nothing more.
  package static let closings = own(2, "_sources", key: "source")
  /// The stream of what schedules did at each of their times.
  package static let runs = own(.max - 1, "_runs", key: "schedule", id: "id")
  /// The stream of what was found of alerts, and who was told.
  package static let alerts = own(.max - 2, "_alerts", key: "alert", id: "id")
  /// The stream of what administrators did.
  package static let audit = own(.max - 3, "_audit", key: "actor")
  /// The stream of what sinks have published.
  package static let publications = own(.max - 4, "_sinks", key: "sink", id: "id")
  /// The stream of what sources should have brought, and was not to be had any more.
  package static let gaps = own(.max - 5, "_gaps", key: "source", id: "id")
  /// The stream of what people wrote beside the numbers.
  package static let notes = own(.max - 6, "_notes", key: "author", id: "id")
  /// The stream of rows of KPIs that have become final, as they were then.
  package static let seals = own(.max - 7, "_seals", key: "kpi")
  /// The log's own streams, which every store has.
  package static let system: [StreamDefinition] = [
    catalogue, closings, runs, alerts, audit, publications, gaps, notes, seals,
  ]
  /// Streams of users are numbered from here on, up. The log's own that came later have numbers from the other end: stores
  /// of before have streams of users from 3 on.
  static let firstUserId: UInt32 = 3
  static let firstReservedId: UInt32 = .max - 255

  private static func own(
    _ id: UInt32, _ name: String, key: String, id idPath: String? = nil
  ) -> StreamDefinition {
    var definition = StreamDefinition(
      name: name, timePath: "timestamp", keyPath: key, idPath: idPath)
    definition.id = id
    return definition
  }

  /// Whether it is one of the log's own.
  package var isSystem: Bool {
    (1..<Self.firstUserId).contains(id) || id >= Self.firstReservedId
  }

  /// Makes the zone and the form of times ready. Throws `UnknownZoneError` or `TimePatternError`.
  mutating func settleReading() throws {
    timeReading = try Self.reading(zone: timeZone, unit: timeUnit, format: timeFormat)
  }

  static func reading(
    zone: String?, unit: TimeFormat.EpochUnit?, format: String?
  ) throws -> TimeReading {
    TimeReading(
      zone: try zone.map { try ZoneRules(named: $0) }, unit: unit,
      pattern: try format.map { try TimePattern($0) })
  }

  /// The fields of elements that may be their time.
  var elementTimePaths: [String] {
    explodePath.map { explode in Self.elementTimeNames.map { "\(explode).\($0)" } } ?? []
  }

  /// Whether `path` lies in the array that explodes, or is the array itself.
  func isInElements(_ path: String) -> Bool { explodePath.map { path.isPath(within: $0) } ?? false }
}
