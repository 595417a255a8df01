import Bytes
import EventLog
import Model

/// Something that a source should have brought is not to be had any more: an event of `_gaps`. It has two: one when it is found,
/// unless the source goes on by itself, and one when it was gone on after.
public struct SourceGap: Sendable, Equatable {
  /// The source, by the name that DEFINE SOURCE gave it, and the part of it, such as `topic/0`.
  public var source: String
  public var part: String
  /// `lost`: it was deleted before it was read; `recreated`: another one stands in its place.
  public var kind: String
  /// The first position that is missing, and that which was gone on from.
  public var from: Int64
  public var to: Int64
  /// Of the part: how often another one stood in its place before.
  public var incarnation: Int
  /// Whether the source has gone on after it.
  public var isPassed = false

  /// One that was found.
  public init(
    source: String, part: String, kind: String, from: Int64, to: Int64, incarnation: Int
  ) {
    (self.source, self.part, self.kind) = (source, part, kind)
    (self.from, self.to, self.incarnation) = (from, to, incarnation)
  }

  /// The same however often it is found: what is missing may grow meanwhile.
  var id: String {
    "\(source)/\(part)/\(incarnation)/\(kind)/\(from)/\(isPassed ? "passed" : "found")"
  }

  func document(receivedNs: Int64) -> [UInt8] {
    jsonObject { json in
      json.field("timestamp", timeNs: receivedNs)
      json.field("id", id)
      json.field("source", source)
      json.field("part", part)
      json.field("kind", kind)
      json.field("state", isPassed ? "passed" : "found")
      json.field("from", from)
      json.field("to", to)
      json.field("incarnation", Int64(incarnation))
    }
  }
}

extension Store {
  /// Takes note of a gap, once, and waits until that is durable. Gives the event that says so, which may have been there
  /// before. O(events of `_gaps`).
  @discardableResult
  public func record(_ gap: SourceGap) throws -> UInt64 {
    try log.record(in: .gaps, actor: "nilo") { [gap.document(receivedNs: $0)] }
    var found: UInt64?
    try forEachEvent(of: StreamDefinition.gaps.name) { event in
      if CatalogueDocument(seq: event.seq, event.bytes)["id"] == gap.id { found = event.seq }
      return found == nil
    }
    guard let found else { throw DamageError(what: "a gap that was recorded is not in _gaps") }
    return found
  }

  /// The position after the last batch of a source that a stream has; nil when it has none, or there is no such stream.
  /// O(log n).
  public func endPosition(ofSource source: String, in stream: String) throws -> Int64? {
    try log.endPosition(ofSource: source, in: stream)
  }

  /// The value of a field of a document as text; nil when it has none, or is no document. O(bytes).
  package static func text(ofField path: String, in document: [UInt8]) -> String? {
    CatalogueDocument(seq: 0, document)[path]
  }

  /// Why bytes are no document, as the ledger says it; nil when they are one. O(bytes).
  package static func fault(of document: [UInt8]) -> String? {
    CatalogueDocument.fault(of: document)?.description
  }
}
