import Foundation
import LMDB
import Synchronization
import Zstd

/// What the thread of the queue of commits does.
extension EventLog {
  /// Commits what the queue hands out, which is in the order of the log.
  func commit(_ group: [CommitQueue.Item]) {
    // What was sequenced before the last failure is void; what was sequenced after it stands for itself.
    let epoch = sequencer.withLock { $0.epoch }
    for item in group where item.batch.epoch != epoch {
      item.completion.finish(.failure(EarlierCommitFailedError()))
    }
    let items = group.filter { $0.batch.epoch == epoch }
    if items.isEmpty { return }
    do {
      for item in items { _ = try item.block.get() }
    } catch {
      return fail(items, error)
    }
    do {
      for item in try write(items) {
        item.completion.finish(.success(AppendResult(item.batch, try item.block.get())))
      }
    } catch {
      fail(items, error)
    }
  }

  /// Commits `items` in one transaction; gives them with what the commit has found out about them.
  private func write(_ items: [CommitQueue.Item]) throws -> [CommitQueue.Item] {
    let compressor = try ZstdCompressor(level: 1)
    let participants = participants
    let (after, done) = try participants.inTurn {
      commitTurn.lock()
      defer { commitTurn.unlock() }
      let before = committed.withLock { $0 }
      let written = try environment.write { transaction in
        var state = before
        state.altered = [:]
        var done: [CommitQueue.Item] = []
        for participant in participants.all { participant.begin() }
        try state.index.deleteLeftovers(batches: items.count, &transaction)
        for var item in items {
          item.batch.duplicates = try state.write(
            item.batch, try item.block.get(), item.stream, tables, compressor, participants,
            recentDocuments, &transaction)
          releaseMemory()
          done.append(item)
        }
        for participant in participants.all { try participant.finish(&transaction) }
        return (state, done)
      }
      precondition(
        written.0.head.nextSeq >= before.head.nextSeq
          && written.0.head.nextLedgerPage >= before.head.nextLedgerPage,
        "a commit takes back numbers of events or of pages of the ledger")
      committed.withLock { $0 = written.0 }
      // Within the turn, lest a block that was merged for the stream of before is stored.
      for (id, stream) in written.0.altered { exchange(id, for: stream) }
      for participant in participants.all { participant.committed() }
      return written
    }
    sequencer.withLock { sequencer in
      for item in done {
        sequencer.committed(
          ticket: item.batch.ticket, flushes: item.batch.flushes, index: after.index)
        if let alteration = item.batch.envelope.alters {
          sequencer.altered(alteration.streamId, readsAnew: alteration.readsAnew)
        }
      }
    }
    observers.didCommit(through: after.head.nextSeq - 1)
    let grown = done.filter { $0.batch.eventCount > 0 }.map(\.stream.definition.id)
    merger.withLock { $0 }?.didCommit(blocksOf: grown)
    return done
  }

  /// Makes `stream` what the catalogue has under a number; nil when it was dropped.
  private func exchange(_ id: UInt32, for stream: EventStream?) {
    catalogue.withLock { catalogue in
      guard let index = catalogue.streams.firstIndex(where: { $0.definition.id == id }) else {
        return
      }
      if let stream {
        catalogue.streams[index] = stream
      } else {
        catalogue.streams.remove(at: index)
      }
    }
  }

  /// Nothing of `items` is in the log. What was sequenced after them has numbers that now will not be, so it
  /// fails as well, and the sequencer starts again from what is on disk.
  private func fail(_ items: [CommitQueue.Item], _ error: any Error) {
    let durable = committed.withLock { $0 }
    sequencer.withLock { $0.reset(head: durable.head, index: durable.index) }
    for item in items {
      // A refusal is that of the alteration only.
      let isOthers = error is StreamAlterationError && item.batch.envelope.alters == nil
      item.completion.finish(.failure(isOthers ? EarlierCommitFailedError() : error))
    }
  }
}
