import Bytes
import Model

/// The record that a source was closed: an event of the stream ``StreamDefinition/closings``.
package struct SourceClosing: Sendable, Equatable {
  package var stream: String
  package var source: String
  /// How far its event time had got; nil while no event counted.
  package var reachNs: Int64?
  /// The wall clock.
  package var closedNs: Int64

  func document(reason: String) -> [UInt8] {
    var json = JSONObjectWriter()
    json.field("timestamp", Timestamp(ns: closedNs).description)
    json.field("change", "close_source")
    json.field("stream", stream)
    json.field("source", source)
    json.field("reason", reason)
    if let reachNs { json.field("reached_ns", reachNs) }
    json.field("closed_ns", closedNs)
    return json.finish()
  }
}

extension SourceClosing {
  /// Reads back what `document` wrote; nil when it is something else.
  package init?(_ document: CatalogueDocument) {
    guard document["change"] == "close_source", let stream = document["stream"],
      let source = document["source"],
      let closedNs = document["closed_ns"].flatMap({ Int64($0) })
    else { return nil }
    self.init(
      stream: stream, source: source, reachNs: document["reached_ns"].flatMap { Int64($0) },
      closedNs: closedNs)
  }
}
