import LMDB

extension LogCheck {
  /// Compares the totals of each stream, and the entries of the block index, with the blocks. `names` are those of all
  /// streams there have ever been; nil when they are not known.
  mutating func checkTotals(
    _ streams: [(EventStream, StreamTotals)], _ names: [UInt32: String]?,
    _ transaction: borrowing ReadTransaction
  ) {
    let log = log
    for (stream, stored) in streams {
      let counted = totals[stream.definition.id] ?? StreamTotals()
      // The bytes of a block that could not be read are not known.
      let isSame =
        stored.events == counted.events && stored.facts == counted.facts
        && stored.originalBytes == counted.originalBytes
        && stored.minTimeNs == counted.minTimeNs && stored.maxTimeNs == counted.maxTimeNs
        && stored.widestBlockNs >= counted.widestBlockNs
        && (stored.blockBytes == counted.blockBytes || !isLogWhole)
      if !isSame { report.damages.append(DamageError(what: "totals of stream \(stream.name)")) }
    }
    guard let names else { return }
    _ = note {
      var cursor = try transaction.cursor(log.tables.totals)
      while try cursor.next() {
        let id = Key.uint32(in: cursor.key, at: 0) ?? 0
        if cursor.key.byteCount != 4 || names[id] == nil {
          throw DamageError(what: "totals of an unknown stream \(id)")
        }
      }
    }
    if !isLogWhole { return }
    // Each block was found in the index; so what is more there is of none.
    for (name, table) in [("block index", log.tables.streams), ("index by time", log.tables.times)]
    {
      let (blocks, entries) = (report.blocks, note { try transaction.count(table) })
      if let entries, entries != blocks {
        report.damages.append(
          DamageError(what: "\(name): it has \(entries) entries, and there are \(blocks) blocks"))
      }
    }
  }
}
