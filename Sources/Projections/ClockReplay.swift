import Bytes
import EventLog
import LMDB
import Model

/// Goes through the blocks and closings of a stream in the order of the log, to know its watermark at each.
struct ClockReplay {
  private let stream: String
  private var clock = StreamClock()
  /// Closings of sources that come after the last block.
  private var closings: ArraySlice<(seq: UInt64, closing: SourceClosing)> = []
  private var closingsSeq: UInt64 = 0

  init(stream: String) { self.stream = stream }

  var watermarkNs: Int64? { clock.watermarkNs }

  /// Learns the closings that were recorded since. O(closings).
  mutating func readClosings(
    _ log: EventLog, _ transaction: borrowing ReadTransaction
  ) throws {
    let found = try log.closings(ofStream: stream, after: closingsSeq, transaction)
    closings += found
    closingsSeq = found.last?.seq ?? closingsSeq
  }

  /// Applies the closings before event `seq`.
  mutating func close(before seq: UInt64) {
    while let (closedSeq, closing) = closings.first, closedSeq < seq {
      clock.close(closing.source, at: closing.reachNs, closedNs: closing.closedNs)
      closings.removeFirst()
    }
  }

  /// Applies a block.
  mutating func advance(_ arrival: BlockArrival) {
    clock.advance(arrival.source, to: arrival.reachNs, receivedNs: arrival.receivedNs)
  }
}

extension Projections {
  /// The times of a stream's facts and its watermark as they were after event `seq`. O(blocks).
  public func state(
    ofStream name: String, asOf seq: UInt64
  ) throws -> (timesNs: ClosedRange<Int64>?, watermarkNs: Int64?) {
    try log.environment.read { transaction in
      let stream = try log.stream(named: name, transaction)
      return (
        try log.times(of: stream, asOf: seq, transaction),
        try watermarkNs(of: stream, asOf: seq, transaction)
      )
    }
  }

  /// The stream's watermark as it was after event `seq`, as far as whole blocks have brought it. O(blocks).
  func watermarkNs(
    of stream: EventStream, asOf seq: UInt64, _ transaction: borrowing ReadTransaction
  ) throws -> Int64? {
    var replay = ClockReplay(stream: stream.name)
    try replay.readClosings(log, transaction)
    for block in try log.blocks(of: stream, after: 0, limit: .max, transaction) {
      guard block.lastSeq <= seq else { break }
      try Cancellation.check()
      replay.close(before: block.firstSeq)
      replay.advance(try log.arrival(of: block, transaction))
    }
    replay.close(before: seq == .max ? seq : seq + 1)
    return replay.watermarkNs
  }
}
