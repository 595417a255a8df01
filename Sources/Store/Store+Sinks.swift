import EventLog
import Language
import Query

/// Sinks: each definition is an event of the catalogue, and what was published is in `_sinks`.
extension Store {
  /// Those that are defined, in the order of their definitions, each with how far it has got.
  /// O(catalogue + events of `_sinks`) once, then O(what is new).
  public func sinks() throws -> [SinkInfo] {
    let catalogue = try automationCatalogue()
    let states = try sinkStates()
    return catalogue.definitions.compactMap { defined in
      guard case .defineSink(let definition) = defined.statement.body else { return nil }
      var sink = SinkInfo(
        name: defined.name, version: defined.version, seq: defined.seq,
        definedNs: defined.definedNs, definition: definition, statement: defined.text)
      guard let state = states[DefinitionKey(defined.name, defined.version)] else { return sink }
      sink.throughSeq = state.throughSeq ?? defined.seq
      (sink.rows, sink.failure) = (state.rows, state.failure)
      (sink.waitingRows, sink.waitingSinceNs) = (state.pending?.rows ?? 0, state.pending?.notedNs)
      return sink
    }
  }

  /// What the log says of each sink and version.
  package func sinkStates() throws -> [DefinitionKey: SinkState] {
    try publications.states { start, body in
      let own = StreamDefinition.publications.name
      try log.forEachEvent(of: own, seqs: start...UInt64.max) { event in
        body(CatalogueDocument(seq: event.seq, event.bytes))
        return true
      }
    }
  }

  /// Takes note of a publication. One of the same id is not stored twice: then it gives false.
  @discardableResult
  package func record(_ publication: Publication) throws -> Bool {
    try log.record(in: .publications, actor: "nilo") {
      [publication.document(receivedNs: $0)]
    } > 0
  }

  /// Throws ``AutomationError`` when the name is taken, and `StreamNameError`.
  public func defineSink(_ sink: DefineSink) throws {
    try define(.sink, sink.name.text, by: .defineSink(sink))
  }

  /// Its events stay. Throws ``AutomationError`` when there is none of that name.
  public func dropSink(_ name: String) throws {
    try drop(.sink, name, by: .dropSink(Name(name)))
  }
}
