/// A block's place in the log.
package struct StoredBlock: Sendable, Equatable {
  package var streamId: UInt32
  package var firstSeq: UInt64
  package var lastSeq: UInt64
  package var eventCount: Int
  package var factCount: Int
  package var minTimeNs: Int64
  package var maxTimeNs: Int64
  /// The stream's watermark before it.
  package var watermarkBeforeNs: Int64?
  /// The stream's watermark after it; nil while it is on its way.
  package var watermarkNs: Int64?

  init(_ summary: BlockSummary) {
    streamId = summary.streamId
    firstSeq = summary.firstSeq
    lastSeq = summary.lastSeq
    eventCount = summary.eventCount
    factCount = summary.factCount
    minTimeNs = summary.minTimeNs
    maxTimeNs = summary.maxTimeNs
    watermarkBeforeNs = summary.watermarks.beforeNs
    watermarkNs = summary.watermarks.afterNs
  }

  init(_ header: BlockHeader, _ pieces: [BlockPiece]) {
    streamId = header.streamId
    firstSeq = header.firstSeq
    lastSeq = pieces[pieces.count - 1].lastSeq
    eventCount = header.eventCount
    factCount = header.factCount
    minTimeNs = header.minTimeNs
    maxTimeNs = header.maxTimeNs
    watermarkBeforeNs = pieces[0].watermarkBeforeNs
    watermarkNs = pieces[pieces.count - 1].watermarkNs
  }
}
