import EventLog
import Language
import Model
import Query

/// Alerts: each definition is an event of the catalogue, and each change of a state one of `_alerts`.
extension Store {
  /// Those that are defined, in the order of their definitions, each with the groups for which it holds.
  /// O(catalogue + events of `_alerts`) once, then O(what is new + blocks of the streams of alerts that found nothing yet).
  public func alerts() throws -> [AlertInfo] {
    let snapshot = try snapshot()
    let found = try alertLedgers()
    return try definedAlerts().map { alert in
      var alert = alert
      alert.isJudged =
        try found[DefinitionKey(alert.name, alert.version)] != nil || hasBuckets(alert, snapshot)
      return alert
    }
  }

  /// The same without whether there was anything to judge. O(catalogue + events of `_alerts`) once, then O(what is new).
  package func definedAlerts() throws -> [AlertInfo] {
    let catalogue = try automationCatalogue()
    let ledgers = try alertLedgers()
    return catalogue.definitions.compactMap { defined in
      guard case .defineAlert(let definition) = defined.statement.body else { return nil }
      var alert = AlertInfo(
        name: defined.name, version: defined.version, seq: defined.seq,
        definedNs: defined.definedNs, definition: definition, statement: defined.text)
      let ledger = ledgers[DefinitionKey(defined.name, defined.version)]
      (alert.groups, alert.failure) = (ledger?.active ?? [], ledger?.failure)
      let untold = ledger?.untold ?? []
      (alert.waitingNotices, alert.waitingSinceNs) = (untold.count, untold.first?.sinceNs)
      alert.refusal = untold.lazy.compactMap(\.failure).first
      return alert
    }
  }

  /// Whether an alert has buckets to judge: some became final since it was defined, or those count that are not final.
  private func hasBuckets(_ alert: AlertInfo, _ snapshot: CatalogueSnapshot) throws -> Bool {
    guard let (stream, kpi) = alert.subject(in: snapshot), let nowNs = stream.watermarkNs,
      let buckets = try? alert.buckets(zone: kpi?.timeZone)
    else { return false }
    if alert.definition.isEarly { return true }
    let thenNs = try state(ofStream: stream.name, asOf: alert.seq).watermarkNs ?? .min
    let latenessNs = kpi?.latenessNs ?? stream.latenessNs
    func finalNs(_ watermarkNs: Int64) -> Int64 {
      buckets.start(of: watermarkNs.saturatingSubtracting(latenessNs))
    }
    return thenNs == .min || finalNs(thenNs) < finalNs(nowNs)
  }

  /// What the log says of each alert and version.
  package func alertLedgers() throws -> [DefinitionKey: AlertLedger] {
    try alertEvents.ledgers { start, body in
      try log.forEachEvent(of: StreamDefinition.alerts.name, seqs: start...UInt64.max) { event in
        body(CatalogueDocument(seq: event.seq, event.bytes))
        return true
      }
    }
  }

  /// Takes note of what was found, all in one commit. What has an id that is there already is passed over.
  package func record(_ events: [AlertEvent]) throws {
    try log.record(in: .alerts, actor: "nilo") { receivedNs in
      events.map { $0.document(receivedNs: receivedNs) }
    }
  }

  /// A time that no fact of the stream's events after event `seq` is before; nil when there are no such events.
  /// O(blocks of these events). Throws ``UnknownStreamError``.
  package func earliestTime(ofStream name: String, after seq: UInt64) throws -> Int64? {
    try log.earliestTime(ofStream: name, after: seq)
  }

  /// Throws ``AutomationError`` when the name is taken, and `StreamNameError`.
  public func defineAlert(_ alert: DefineAlert) throws {
    try define(.alert, alert.name.text, by: .defineAlert(alert))
  }

  /// Its events stay. Throws ``AutomationError`` when there is none of that name.
  public func dropAlert(_ name: String) throws {
    try drop(.alert, name, by: .dropAlert(Name(name)))
  }
}
