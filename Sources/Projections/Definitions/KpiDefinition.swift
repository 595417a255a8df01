import Asking
import Bytes
import EventLog
import Language
import Model
import RE2

/// A KPI: what is computed from a stream's facts, for which groups, over which buckets of time. It names no
/// wall clock, so its cells are a pure function of the log.
public struct KpiDefinition: Sendable, Equatable {
  /// Sequence number of the event that defined it; 0 until then.
  public internal(set) var id: UInt64 = 0
  public var name: String
  /// Counts the definitions of one name, from 1.
  public internal(set) var version = 1
  public var stream: String
  public var items: [Item]
  /// Facts that count; nil for all.
  public var filter: Predicate?
  public var groupBy: [GroupField]
  /// The buckets' length.
  public var every: BucketLength
  /// With it each row covers this much time up to its bucket's end, instead of the bucket alone.
  public var rolling: BucketLength?
  /// The zone in which buckets are aligned.
  public var timeZone: String
  /// A bucket is final when the watermark has passed its end by this much. At least the stream's own lateness: so
  /// every event that changes a final row is on the ledger as late.
  public internal(set) var latenessNs: Int64
  /// What its columns mean, as the statement said that defines it. It is recorded with that statement, and changes no
  /// number; a definition that is read back has none.
  public var meanings: [Text: ColumnMeaning] = [:]

  /// Parses the texts of a definition. Throws ``LanguageError``, ``BucketLengthError``, ``UnknownZoneError`` or
  /// ``KpiError``.
  public init(
    name: String, stream: String, select: String, filter: String? = nil, groupBy: String? = nil,
    every: String, rolling: String? = nil, timeZone: String = "UTC", latenessNs: Int64 = 0
  ) throws {
    self.name = name
    self.stream = stream
    items = try Parser.items(select)
    self.filter = try filter.map { try Parser.predicate($0) }
    self.groupBy = try groupBy.map { try Parser.dimensions($0) } ?? []
    self.every = try BucketLength(parsing: every)
    self.rolling = try rolling.map { try BucketLength(parsingWindow: $0) }
    self.timeZone = timeZone
    self.latenessNs = latenessNs
    _ = try ZoneRules(named: timeZone)
    _ = try panesPerWindow
    _ = try FoldPlan(self)
    try checkNames()
    try Self.check(self.filter?.patterns ?? [], of: filter ?? "")
    try Self.check(items.flatMap(\.expression.patterns), of: select)
  }

  /// What a query computes: a KPI that is nowhere kept.
  init(_ query: AggregateRequest, latenessNs: Int64) throws {
    name = ""
    stream = query.stream
    items = query.aggregates.enumerated().map { Item(.aggregate($1), alias: "\($0)") }
    filter = query.filter
    groupBy = query.groupBy.map { GroupField(FieldPath($0)) }
    every = query.every ?? .days(1)
    rolling = query.rolling
    timeZone = query.timeZone
    self.latenessNs = latenessNs
    _ = try panesPerWindow
  }

  /// All fields that the definition names.
  var fields: [FieldPath] {
    groupBy.map(\.path) + (filter?.fields ?? []) + items.flatMap(\.expression.fields)
  }

  /// Throws a ``LanguageError`` that shows the first pattern that is none.
  private static func check(_ patterns: [Spanned<Text>], of text: String) throws {
    for pattern in patterns {
      do throws(RegularExpression.Refusal) {
        _ = try RegularExpression(pattern.value.string)
      } catch {
        let issue = LanguageError.Issue(
          pattern.span, "the regular expression is not legal: \(error.message)", hint: error.hint)
        throw LanguageError(issues: [issue], text: text)
      }
    }
  }

  private func checkNames() throws {
    try StreamDefinition.checkName(name)
    // Columns that rows have of their own give way to groups, but not to items.
    var seen: Set<Text> = Set(["time", "state"]).subtracting(groupBy.map(\.name))
    for column in groupBy.map(\.name) + items.map(\.name) where !seen.insert(column).inserted {
      throw KpiError("two columns would be named \(column.debugDescription); rename one with AS")
    }
  }

  /// Buckets that a row covers.
  var panesPerWindow: Int {
    get throws {
      guard let rolling else { return 1 }
      let (count, rest) = rolling.nominalNs.quotientAndRemainder(dividingBy: every.nominalNs)
      guard rest == 0, count >= 1 else {
        throw KpiError("ROLLING \(rolling) is not a multiple of EVERY \(every)")
      }
      guard count <= Self.maxPanes else {
        throw KpiError("ROLLING \(rolling) is more than \(Self.maxPanes) times EVERY \(every)")
      }
      return Int(count)
    }
  }

  /// Buckets of one rolling window at most.
  static let maxPanes: Int64 = 100_000

  /// The definition as the document that the catalogue keeps of it.
  func document(_ change: Change, receivedNs: Int64) -> [UInt8] {
    var json = JSONObjectWriter()
    json.field("timestamp", Timestamp(ns: receivedNs).description)
    json.field("change", change.rawValue)
    json.field("name", name)
    json.field("version", Int64(version))
    json.field("stream", stream)
    json.field("select", selectText)
    if let filter { json.field("where", filter.canonicalText) }
    if !groupBy.isEmpty { json.field("by", groupText) }
    json.field("every", every.description)
    if let rolling { json.field("rolling", rolling.description) }
    json.field("time_zone", timeZone)
    json.field("lateness_ns", latenessNs)
    if !meanings.isEmpty { json.field("statement", statement(change.verb, meanings)) }
    return json.finish()
  }

  public var selectText: String { items.map(\.canonicalText).joined(separator: ", ") }
  public var groupText: String { groupBy.map(\.canonicalText).joined(separator: ", ") }

  /// Reads back what `document` wrote; nil when it is something else.
  package init?(_ document: CatalogueDocument) throws {
    guard Change(document) != nil, let name = document["name"],
      let version = document["version"].flatMap({ Int($0) }), let stream = document["stream"],
      let select = document["select"], let every = document["every"],
      let zone = document["time_zone"],
      let lateness = document["lateness_ns"].flatMap({ Int64($0) })
    else { return nil }
    try self.init(
      name: name, stream: stream, select: select, filter: document["where"],
      groupBy: document["by"], every: every, rolling: document["rolling"], timeZone: zone,
      latenessNs: lateness)
    self.version = version
    id = document.seq
  }
}

/// A KPI cannot be what was asked for.
public struct KpiError: Error, Equatable, CustomStringConvertible {
  public var description: String
  init(_ description: String) { self.description = description }
}
