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
  /// Where its document begins in the bytes of its batch.
  var documentStart: Int

  init(_ batch: borrowing ParsedBatch, _ row: Int, firstSeq: UInt64) {
    let range = batch.documentRange(row)
    documentStart = range.lowerBound
    position = batch.positions[row]
    self.firstSeq = firstSeq
    id = batch.id(ofEvent: row) ?? []
    timeNs = batch.times[row]
    head = Array(batch.bytes[range.prefix(Limits.ledgerHeadBytes)])
    documentHash = batch.documentHash(row)
  }

  /// Takes note of the hash of the document that it repeats.
  mutating func compare(_ original: UInt64) {
    isDifferent = documentHash != original
    if !isDifferent { head = [] }
  }
}
