import LMDB

extension EventLog {
  /// What has been merged since the log was opened, and why the last try failed, if it did.
  public var merging: MergeState { mergeState.withLock { $0 } }

  /// Merges as the plan says what is there now, in one step of some milliseconds. Whether there was anything to merge.
  func mergeNext(ofStream id: UInt32, _ merger: inout BlockMerger) throws -> Bool {
    let input: MergeInput? = try environment.read { transaction in
      guard let stream = try currentStreams(transaction).first(where: { $0.definition.id == id })
      else { return nil }
      let horizon = try StreamTotals.read(id, tables, transaction)?.prunedSeq ?? 0
      let blocks = try store.smallBlocks(atEndOf: id, after: horizon, transaction)
      guard let run = MergePlan.next(in: blocks) else { return nil }
      return try merger.read(Array(blocks[run]), of: stream, store, transaction)
    }
    releaseMemory()
    guard let input else { return false }
    let merged = try merger.merge(input)
    // The thread that merges is in the background: were it to hold the turn of commits, these would wait for it.
    return try commitQueue.withLock { $0 }?.perform { [self] in try replace(merged) } ?? false
  }

  /// Merges all neighbouring small blocks of all streams, as far as they can be. Calls `progress` with the share that is
  /// done. Blocks that cannot be read are passed over, and what is wrong with the first is returned. Throws
  /// `CancellationError` when `isCancelled` says so, between two steps. O(bytes of small blocks).
  @discardableResult
  public func compact(
    progress: (Double) -> Void = { _ in }, isCancelled: () -> Bool = { false }
  ) throws -> DamageError? {
    if mode == .readOnly { throw ReadOnlyError() }
    var merger = try BlockMerger()
    var damage: DamageError?
    let last = max(committedSeq, 1)
    for id in try environment.read({ try store.streamIds($0) }) {
      var next: UInt64 = 1
      while true {
        if isCancelled() { throw CancellationError() }
        guard let found = try nextRun(ofStream: id, after: next - 1, &merger) else { break }
        releaseMemory()
        do {
          // When it was merged by others meanwhile, it is looked at again.
          if try !replace(merger.merge(found.input.get())) { continue }
        } catch let error as DamageError {
          // A stream that was altered meanwhile has other blocks.
          if !isSame(found.stream) { continue }
          damage = damage ?? error
        }
        next = found.run[found.run.count - 1].lastSeq + 1
        progress(Double(min(next, last)) / Double(last))
      }
    }
    progress(1)
    return damage
  }

  /// The first blocks of a stream after event `seq` that can be made one, and what they have; nil when there are none.
  private func nextRun(
    ofStream id: UInt32, after seq: UInt64, _ merger: inout BlockMerger
  ) throws -> (stream: EventStream, run: [BlockSummary], input: Result<MergeInput, any Error>)? {
    try environment.read { transaction in
      guard let stream = try currentStreams(transaction).first(where: { $0.definition.id == id })
      else { return nil }
      let horizon = try StreamTotals.read(id, tables, transaction)?.prunedSeq ?? 0
      guard let run = try store.nextRun(ofStream: id, after: max(seq, horizon), transaction) else {
        return nil
      }
      do {
        return (stream, run, .success(try merger.read(run, of: stream, store, transaction)))
      } catch {
        return (stream, run, .failure(error))
      }
    }
  }

  /// Gives the room of free pages back to the file system, which may not be able to take it: then `failure` says why.
  /// `diskBytes` is what the file takes on the disk then. O(free pages).
  package func giveBackFreeRoom() throws -> (diskBytes: Int, failure: String?) {
    // Pages that the last commit has let go are kept for the one before it; two that change nothing let them go.
    for _ in 0..<2 {
      try environment.write {
        try $0.put(tables.meta, LogHead.key, LogHead.read(tables, $0.reading).encoded)
      }
    }
    do {
      let report = try environment.giveBackFreePages()
      return (report.diskBytesAfter, nil)
    } catch let error as LMDBError where error.code == .notSupported {
      return (environment.diskBytes, "\(error)")
    }
  }

  /// Puts a merged block in the place of those that it was made of, in a commit of its own. False when these are not
  /// what they were.
  private func replace(_ merged: MergedBlock) throws -> Bool {
    let id = merged.stream.definition.id
    return try commitTurn.withLock {
      let before = committed.withLock { $0 }
      let after: CommitState? = try environment.write { transaction in
        let now = try store.summaries(
          ofStream: id, from: merged.merged[0].firstSeq, limit: merged.merged.count,
          transaction.reading)
        guard now == merged.merged, isSame(merged.stream) else { return nil }
        var state = before
        try state.replace(merged, tables, &transaction)
        return state
      }
      guard let after else { return false }
      committed.withLock { $0 = after }
      mergeState.withLock {
        $0.merged += merged.merged.count
        $0.made += 1
      }
      return true
    }
  }

  /// Whether the stream is still what it was: one that was altered has other columns.
  private func isSame(_ stream: EventStream) -> Bool {
    if stream.definition.isSystem { return true }
    return self.stream(named: stream.name) === stream
  }
}

extension CommitState {
  fileprivate mutating func replace(
    _ merged: MergedBlock, _ tables: LogTables, _ transaction: inout WriteTransaction
  ) throws {
    let (stream, id) = (merged.stream, merged.stream.definition.id)
    try writeLearned(stream, tables, &transaction)
    try BlockStore(tables)
      .replace(merged.merged, by: merged.block, merged.pieces, &transaction)
    let before = merged.merged.reduce(0) { $0 + $1.byteCount }
    var changed = totals[id] ?? StreamTotals()
    let (low, high) = (merged.block.header.minTimeNs, merged.block.header.maxTimeNs)
    changed.widestBlockNs = max(changed.widestBlockNs, low.distance(toLater: high))
    changed.blockBytes = changed.blockBytes + UInt64(merged.block.bytes.count) - UInt64(before)
    totals[id] = changed
    try write(changed, id, tables, &transaction)
  }
}
