import Model

/// What is known of a batch beside its documents.
struct Envelope: Sendable {
  /// Where the documents came from, such as a file's path.
  var source: String
  /// Who appended them.
  var actor: String
  /// Wall clock at the append, in nanoseconds since the epoch.
  var receivedNs: Int64
  /// What the connector wants to be kept with these documents.
  var progress: SourceProgress?
  /// The request that the documents are of.
  var request: RequestMark?
  /// What the documents, records of openings and closings, do to sources: one for each.
  var turns: [SourceTurn] = []
  /// What the document, a record of the catalogue, changes of a stream.
  var alters: Alteration?
  /// How far the source's event time has got with these documents; nil while none counts.
  var reachNs: Int64?
}

/// What a commit of openings and closings does to a source.
struct SourceTurn: Sendable {
  var kind: SourceChange.Kind
  var key: SourceKey
  /// How far its event time has got; nil while no event counted.
  var reachNs: Int64?
  /// The wall clock.
  var changedNs: Int64
}

extension SourceState {
  /// Takes note of an opening or closing.
  mutating func take(_ turn: SourceTurn) {
    switch turn.kind {
    case .open: open(at: turn.changedNs)
    case .close: close(at: turn.reachNs)
    }
  }
}

extension StreamClock {
  /// Takes note of an opening or closing of one of the stream's sources.
  mutating func take(_ turn: SourceTurn) {
    switch turn.kind {
    case .open: open(turn.key.name, at: turn.reachNs)
    case .close: close(turn.key.name, at: turn.reachNs, closedNs: turn.changedNs)
    }
  }
}
