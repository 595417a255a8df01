import Bytes
import Model
import Query

/// A row of a KPI as it was when it became final, or was restated: an event of `_seals`, and so a leaf.
struct Seal: Equatable {
  var kpi: String
  var version: Int
  /// The event that defined the version.
  var definitionSeq: UInt64
  var bucketNs: Int64
  var untilNs: Int64
  /// The labels by the names of the dimensions, as the row has them.
  var group: JSONValue
  /// The row as a line of NDJSON.
  var row: JSONValue
  var kind: ChangedRows.Kind
  /// The state of the log that it is of.
  var asOfSeq: UInt64

  /// Writes the rows of a KPI that are final among some that have changed.
  static func all(of changed: ChangedRows, _ kpi: KpiInfo, asOf seq: UInt64) throws -> [Seal] {
    let buckets = Buckets(length: kpi.every, zone: try ZoneRules(named: kpi.timeZone))
    let answer = changed.answer
    let lines = AnswerRenderer(.ndjson).bytes(answer).split(separator: 0x0A)
    guard lines.count == changed.kinds.count, answer.columns.first?.kind == .time else {
      throw AuditError("rows of KPI \(kpi.name) have no time to be sealed by")
    }
    let names = answer.columns.dropFirst().prefix(changed.groupCount).map(\.name)
    return try lines.indices.compactMap { index in
      guard changed.kinds[index] != .changed,
        case .time(let bucketNs) = answer.columns[0].values[index]
      else { return nil }
      let row = try JSONReader.value(Array(lines[index]))
      let group = jsonObject { json in
        for name in names { json.field(name, json: (row[name] ?? .null).bytes) }
      }
      return Seal(
        kpi: kpi.name, version: kpi.version, definitionSeq: kpi.seq, bucketNs: bucketNs,
        untilNs: buckets.end(ofBucketStarting: bucketNs), group: try JSONReader.value(group),
        row: row,
        kind: changed.kinds[index], asOfSeq: seq)
    }
  }

  static let word = "row"

  func document(timeNs: Int64) -> [UInt8] {
    jsonObject { json in
      json.field("timestamp", timeNs: timeNs)
      json.field("seal", Self.word)
      json.field("kpi", kpi)
      json.field("version", Int64(version))
      json.field("definition_seq", definitionSeq)
      json.field("bucket", timeNs: bucketNs)
      json.field("until", timeNs: untilNs)
      json.field("kind", kind.rawValue)
      json.field("as_of_seq", asOfSeq)
      json.field("group", json: group.bytes)
      json.field("row", json: row.bytes)
    }
  }

  /// Reads what ``document(timeNs:)`` wrote; nil when it is something else.
  init?(_ document: [UInt8]) {
    guard let json = try? JSONReader.value(document), json["seal"]?.string == Self.word,
      let kpi = json["kpi"]?.string, let version = json["version"]?.integer,
      let definitionSeq = json["definition_seq"]?.unsigned,
      let bucket = json["bucket"]?.string.flatMap({ Timestamp($0) }),
      let until = json["until"]?.string.flatMap({ Timestamp($0) }),
      let kind = json["kind"]?.string.flatMap({ ChangedRows.Kind(rawValue: $0) }),
      let asOfSeq = json["as_of_seq"]?.unsigned, let group = json["group"], let row = json["row"]
    else { return nil }
    self.init(
      kpi: kpi, version: Int(version), definitionSeq: definitionSeq, bucketNs: bucket.ns,
      untilNs: until.ns, group: group, row: row, kind: kind, asOfSeq: asOfSeq)
  }

  init(
    kpi: String, version: Int, definitionSeq: UInt64, bucketNs: Int64, untilNs: Int64,
    group: JSONValue, row: JSONValue, kind: ChangedRows.Kind, asOfSeq: UInt64
  ) {
    (self.kpi, self.version, self.definitionSeq) = (kpi, version, definitionSeq)
    (self.bucketNs, self.untilNs, self.group, self.row) = (bucketNs, untilNs, group, row)
    (self.kind, self.asOfSeq) = (kind, asOfSeq)
  }
}

/// That all rows of a KPI are sealed which have become final, or were restated, between two events: the last event of `_seals` that
/// such rows have.
struct SealedRange: Equatable {
  var kpi: String
  var version: Int
  var definitionSeq: UInt64
  var afterSeq: UInt64
  var throughSeq: UInt64
  var rows: Int

  static let word = "range"

  func document(timeNs: Int64) -> [UInt8] {
    jsonObject { json in
      json.field("timestamp", timeNs: timeNs)
      json.field("seal", Self.word)
      json.field("kpi", kpi)
      json.field("version", Int64(version))
      json.field("definition_seq", definitionSeq)
      json.field("after_seq", afterSeq)
      json.field("through_seq", throughSeq)
      json.field("rows", Int64(rows))
    }
  }

  /// Reads what ``document(timeNs:)`` wrote; nil when it is something else.
  init?(_ document: [UInt8]) {
    guard let json = try? JSONReader.value(document), json["seal"]?.string == Self.word,
      let kpi = json["kpi"]?.string, let version = json["version"]?.integer,
      let definitionSeq = json["definition_seq"]?.unsigned,
      let afterSeq = json["after_seq"]?.unsigned, let throughSeq = json["through_seq"]?.unsigned,
      let rows = json["rows"]?.integer
    else { return nil }
    self.init(
      kpi: kpi, version: Int(version), definitionSeq: definitionSeq, afterSeq: afterSeq,
      throughSeq: throughSeq, rows: Int(rows))
  }

  init(
    kpi: String, version: Int, definitionSeq: UInt64, afterSeq: UInt64, throughSeq: UInt64,
    rows: Int
  ) {
    (self.kpi, self.version, self.definitionSeq) = (kpi, version, definitionSeq)
    (self.afterSeq, self.throughSeq, self.rows) = (afterSeq, throughSeq, rows)
  }
}
