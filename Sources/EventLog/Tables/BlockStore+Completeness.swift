import LMDB

extension BlockStore {
  /// Throws ``DamageError`` when the index does not have as many of the stream's events and facts as its
  /// totals say: an entry was lost, or is under another stream's number, and a scan would pass over its
  /// block. O(blocks of the stream).
  func requireComplete(
    _ stream: EventStream, _ totals: StreamTotals?, _ transaction: borrowing ReadTransaction
  ) throws {
    let prefix = Key().appending(stream.definition.id)
    var (events, facts, nextSeq) = (UInt64(0), UInt64(0), UInt64(1))
    var cursor = try transaction.cursor(streams)
    var found = try cursor.seek(atOrAfter: prefix)
    while found, cursor.hasPrefix(prefix) {
      let summary = try BlockSummary(key: cursor.key, value: cursor.value)
      guard summary.firstSeq >= nextSeq, summary.eventCount > 0 else {
        throw DamageError(
          what: "block index of stream \(stream.name): a block begins within the one before",
          firstSeq: summary.firstSeq)
      }
      nextSeq = summary.lastSeq + 1
      events &+= UInt64(summary.eventCount)
      facts &+= UInt64(summary.factCount)
      found = try cursor.next()
    }
    let known = totals ?? StreamTotals()
    if events != known.events || facts != known.facts {
      throw DamageError(
        what:
          "block index of stream \(stream.name): it has \(events) events in \(facts) facts, and "
          + "the totals say \(known.events) in \(known.facts)")
    }
  }
}
