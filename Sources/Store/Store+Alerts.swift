import EventLog
import Language
import Query

/// Alerts: each definition is an event of the catalogue, and each change of a state one of `_alerts`.
extension Store {
  /// Those that are defined, in the order of their definitions, each with the groups for which it holds.
  /// O(catalogue + events of `_alerts`) once, then O(what is new).
  public func alerts() throws -> [AlertInfo] {
    let catalogue = try automationCatalogue()
    let ledgers = try alertLedgers()
    return catalogue.definitions.compactMap { defined in
      guard case .defineAlert(let definition) = defined.statement.body else { return nil }
      var alert = AlertInfo(
        name: defined.name, version: defined.version, seq: defined.seq,
        definedNs: defined.definedNs, definition: definition, statement: defined.text)
      let ledger = ledgers[DefinitionKey(defined.name, defined.version)]
      (alert.groups, alert.failure) = (ledger?.active ?? [], ledger?.failure)
      return alert
    }
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
