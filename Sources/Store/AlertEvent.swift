import Bytes
import EventLog
import Model
import Query

/// What was found of a group of an alert, and what became of telling it: an event of `_alerts`.
package struct AlertEvent: Sendable {
  /// What kind of news it is.
  package enum Kind: String, Sendable {
    /// A bucket became final, and the group's state is another one since.
    case change
    /// The condition holds in a bucket that is not final, so that the group's state is another one until then.
    case early
    /// A bucket that was judged early is final, and what was found is so; where the state begins with it, a change says that.
    case confirmed
    /// What was found of buckets is otherwise: events came late, or one that was judged early is final.
    case correction
    /// The alert cannot be judged, and can again.
    case failed, recovered
    /// Somebody was told, or could not be.
    case notified, unheard
    /// Somebody was not told this time, and will be tried again.
    case refused
  }

  /// Where a group stands.
  package typealias State = AlertInfo.State

  package var key: DefinitionKey
  package var kind: Kind
  /// What it is grouped by, as a JSON object; `{}` without groups. Nil where it is of no group.
  package var labels: String?
  /// The first bucket of which it holds.
  package var bucketNs: Int64?
  /// The end of the last bucket of a correction; nil when it holds up to the last one.
  package var untilNs: Int64?
  package var state: State?
  /// What the state was taken for before a correction.
  package var before: State?
  /// Whether what is corrected was found before the bucket was final.
  package var isOfEarly = false
  /// The items of the row that was judged, as a JSON object.
  package var values: [UInt8]?
  /// The state of the log that was judged.
  package var asOfSeq: UInt64?
  /// The event that was told of, and how often that was tried.
  package var told: String?
  package var attempts: Int?
  package var failure: String?
  /// When it was noted, by the clock; nil of what was made in this process.
  package var notedNs: Int64?

  package init(_ key: DefinitionKey, _ kind: Kind) { (self.key, self.kind) = (key, kind) }

  /// Whether somebody is told: that it fires, that it does so no more, and what was told wrongly.
  package var isNews: Bool {
    switch kind {
    case .early: state == .firing
    case .change, .correction: state == .firing || before == .firing
    default: false
    }
  }

  /// The same for what is found again after a crash.
  package var id: String {
    let start = "\(key.name)/\(key.version)/\(kind.rawValue)"
    if let told, kind == .refused { return "\(told)/refused/\(attempts ?? 0)" }
    if let told { return "\(told)/told" }
    guard let bucketNs else { return "\(start)/\(asOfSeq ?? 0)" }
    let id = "\(start)/\(labels ?? "")/\(Timestamp(ns: bucketNs))/\(state?.rawValue ?? "")"
    // One bucket may be corrected more than once, but becomes final once.
    if isOfEarly { return "\(id)/early" }
    return kind == .correction ? "\(id)/\(asOfSeq ?? 0)" : id
  }

  func document(receivedNs: Int64) -> [UInt8] {
    jsonObject { json in
      json.field("timestamp", timeNs: receivedNs)
      json.field("id", id)
      json.field("alert", key.name)
      json.field("version", Int64(key.version))
      json.field("kind", kind.rawValue)
      if let labels {
        json.field("group", labels)
        json.field("labels", json: Array(labels.utf8))
      }
      if let bucketNs { json.field("bucket", timeNs: bucketNs) }
      if let untilNs { json.field("until", timeNs: untilNs) }
      if let state { json.field("state", state.rawValue) }
      if let before { json.field("before", before.rawValue) }
      if kind == .early { json.field("provisional", true) }
      if isOfEarly { json.field("of_early", true) }
      if let values { json.field("values", json: values) }
      if let asOfSeq { json.field("as_of_seq", asOfSeq) }
      if let told { json.field("told", told) }
      if let attempts { json.field("attempts", Int64(attempts)) }
      if let failure { json.field("failure", failure) }
    }
  }

  /// Reads back what `document` wrote, but for the values; nil when it is something else.
  init?(_ document: CatalogueDocument) {
    guard let name = document["alert"], let version = document["version"].flatMap({ Int($0) }),
      let kind = document["kind"].flatMap({ Kind(rawValue: $0) })
    else { return nil }
    self.init(DefinitionKey(name, version), kind)
    labels = document["group"]
    bucketNs = document["bucket"].flatMap { Timestamp($0)?.ns }
    untilNs = document["until"].flatMap { Timestamp($0)?.ns }
    state = document["state"].flatMap { State(rawValue: $0) }
    before = document["before"].flatMap { State(rawValue: $0) }
    isOfEarly = document["of_early"] == "true"
    asOfSeq = document["as_of_seq"].flatMap { UInt64($0) }
    told = document["told"]
    attempts = document["attempts"].flatMap { Int($0) }
    failure = document["failure"]
    notedNs = document["timestamp"].flatMap { Timestamp($0)?.ns }
  }
}
