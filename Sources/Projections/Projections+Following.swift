import Bytes
import EventLog
import LMDB
import Model
import Threads

/// Cells in memory follow the log: blocks are folded many at a time, so that a cell is looked up once for many facts. That is
/// done by a thread of its own when there is enough of them, and by whoever asks for what they change: ADR 15.
extension Projections {
  /// Blocks are worth folding when they have about so many facts for each cell that they change.
  private static let factsOfACell = 32
  /// What merging a block's cell takes, counted in facts.
  private static let cellWork = 8
  /// Blocks that are listed at once.
  private static let maxListedBlocks = 4_096

  // MARK: When

  /// Has blocks folded if there are enough; waits while there are too many. To be called after a commit.
  func followIfDue() {
    let isDue = state.withLock { state in
      state.followedStreams.contains { state.unfolded[$0] ?? 0 >= dueFacts($0, state) }
    }
    let job = CellFollower.Job { [unowned self] in
      followDue()
    } isOverdue: { [unowned self] in
      isOverdue
    }
    guard isDue else {
      // Without a thread they are written when there are more.
      if isOverdue != nil { try? follower.watch(job) }
      return
    }
    do {
      try follower.wake(job)
    } catch {
      // Without a thread it is done here.
      return followDue()
    }
    follower.wait { [unowned self] in
      state.withLock { state in
        state.followedStreams.contains { state.unfolded[$0] ?? 0 > limits.unfoldedFacts }
      }
    }
  }

  /// Folds the blocks of all streams, and writes cells when that is due.
  private func followDue() {
    for id in followedStreams {
      // Between two batches others have their turn.
      while cellsTurn.withLock({ step(id, nil) }) {}
    }
    cellsTurn.withLock {
      let isOverdue = isOverdue ?? false
      guard isOverdue || isCheckpointDue else { return }
      do { try checkpoint() } catch { giveUp(error) }
      // What could not be written waits as long again.
      if isOverdue { noteWritten() }
    }
  }

  // MARK: How long events wait

  /// Whether committed events have waited for the cells on disk as long as they may; nil when none waits.
  private var isOverdue: Bool? {
    guard let sinceNs = state.withLock({ $0.unwrittenSinceNs }) else { return nil }
    // A clock that was set back does not put it off for longer.
    return abs(log.clock() - sinceNs) >= Int64(limits.unwrittenSeconds) * 1_000_000_000
  }

  /// Events that cells on disk still do not have wait from now on.
  func noteWritten() {
    let nowNs = log.clock()
    state.withLock { state in
      let isBehind = state.followedStreams.contains {
        state.unfolded[$0] ?? 0 > 0 || state.unwrittenWork[$0] ?? 0 > 0
      }
      state.unwrittenSinceNs = isBehind ? nowNs : nil
    }
  }

  /// Brings the cells of one KPI to the end of the log, to be read. O(facts not folded yet).
  func follow(kpi id: UInt64) { cellsTurn.withLock { followInTurn(kpi: id) } }

  /// The same if nobody else has the turn of cells.
  func followIfFree(kpi id: UInt64) { _ = cellsTurn.withLockIfFree { followInTurn(kpi: id) } }

  private func followInTurn(kpi id: UInt64) {
    if let streamId = state.withLock({ $0.kpis[id]?.streamId }) { follow(streamId, only: id) }
  }

  var followedStreams: [UInt32] { state.withLock { $0.followedStreams.sorted() } }

  // MARK: Folding

  /// Brings the cells of a stream's KPIs to the end of the log, or those of one of them. A KPI whose cells cannot follow is
  /// left without them. To be called by whoever has the turn of cells. O(facts not folded yet x KPIs).
  func follow(_ streamId: UInt32, only id: UInt64? = nil) {
    cellsTurn.require()
    while step(streamId, id) {}
  }

  /// Folds the next blocks, and writes cells that would take too much memory; false when there are no blocks.
  private func step(_ streamId: UInt32, _ id: UInt64?) -> Bool {
    guard fold(streamId, id) else { return false }
    // Of one KPI alone too little changes, and the others are behind.
    if id == nil { do { try makeRoom() } catch { giveUp(error) } }
    return true
  }

  private func fold(_ streamId: UInt32, _ id: UInt64?) -> Bool {
    // No more than pays, however much there is: the columns of fewer facts stay in a core's cache.
    let (unfolded, due) = state.withLock { ($0.unfolded[streamId] ?? 0, dueFacts(streamId, $0)) }
    let caches = state.withLock { state in
      state.kpis.compactMap { key, live in
        live.streamId == streamId && (id ?? key) == key ? live.cache : nil
      }
    }
    guard let mergedSeq = caches.map(\.mergedSeq).min(), let kpi = caches.first?.kpi else {
      return false
    }
    do {
      let batch: BlockBatch? = try log.environment.read { transaction in
        let stream = try log.stream(named: kpi.definition.stream, transaction)
        let blocks = try log.blocks(
          of: stream, after: mergedSeq, limit: Self.maxListedBlocks, transaction)
        let paths = caches.reduce(into: Set<Text>()) { $0.formUnion($1.kpi.paths) }
        return try blocks.batches(ofFacts: due).first.map {
          try BlockBatch($0, log, stream, paths: paths, transaction)
        }
      }
      guard let batch else {
        if id == nil { noteFolded(unfolded, streamId) }
        return false
      }
      let cells = try add(batch, to: caches.filter { $0.mergedSeq < batch.block.lastSeq })
      note(facts: batch.block.factCount * caches.count, cells: cells.reduce(0, +), streamId)
      if id == nil {
        noteFolded(min(unfolded, batch.block.factCount), streamId)
        noteDue(cells, streamId)
      }
      log.releaseMemory(above: Self.maxResidentFileBytes)
      return true
    } catch {
      for cache in caches where cache.mergedSeq == mergedSeq { fail(cache, error) }
      return false
    }
  }

  /// Folds a batch for each KPI, side by side; gives how many cells it has changed of each.
  private func add(_ batch: BlockBatch, to caches: [CellCache]) throws -> [Int] {
    @Sendable func add(_ cache: CellCache) -> Int {
      do {
        var block = batch.block
        block.firstSeq = max(block.firstSeq, cache.mergedSeq + 1)
        var cells = 0
        try BlockParts.forEach(batch.columns, cache.kpi, of: block) { part in
          cells += part.fold.count
          try log.environment.read { try cache.add(part, of: block, $0) }
        }
        cache.finish(block)
        return cells
      } catch {
        fail(cache, error)
        return 0
      }
    }
    var cells: [Int] = []
    try OrderedWork.forEach(caches, for: .ingest) {
      add($0)
    } take: {
      cells.append($0)
    }
    return cells
  }

  /// How many facts are worth folding together.
  private func dueFacts(_ streamId: UInt32, _ state: State) -> Int {
    state.dueFacts[streamId] ?? limits.batchFacts.lowerBound
  }

  private func noteFolded(_ facts: Int, _ streamId: UInt32) {
    state.withLock { state in
      state.unfolded[streamId] = max(0, (state.unfolded[streamId] ?? 0) - facts)
    }
  }

  /// The fewer facts each cell gets, the more are folded together.
  private func noteDue(_ cells: [Int], _ streamId: UInt32) {
    let (facts, bounds) = (Self.factsOfACell * (cells.max() ?? 0), limits.batchFacts)
    state.withLock {
      $0.dueFacts[streamId] = min(max(facts, bounds.lowerBound), bounds.upperBound)
    }
  }

  private func note(facts: Int, cells: Int, _ streamId: UInt32) {
    let work = facts + cells * Self.cellWork
    state.withLock { $0.unwrittenWork[streamId, default: 0] += work }
  }
}
