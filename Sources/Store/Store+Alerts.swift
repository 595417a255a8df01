import EventLog
import Language
import Query

/// Alerts: each definition is an event of the catalogue, and each change of a state one of `_alerts`.
extension Store {
  /// Those that are defined, in the order of their definitions, each with the groups for which it holds.
  /// O(catalogue + events of `_alerts`) once, then O(what is new).
  public func alerts() throws -> [AlertInfo] {
    let catalogue = try ByItselfCatalogue(log.catalogueDocuments())
    return catalogue.definitions.compactMap { defined in
      guard case .defineAlert(let definition) = defined.statement.body else { return nil }
      return AlertInfo(
        name: defined.name, version: defined.version, seq: defined.seq,
        definedNs: defined.definedNs, definition: definition, statement: defined.text)
    }
  }

  /// Throws ``ByItselfError`` when the name is taken, and `StreamNameError`.
  public func defineAlert(_ alert: DefineAlert) throws {
    try define(.alert, alert.name.text, by: .defineAlert(alert))
  }

  /// Its events stay. Throws ``ByItselfError`` when there is none of that name.
  public func dropAlert(_ name: String) throws {
    try drop(.alert, name, by: .dropAlert(Name(name)))
  }
}
