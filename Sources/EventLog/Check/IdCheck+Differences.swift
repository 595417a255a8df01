import LMDB

extension IdCheck {
  /// Entries that are looked at again, at most, unless one part has more: 40 bytes each.
  private static let maxCollected = 131_072
  /// Differences of a stream that are named one by one.
  private static let maxNamed = 10

  /// What differs between the index and the log, by stream; the first differences of each are named. To be called when
  /// all of both was added. O(streams) when nothing differs, else O(ids of the streams that do).
  func differences(
    _ store: BlockStore, _ transaction: borrowing ReadTransaction
  ) throws -> [DamageError] {
    var damages: [DamageError] = []
    for (_, known) in ids.sorted(by: { $0.key < $1.key })
    where known.isReadable && known.inLog != known.inIndex {
      damages += try differences(known, store, transaction)
    }
    return damages
  }

  private func differences(
    _ known: Ids, _ store: BlockStore, _ transaction: borrowing ReadTransaction
  ) throws -> [DamageError] {
    let name = "dedup index of stream \(known.stream.name)"
    var damages: [DamageError] = []
    if known.inIndex.count != known.inLog.count {
      damages.append(
        DamageError(
          what: "\(name): it has \(known.inIndex.count) entries, and the log "
            + "\(known.inLog.count) ids up to seq \(known.indexedSeq)"))
    }
    let (parts, isAll) = chosenParts(known)
    let differing = Self.differences(
      try collectLog(known, parts, store, transaction),
      try collectIndex(known, parts, transaction))
    damages += differing.prefix(Self.maxNamed).map {
      DamageError(what: "\(name)\($0.what)", firstSeq: $0.seq)
    }
    if !isAll || differing.count > Self.maxNamed {
      damages.append(DamageError(what: "\(name): more of its entries differ from the log's ids"))
    }
    return damages
  }

  /// Which parts are looked at again, by their numbers, and whether these are all that differ.
  private func chosenParts(_ known: Ids) -> (chosen: [Bool], isAll: Bool) {
    var chosen = Array(repeating: false, count: known.inLog.partCount)
    let differing = known.inLog.parts(differingFrom: known.inIndex)
    var count = 0
    for (number, part) in differing.enumerated() {
      count += known.inLog.count(ofPart: part) + known.inIndex.count(ofPart: part)
      if number > 0, count > Self.maxCollected { return (chosen, false) }
      chosen[part] = true
    }
    return (chosen, true)
  }

  /// An entry, and the run that has it; 0 for the log.
  private struct Collected {
    var entry: IdEntry
    var run: UInt32

    init(_ entry: IdEntry, run: UInt32 = 0) {
      self.entry = entry
      // Runs keep no more of it.
      self.entry.hash &= ~(UInt64.max >> UInt64(IdRunLayout.hashBits))
      self.run = run
    }

    static func isOrdered(_ left: Collected, _ right: Collected) -> Bool {
      (left.entry.seq, left.entry.hash, left.entry.partition)
        < (right.entry.seq, right.entry.hash, right.entry.partition)
    }
  }

  private func collectLog(
    _ known: Ids, _ chosen: [Bool], _ store: BlockStore,
    _ transaction: borrowing ReadTransaction
  ) throws -> [Collected] {
    let id = known.stream.definition.id
    var collected: [Collected] = []
    var next: UInt64 = 1
    while next <= known.indexedSeq {
      let summary = try store.summaries(ofStream: id, from: next, limit: 1, transaction).first
      guard let summary else { break }
      let block = try BlockIds(summary, of: known.stream, store, transaction)
      for row in 0..<block.count {
        guard let entry = known.entry(block, row), chosen[known.inLog.part(of: entry)] else {
          continue
        }
        collected.append(Collected(entry))
      }
      next = summary.lastSeq + 1
    }
    return collected.sorted(by: Collected.isOrdered)
  }

  private func collectIndex(
    _ known: Ids, _ chosen: [Bool], _ transaction: borrowing ReadTransaction
  ) throws -> [Collected] {
    var collected: [Collected] = []
    for run in index.runs[known.stream.definition.id] ?? [] {
      try index.forEachPage(of: run, transaction) { entries in
        for entry in entries where chosen[known.inIndex.part(of: entry)] {
          collected.append(Collected(entry, run: run.number))
        }
      }
    }
    return collected.sorted(by: Collected.isOrdered)
  }

  /// What is in one of the two only, by seq; both are in order.
  private static func differences(
    _ log: [Collected], _ index: [Collected]
  ) -> [(what: String, seq: UInt64)] {
    var missing: [Collected] = []
    var extra: [Collected] = []
    var next = 0
    var isTwice: Set<Int> = []
    for entry in log {
      while next < index.count, Collected.isOrdered(index[next], entry) {
        if next > 0, index[next - 1].entry == index[next].entry { isTwice.insert(extra.count) }
        extra.append(index[next])
        next += 1
      }
      if next < index.count, index[next].entry == entry.entry {
        next += 1
      } else {
        missing.append(entry)
      }
    }
    for place in index.indices[next...] {
      if place > 0, index[place - 1].entry == index[place].entry { isTwice.insert(extra.count) }
      extra.append(index[place])
    }
    let lost = Set(missing.map(\.entry.seq))
    let replaced = Set(extra.map(\.entry.seq)).intersection(lost)
    var found: [(what: String, seq: UInt64)] = []
    for one in missing where !replaced.contains(one.entry.seq) {
      found.append((": the id of this event is missing", one.entry.seq))
    }
    for (place, one) in extra.enumerated() {
      let what =
        if replaced.contains(one.entry.seq) {
          "the entry of this event is not of its id and time"
        } else if isTwice.contains(place) {
          "the entry of this event is there twice"
        } else {
          "an entry is of no event, or of no id that it has"
        }
      found.append((", run \(one.run): \(what)", one.entry.seq))
    }
    return found.sorted { $0.seq < $1.seq }
  }
}
