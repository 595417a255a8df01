import Bytes
import Model

/// A named mapping from documents to facts: where time, key and dedup id are found, and which array
/// explodes. Paths are dotted, from the document's top.
public struct StreamDefinition: Sendable, Equatable {
  /// Given by the log; 0 until then.
  public internal(set) var id: UInt32 = 0
  public var name: String
  /// The event's time: RFC 3339 text or an epoch number.
  public var timePath: String
  /// The dimension that tells devices apart, when there is one.
  public var keyPath: String?
  /// The dedup id; nil keeps every event.
  public var idPath: String?
  /// The array whose elements are the facts; nil makes each event one fact.
  public var explodePath: String?
  /// The time of an element of the exploded array; elements without one have the event's.
  public var elementTimePath: String?
  /// Two events of one id are the same event when their times differ by at most this.
  public var dedupWindowNs: Int64 = 7 * 86_400_000_000_000
  /// An event this much behind its source's watermark goes on the ledger as late.
  public var latenessNs: Int64 = 60_000_000_000
  /// How its times are read where they do not say it themselves.
  var timeReading: TimeReading { TimeReading() }
  /// Key of the hashes of the stream's dedup ids, random for each stream.
  var hashKey: UInt64 = 0

  public init(
    name: String, timePath: String, keyPath: String? = nil, idPath: String? = nil,
    explodePath: String? = nil, elementTimePath: String? = nil
  ) {
    self.name = name
    self.timePath = timePath
    self.keyPath = keyPath
    self.idPath = idPath
    self.explodePath = explodePath
    self.elementTimePath = elementTimePath
  }
}

/// What a user says of a stream that does not exist yet; the rest is detected from its first event.
public struct StreamOptions: Sendable, Equatable {
  /// How a stream's dedup id is chosen.
  public enum Dedup: Sendable, Equatable {
    /// `event_id` when the first event has it, else none.
    case detect
    case none
    case path(String)
  }

  public var timePath: String?
  public var keyPath: String?
  public var dedup: Dedup
  public var explodePath: String?

  public init(
    timePath: String? = nil, keyPath: String? = nil, dedup: Dedup = .detect,
    explodePath: String? = nil
  ) {
    self.timePath = timePath
    self.keyPath = keyPath
    self.dedup = dedup
    self.explodePath = explodePath
  }
}

extension StreamDefinition {
  public static let timeNames = ["timestamp", "time", "ts", "@timestamp"]
  public static let keyNames = ["device_id", "device", "id", "city", "sensor", "key"]
  public static let idName = "event_id"
  static let elementTimeNames = ["t"] + timeNames

  /// The stream of stream definitions: the catalogue is events in the log like all others.
  static let catalogue: StreamDefinition = {
    var definition = StreamDefinition(name: "_catalogue", timePath: "timestamp", keyPath: "name")
    definition.id = 1
    return definition
  }()

  /// The definition that fits a stream's first document, as far as `options` leave it open; nil when the
  /// document has no field that could be its time.
  static func detect(name: String, _ options: StreamOptions, from list: TokenList)
    -> StreamDefinition?
  {
    let scalars = list.tokens.filter { [.string, .number, .hardNumber].contains($0.kind) }
    let paths = Set(scalars.map { list.paths[Int($0.path)] })
    func first(_ names: [String]) -> String? { names.first(where: paths.contains) }
    guard let timePath = options.timePath ?? first(timeNames) else { return nil }
    var definition = StreamDefinition(name: name, timePath: timePath)
    definition.keyPath = options.keyPath ?? first(keyNames)
    definition.idPath =
      switch options.dedup {
      case .detect: first([idName])
      case .none: nil
      case .path(let path): path
      }
    definition.explodePath = options.explodePath
    if let explode = options.explodePath {
      definition.elementTimePath = first(elementTimeNames.map { "\(explode).\($0)" })
    }
    return definition
  }

  /// The definition as the document that the catalogue keeps of it.
  func document(receivedNs: Int64) -> [UInt8] {
    var json = JSONObjectWriter()
    json.field("timestamp", Timestamp(ns: receivedNs).description)
    json.field("change", "define_stream")
    json.field("id", Int64(id))
    json.field("name", name)
    json.field("time", timePath)
    for (key, value) in [
      ("key", keyPath), ("dedup", idPath), ("explode", explodePath),
      ("element_time", elementTimePath),
    ] {
      if let value { json.field(key, value) }
    }
    json.field("dedup_window_ns", dedupWindowNs)
    json.field("lateness_ns", latenessNs)
    json.field("hash_key", String(hashKey, radix: 16))
    return json.finish()
  }

  /// Reads back what `document` wrote. Nil when it is something else.
  init?(_ texts: CatalogueDocument) {
    guard texts["change"] == "define_stream", let id = texts["id"].flatMap({ UInt32($0) }),
      let name = texts["name"], let time = texts["time"],
      let window = texts["dedup_window_ns"].flatMap({ Int64($0) }),
      let lateness = texts["lateness_ns"].flatMap({ Int64($0) }),
      let hashKey = texts["hash_key"].flatMap({ UInt64($0, radix: 16) })
    else { return nil }
    self.init(
      name: name, timePath: time, keyPath: texts["key"], idPath: texts["dedup"],
      explodePath: texts["explode"], elementTimePath: texts["element_time"])
    self.id = id
    dedupWindowNs = window
    latenessNs = lateness
    self.hashKey = hashKey
  }
}
