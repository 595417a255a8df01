import EventLog
import Language
import Projections
import Query

/// What was defined and changed, as statements.
extension Store {
  public func history() throws -> [CatalogueChange] {
    var changes: [CatalogueChange] = []
    try forEachEvent(of: StreamDefinition.catalogue.name) { event in
      if let change = try CatalogueChange(event) { changes.append(change) }
      return true
    }
    return changes
  }
}

extension CatalogueChange {
  /// Nil for what changes no definition, such as the end of a source.
  init?(_ event: LogEvent) throws {
    let document = CatalogueDocument(seq: event.seq, event.bytes)
    guard let change = document["change"], change != "close_source", let name = document["name"]
    else { return nil }
    let words = change.uppercased().split(separator: "_").joined(separator: " ")
    self.init(
      seq: event.seq, timeNs: event.receivedNs, actor: event.actor, change: words, name: name,
      version: document["version"].flatMap { Int($0) }, statement: "")
    statement = try statement(document)
  }

  private func statement(_ document: CatalogueDocument) throws -> String {
    if let text = document["statement"] { return text }
    if let kpi = try KpiDefinition(document) {
      return kpi.statement(change.hasPrefix("RE") ? "REDEFINE" : "DEFINE")
    }
    if let stream = StreamDefinition(document) {
      return Statement(.defineStream(DefineStream(stream))).canonicalText
    }
    let text = "\(change) \(Name(name).canonicalText)"
    return change == "SWITCH KPI" ? text + " TO VERSION \(version ?? 0)" : text
  }
}

extension DefineStream {
  /// The statement that says what a definition does.
  init(_ stream: StreamDefinition) {
    self.init(
      Name(stream.name), time: FieldPath(stream.timePath),
      key: stream.keyPath.map { FieldPath($0) },
      dedupBy: stream.idPath.map { FieldPath($0) },
      explode: stream.explodePath.map { FieldPath($0) })
  }
}
