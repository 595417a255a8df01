import Bytes
import Merkle
import Model
import Query

/// An answer with all that proves it, so that it can be checked without the store: `docs/formats/receipt.md`.
public struct Receipt {
  static let format = "nilometer receipt 1"

  /// The statement, and what NOW was in it.
  var query: String
  var nowNs: Int64
  /// As JSON has it.
  var answer: JSONValue
  /// The event that defined the stream, or altered it last; and the one that defined the KPI's version, where one was asked.
  var stream: ProvenEvent
  var kpi: ProvenEvent?
  /// Of each row of the answer the event that sealed it last; nil where none did.
  var seals: [ProvenEvent?]
  /// The events behind the answer; nil when they were not asked for.
  var events: [ProvenEvent]?
  /// A signed note.
  var checkpoint: [UInt8]
  /// The key that the store says it is signed by.
  var key: String
  /// From the size of an earlier checkpoint to this one.
  var consistency: (size: UInt64, path: [TreeHash])?

  /// The file's bytes.
  public var bytes: [UInt8] {
    jsonObject { json in
      json.field("format", Self.format)
      json.field("query", query)
      json.field("now", timeNs: nowNs)
      json.field("answer", json: answer.bytes)
      json.field("stream", json: stream.json)
      if let kpi { json.field("kpi", json: kpi.json) }
      json.field("seals", array: seals.map { $0?.json ?? Array("null".utf8) })
      if let events { json.field("events", array: events.map(\.json)) }
      json.field("checkpoint", String(decoding: checkpoint, as: UTF8.self))
      json.field("key", key)
      if let consistency {
        json.field(
          "consistency",
          json: jsonObject { json in
            json.field("size", consistency.size)
            json.field("path", strings: consistency.path.map(\.base64))
          })
      }
    } + [0x0A]
  }

  /// Reads a receipt; nothing of it is checked yet. Throws ``AuditError`` for what is none.
  public init(_ bytes: [UInt8]) throws(AuditError) {
    guard let json = try? JSONReader.value(bytes), let format = json["format"]?.string else {
      throw AuditError("this is no receipt: nilo audit prove writes them")
    }
    guard format == Self.format else {
      throw AuditError("this is a \"\(format)\", and this program knows \"\(Self.format)\"")
    }
    guard let query = json["query"]?.string,
      let now = json["now"]?.string.flatMap({ Timestamp($0) }), let answer = json["answer"],
      let stream = json["stream"], let seals = json["seals"]?.array,
      let checkpoint = json["checkpoint"]?.string, let key = json["key"]?.string
    else {
      throw AuditError(
        "the receipt is not whole: it has query, now, answer, stream, seals, checkpoint and key")
    }
    (self.query, nowNs, self.answer, self.key) = (query, now.ns, answer, key)
    self.stream = try ProvenEvent(stream, "the definition of the stream")
    if let kpi = json["kpi"] { self.kpi = try ProvenEvent(kpi, "the definition of the KPI") }
    self.seals = []
    for (row, seal) in seals.enumerated() {
      self.seals.append(seal == .null ? nil : try ProvenEvent(seal, "the seal of row \(row + 1)"))
    }
    if let events = json["events"]?.array {
      var proven: [ProvenEvent] = []
      for (index, event) in events.enumerated() {
        proven.append(try ProvenEvent(event, "event \(index + 1) of \(events.count)"))
      }
      self.events = proven
    }
    self.checkpoint = Array(checkpoint.utf8)
    if let consistency = json["consistency"] {
      guard let size = consistency["size"]?.unsigned,
        let path = consistency["path"]?.array?.map({ $0.string.flatMap { TreeHash(base64: $0) } }),
        !path.contains(nil)
      else {
        throw AuditError("the receipt's proof of consistency is not whole: it has size and path")
      }
      self.consistency = (size, path.compactMap(\.self))
    }
  }

  init(
    query: String, nowNs: Int64, answer: JSONValue, stream: ProvenEvent, kpi: ProvenEvent?,
    seals: [ProvenEvent?], events: [ProvenEvent]?, checkpoint: [UInt8], key: String
  ) {
    (self.query, self.nowNs, self.answer) = (query, nowNs, answer)
    (self.stream, self.kpi, self.seals, self.events) = (stream, kpi, seals, events)
    (self.checkpoint, self.key) = (checkpoint, key)
  }
}

/// The rows of an answer as JSON has them, by the names of their columns.
struct AnswerRows {
  let columns: [(name: String, type: String)]
  let rows: [[JSONValue]]

  /// Throws ``AuditError`` for what is no answer.
  init(_ answer: JSONValue) throws(AuditError) {
    guard let columns = answer["columns"]?.array, let rows = answer["rows"]?.array else {
      throw AuditError("the receipt's answer has no columns and rows")
    }
    self.columns = columns.map { ($0["name"]?.string ?? "", $0["type"]?.string ?? "") }
    self.rows = rows.map { $0.array ?? [] }
    guard self.rows.allSatisfy({ $0.count == columns.count }) else {
      throw AuditError("a row of the receipt's answer does not have a value for each column")
    }
  }

  /// A value of a row; nil when there is no such column.
  func value(_ name: String, ofRow row: Int) -> JSONValue? {
    columns.firstIndex { $0.name == name }.map { rows[row][$0] }
  }

  /// The start of a row's bucket; nil when the answer has none.
  func bucketNs(ofRow row: Int) -> Int64? {
    guard columns.first?.type == "time" else { return nil }
    return rows[row][0].string.flatMap { Timestamp($0)?.ns }
  }

  /// Whether a row is the one that a seal is of: its bucket, and its labels.
  func isRow(_ row: Int, of seal: Seal) -> Bool {
    guard case .object(let labels) = seal.group else { return false }
    return bucketNs(ofRow: row) == seal.bucketNs
      && labels.allSatisfy { value($0.name, ofRow: row) == $0.value }
  }
}
