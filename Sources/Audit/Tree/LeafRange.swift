import EventLog
import Merkle

/// The hashes of the leaves of some events, computed from their original bytes.
struct LeafRange {
  let seqs: ClosedRange<UInt64>
  private(set) var hashes: HashList
  /// Whether there is an event of each number.
  private(set) var isThere: [Bool]
  /// Numbers that more than one event has.
  private(set) var twice: [UInt64] = []
  /// What could not be read.
  private(set) var damages: [DamageError] = []

  /// O(bytes of the blocks that have these events).
  init(_ seqs: ClosedRange<UInt64>, of log: EventLog) throws {
    self.seqs = seqs
    hashes = HashList(repeatingZeros: seqs.count)
    isThere = Array(repeating: false, count: seqs.count)
    var data: [UInt8] = []
    try log.forEachLeafEvent(seqs) {
      damages.append($0)
    } _: { event in
      let place = Int(event.seq - seqs.lowerBound)
      if isThere[place] { twice.append(event.seq) }
      isThere[place] = true
      data.removeAll(keepingCapacity: true)
      data.append(0)
      Leaf(event).append(to: &data)
      hashes.replace(place, byPrefixedLeaf: data)
    }
  }

  /// Throws `DamageError` unless each event is there, once.
  func requireWhole() throws {
    if let damage = damages.first { throw damage }
    if let seq = twice.first { throw DamageError(what: "two events have a number", firstSeq: seq) }
    if let place = isThere.firstIndex(of: false) {
      throw DamageError(what: "an event is missing", firstSeq: seqs.lowerBound + UInt64(place))
    }
  }
}
