import LMDB
import Model

extension EventLog {
  /// The least and the greatest time of the facts that a stream had after event `seq`; nil when it had none. O(blocks),
  /// and the times of the block that has the event.
  package func times(
    of stream: EventStream, asOf seq: UInt64, _ transaction: borrowing ReadTransaction
  ) throws -> ClosedRange<Int64>? {
    var range: ClosedRange<Int64>?
    func add(_ low: Int64, _ high: Int64) {
      range = min(low, range?.lowerBound ?? low)...max(high, range?.upperBound ?? high)
    }
    for block in try blocks(of: stream, after: 0, limit: .max, transaction) {
      if block.firstSeq > seq { break }
      if block.lastSeq <= seq {
        add(block.minTimeNs, block.maxTimeNs)
        continue
      }
      let facts = try facts(of: block, stream, paths: [], transaction)
      let times = try facts.times()
      let events = facts.events()
      for fact in times.indices
      where facts.seqs[events.map { Int($0[fact]) } ?? fact] <= seq {
        add(times[fact], times[fact])
      }
    }
    return range
  }
}
