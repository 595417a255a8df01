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
  /// The sources that the documents, records of closings, close.
  var closes: [SourceEnd] = []
  /// What the document, a record of the catalogue, changes of a stream.
  var alters: Alteration?
  /// How far the source's event time has got with these documents; nil while none counts.
  var reachNs: Int64?
}

/// What a commit of closings does to a source that it closes.
struct SourceEnd: Sendable {
  var key: SourceKey
  /// How far its event time has got; nil while no event counted.
  var reachNs: Int64?
  /// The wall clock.
  var closedNs: Int64
}
