import Bytes
import Model

/// The record that a source was opened or closed: an event of the stream ``StreamDefinition/closings``.
package struct SourceChange: Sendable, Equatable {
  /// What has changed.
  package enum Kind: String, Sendable {
    /// Events are expected of it: the stream waits until it has brought some.
    case open = "open_source"
    /// Nothing more is expected of it.
    case close = "close_source"
  }

  package var kind: Kind
  package var stream: String
  /// The number of the stream; nil in records of closings, which are of streams with events. One without may be dropped, and
  /// another one made of the same name.
  package var streamId: UInt32?
  package var source: String
  /// How far its event time had got; nil while no event counted.
  package var reachNs: Int64?
  /// The wall clock.
  package var changedNs: Int64

  func document(reason: String) -> [UInt8] {
    var json = JSONObjectWriter()
    json.field("timestamp", Timestamp(ns: changedNs).description)
    json.field("change", kind.rawValue)
    json.field("stream", stream)
    if let streamId { json.field("stream_id", Int64(streamId)) }
    json.field("source", source)
    json.field("reason", reason)
    if let reachNs { json.field("reached_ns", reachNs) }
    json.field(kind.clockField, changedNs)
    return json.finish()
  }
}

extension SourceChange {
  /// Reads back what `document` wrote; nil when it is something else.
  package init?(_ document: CatalogueDocument) {
    guard let kind = document["change"].flatMap({ Kind(rawValue: $0) }),
      let stream = document["stream"], let source = document["source"],
      let changedNs = document[kind.clockField].flatMap({ Int64($0) })
    else { return nil }
    self.init(
      kind: kind, stream: stream, streamId: document["stream_id"].flatMap { UInt32($0) },
      source: source, reachNs: document["reached_ns"].flatMap { Int64($0) }, changedNs: changedNs)
  }
}

extension SourceChange.Kind {
  fileprivate var clockField: String { self == .open ? "opened_ns" : "closed_ns" }
}
