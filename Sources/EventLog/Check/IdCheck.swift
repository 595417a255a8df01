import LMDB

/// Compares the dedup index with the ids in the log: each event that has an id, up to the stream's indexed seq, has to
/// have one entry, of its hash, its seq and its partition, and there must be no other.
///
/// Both are read once, and summed up (``IdFingerprint``). Only when they differ are the entries that make the difference
/// looked for, in as many parts as memory allows. Memory: a byte for each 256 entries.
struct IdCheck {
  /// A stream's ids, as the log and as the index has them.
  struct Ids {
    let stream: EventStream
    /// The index has no ids of later events: those are in the writer's memory.
    let indexedSeq: UInt64
    let partitionNs: Int64
    var inLog: IdFingerprint
    var inIndex: IdFingerprint
    /// Whether all of its ids and runs could be read.
    var isReadable = true

    /// What the index has to have of event `row` of a block; nil when that has no id, or is not indexed yet.
    func entry(_ block: BlockIds, _ row: Int) -> IdEntry? {
      let seq = block.seqs[row]
      guard seq <= indexedSeq, let hash = block.hash(row) else { return nil }
      return IdEntry(
        hash: hash, seq: seq, partition: block.times[row].flooredQuotient(partitionNs))
    }
  }

  let index: DedupIndex
  /// By the streams' numbers; those without dedup id are not among them.
  private(set) var ids: [UInt32: Ids] = [:]

  /// `streams` are all there are, as their records say.
  init(_ index: DedupIndex, _ streams: [(EventStream, StreamTotals)]) {
    self.index = index
    for (stream, totals) in streams where !stream.definition.idPaths.isEmpty {
      let runs = index.runs[stream.definition.id] ?? []
      let none = IdFingerprint(entryCount: runs.reduce(0) { $0 &+ $1.entryCount })
      ids[stream.definition.id] = Ids(
        stream: stream, indexedSeq: totals.indexedSeq,
        partitionNs: DedupIndex.partitionNs(stream.definition), inLog: none, inIndex: none,
        isReadable: totals.prunedSeq == 0)
    }
  }

  /// Takes note of the ids of a block. O(block's ids).
  mutating func add(_ reader: BlockReader) throws {
    let id = reader.header.streamId
    guard reader.header.firstSeq <= ids[id]?.indexedSeq ?? 0 else { return }
    // Taken out, lest its parts are copied with each block.
    guard var known = ids.removeValue(forKey: id) else { return }
    defer { ids[id] = known }
    let block = try BlockIds(reader, of: known.stream)
    for row in 0..<block.count {
      if let entry = known.entry(block, row) { known.inLog.add(entry) }
    }
  }

  /// Takes note of all entries of the index; calls `damaged` for what cannot be read, or belongs to no stream.
  /// O(entries).
  mutating func addIndex(
    _ transaction: borrowing ReadTransaction, damaged: (DamageError) -> Void
  ) throws {
    for run in index.runs.values.joined().sorted(by: { $0.number < $1.number }) {
      guard var known = ids.removeValue(forKey: run.streamId) else {
        damaged(
          DamageError(
            what: "dedup index, run \(run.number): of stream \(run.streamId), which has no dedup id"
          ))
        continue
      }
      defer { ids[run.streamId] = known }
      do {
        try index.forEachPage(of: run, transaction) { entries in
          for entry in entries { known.inIndex.add(entry) }
        }
      } catch let damage as DamageError {
        damaged(damage)
        known.isReadable = false
      }
    }
  }
}

extension DedupIndex {
  /// Calls `body` with the entries of each page of `run`, in order. Throws ``DamageError`` for a page that is not what
  /// was written, or could not have been. O(entries).
  func forEachPage(
    of run: IdRun, _ transaction: borrowing ReadTransaction, _ body: ([IdEntry]) -> Void
  ) throws {
    var count = 0
    var entries: [IdEntry] = []
    for page in 0..<run.layout.pageCount {
      let filter = try filter(page, of: run, transaction)
      let detail = try detail(page, of: run, count: filter.count, transaction)
      entries.removeAll(keepingCapacity: true)
      filter.append(
        run.layout.hashes(ofPage: page), page: page, partition: run.partition, detail,
        to: &entries)
      // A lookup relies on the order, and passes over runs by their seqs.
      let isInOrder = zip(entries, entries.dropFirst()).allSatisfy { $0.hash <= $1.hash }
      let seqs = run.minSeq...run.maxSeq
      guard isInOrder, entries.count == filter.count,
        entries.allSatisfy({ seqs.contains($0.seq) })
      else { throw damage(run, page) }
      count += entries.count
      body(entries)
    }
    if count != run.entryCount { throw damage(run, 0) }
  }
}
