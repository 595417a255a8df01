import EventLog
import LMDB

/// Goes through the blocks and closings of a stream in the order of the log, to know its watermark at each.
struct ClockReplay {
  private let stream: String
  private var clock = StreamClock()
  /// The highest event time that each source has brought.
  private var reached: [String: Int64] = [:]
  /// Closings of sources that come after the last block.
  private var closings: ArraySlice<(seq: UInt64, source: String)> = []
  private var closingsSeq: UInt64 = 0

  init(stream: String) { self.stream = stream }

  var watermarkNs: Int64? { clock.watermarkNs }

  /// Learns the closings that the catalogue has recorded since. O(catalogue).
  mutating func readClosings(
    _ log: EventLog, _ transaction: borrowing ReadTransaction
  ) throws {
    for document in try log.catalogueDocuments(transaction) where document.seq > closingsSeq {
      closingsSeq = document.seq
      guard let closing = SourceClosing(document), closing.stream == stream else { continue }
      closings.append((document.seq, closing.source))
    }
  }

  /// Applies the closings before event `seq`.
  mutating func close(before seq: UInt64) {
    while let closing = closings.first, closing.seq < seq {
      clock.close(closing.source)
      closings.removeFirst()
    }
  }

  /// Applies a block that takes its source's watermark to `watermarkNs`; nil when it does not.
  mutating func advance(_ source: String, to watermarkNs: Int64?) {
    if let watermarkNs { reached[source] = max(reached[source] ?? .min, watermarkNs) }
    if let time = reached[source] { clock.advance(source, to: time) }
  }
}

extension Projections {
  /// The stream's watermark as it was after event `seq`, as far as whole blocks have brought it. O(blocks).
  func watermarkNs(
    of stream: EventStream, asOf seq: UInt64, _ transaction: borrowing ReadTransaction
  ) throws -> Int64? {
    var replay = ClockReplay(stream: stream.name)
    try replay.readClosings(log, transaction)
    for block in try log.blocks(of: stream, after: 0, limit: .max, transaction) {
      guard block.lastSeq <= seq else { break }
      replay.close(before: block.firstSeq)
      let facts = try log.facts(of: block, stream, paths: [], transaction)
      replay.advance(facts.source, to: try facts.watermarkNs())
    }
    replay.close(before: seq == .max ? seq : seq + 1)
    return replay.watermarkNs
  }
}
