import LMDB
import Model

extension EventLog {
  /// A time that no fact of the stream's events after event `seq` is before; nil when there are no such events. Merged blocks
  /// may have earlier facts of before. Throws ``UnknownStreamError``. O(blocks of these events).
  package func earliestTime(ofStream name: String, after seq: UInt64) throws -> Int64? {
    try environment.read { transaction in
      let stream = try stream(named: name, transaction)
      return try store.summaries(ofStream: stream.definition.id, from: seq + 1, transaction)
        .lazy.filter { $0.lastSeq > seq }.map(\.minTimeNs).min()
    }
  }

  /// The least and the greatest time of the facts that a stream had after event `seq`; nil when it had none. O(log n), and
  /// the times of the block that has events before and after.
  package func times(
    of stream: EventStream, asOf seq: UInt64, _ transaction: borrowing ReadTransaction
  ) throws -> ClosedRange<Int64>? {
    try requireComplete(stream, transaction)
    let id = stream.definition.id
    guard let block = try store.lastBlock(ofStream: id, beginningBy: seq, transaction) else {
      return nil
    }
    if block.lastSeq <= seq { return block.timesSoFarNs }
    let before = try store.lastBlock(ofStream: id, beginningBy: block.firstSeq - 1, transaction)
    var range = before?.timesSoFarNs
    let facts = try facts(of: StoredBlock(block), stream, paths: [], transaction)
    let (times, events) = (try facts.times(), facts.events())
    func add(_ time: Int64) {
      range = min(time, range?.lowerBound ?? time)...max(time, range?.upperBound ?? time)
    }
    for fact in times.indices where facts.seqs[events.map { Int($0[fact]) } ?? fact] <= seq {
      add(times[fact])
    }
    // A block's times are those of its events as well.
    for (event, time) in try facts.eventTimes().enumerated() where facts.seqs[event] <= seq {
      add(time)
    }
    return range
  }
}
