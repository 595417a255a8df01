import Bytes
import Model

/// A document whose dedup id the log has already.
public struct DuplicateEvent: Sendable, Equatable {
  public var position: Int64
  /// The event that came first.
  public var firstSeq: UInt64
  public var id: [UInt8]
  public var timeNs: Int64
  /// Whether its document differs from that of the event it repeats, by a 64-bit hash whose key is the stream's secret.
  public internal(set) var isDifferent = false
  /// The first KiB of a document that differs.
  public internal(set) var head: [UInt8]
  var documentHash: UInt64

  init(_ batch: borrowing ParsedBatch, _ row: Int, firstSeq: UInt64) {
    let range = batch.documentRange(row)
    position = batch.positions[row]
    self.firstSeq = firstSeq
    id = batch.id(ofEvent: row) ?? []
    timeNs = batch.times[row]
    head = Array(batch.bytes[range.prefix(Limits.ledgerHeadBytes)])
    documentHash = IdHash.hash(
      batch.bytes.rawSpan, start: range.lowerBound, count: range.count,
      key: batch.definition.hashKey)
  }
}
