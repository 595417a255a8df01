import Synchronization

/// Hashes of the documents of the newest events, by their numbers. What is sent twice mostly comes again soon; then the
/// document that it may repeat need not be read back from its block.
///
/// The thread that commits notes the events of each block before it asks for any of them. So what is here of an event whose
/// commit failed is never asked for: its number is noted again first.
final class RecentDocuments: Sendable {
  /// Sixteen bytes each.
  static let capacity = 1 << 17

  private struct State {
    // An event's place is its number modulo the capacity.
    var seqs: [UInt64] = []
    var hashes: [UInt64] = []
  }

  private let state = Mutex(State())

  /// Notes the events from `firstSeq` on. O(events).
  func note(_ hashes: [UInt64], firstSeq: UInt64) {
    if hashes.isEmpty { return }
    state.withLock { state in
      if state.seqs.isEmpty {
        state.seqs = Array(repeating: 0, count: Self.capacity)
        state.hashes = Array(repeating: 0, count: Self.capacity)
      }
      for (index, hash) in hashes.enumerated() {
        let seq = firstSeq + UInt64(index)
        let place = Self.place(of: seq)
        (state.seqs[place], state.hashes[place]) = (seq, hash)
      }
    }
  }

  /// The hash of the document of event `seq`; nil when it is no recent one. O(1).
  func hash(of seq: UInt64) -> UInt64? {
    state.withLock { state in
      let place = Self.place(of: seq)
      guard place < state.seqs.count, state.seqs[place] == seq else { return nil }
      return state.hashes[place]
    }
  }

  private static func place(of seq: UInt64) -> Int { Int(seq % UInt64(capacity)) }
}
