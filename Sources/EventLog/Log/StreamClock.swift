import Bytes
import LMDB
import Model

/// How far a stream's event time has got: as far as the source that is furthest behind. A pure function of the
/// stream's blocks and of the closings that the catalogue records, so a rebuild finds the same.
///
/// A source that has been closed is not waited for until it brings events again. The watermark never goes
/// back: what a source brings that is older than that is late.
package struct StreamClock: Sendable, Equatable {
  /// Watermarks of the sources that are open.
  private var open: [String: Int64] = [:]
  /// The furthest of those that were closed.
  private var closedNs: Int64?
  /// The stream's watermark; nil before its first event.
  package private(set) var watermarkNs: Int64?

  package init() {}

  init(watermarkNs: Int64?, open: [String: Int64], closedNs: Int64?) {
    self.open = open
    self.closedNs = closedNs
    self.watermarkNs = watermarkNs
  }

  /// Takes note that `source` has got as far as `timeNs` at least.
  package mutating func advance(_ source: String, to timeNs: Int64) {
    open[source] = max(open[source] ?? .min, timeNs)
    update()
  }

  /// Takes note that nothing more is expected of `source`.
  package mutating func close(_ source: String) {
    guard let last = open.removeValue(forKey: source) else { return }
    closedNs = max(closedNs ?? .min, last)
    update()
  }

  private mutating func update() {
    // When all have ended, the last to arrive is how far time has got.
    guard let reached = open.values.min() ?? closedNs else { return }
    watermarkNs = max(watermarkNs ?? .min, reached)
  }
}

extension StreamClock {
  /// The clock as the last commit left it. O(sources).
  static func load(
    _ streamId: UInt32, _ totals: StreamTotals, _ tables: LogTables,
    _ transaction: borrowing ReadTransaction
  ) throws -> StreamClock {
    var open: [String: Int64] = [:]
    var closedNs: Int64?
    for (name, state) in try SourceState.all(streamId, tables, transaction) {
      guard let reached = state.watermarkNs else { continue }
      if state.isClosed {
        closedNs = max(closedNs ?? .min, reached)
      } else {
        open[name] = reached
      }
    }
    return StreamClock(watermarkNs: totals.watermarkNs, open: open, closedNs: closedNs)
  }
}

/// The catalogue's record that a source was closed.
package struct SourceClosing: Sendable, Equatable {
  package var stream: String
  package var source: String

  init(stream: String, source: String) {
    self.stream = stream
    self.source = source
  }

  func document(reason: String, receivedNs: Int64) -> [UInt8] {
    var json = JSONObjectWriter()
    json.field("timestamp", Timestamp(ns: receivedNs).description)
    json.field("change", "close_source")
    json.field("stream", stream)
    json.field("source", source)
    json.field("reason", reason)
    return json.finish()
  }

  /// Reads back what `document` wrote; nil when it is something else.
  package init?(_ document: CatalogueDocument) {
    guard document["change"] == "close_source", let stream = document["stream"],
      let source = document["source"]
    else { return nil }
    self.init(stream: stream, source: source)
  }
}
