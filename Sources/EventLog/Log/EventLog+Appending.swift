import Foundation
import LMDB
import Model
import Synchronization
import Threads

/// The way of a batch until it waits for its commit.
extension EventLog {
  /// Gives `parsed` its place in the log. Batches are committed in the order of these calls; each has to be
  /// passed to ``submit(_:_:_:)`` after.
  ///
  /// With the `epoch` of a batch that this one has to follow, throws ``EarlierCommitFailedError`` when a commit
  /// has failed since: that batch may be lost, and this one must not be stored without it.
  func sequence(
    _ parsed: consuming ParsedBatch, of stream: EventStream, _ hits: IndexHits, source: String,
    actor: String, turning turns: [SourceTurn] = [], altering alteration: Alteration? = nil,
    progress: SourceProgress? = nil, request: RequestMark? = nil, epoch: Int? = nil
  ) throws -> SequencedBatch {
    for name in [source, actor] where name.utf8.count > Limits.maxSourceNameBytes {
      throw SourceNameError(byteCount: name.utf8.count)
    }
    try progress?.check()
    let envelope = Envelope(
      source: source, actor: actor, receivedNs: clock(), progress: progress,
      request: request, turns: turns, alters: alteration)
    let id = stream.definition.id
    let batch = parsed
    return try sequencer.withLock { sequencer in
      if let epoch, epoch != sequencer.epoch { throw EarlierCommitFailedError() }
      if !isCurrent(stream.definition) || sequencer.isAltering(id) {
        throw StreamAlteredError(name: stream.name)
      }
      let (totals, clock) = committed.withLock {
        ($0.totals[id] ?? StreamTotals(), $0.clock(ofStream: id))
      }
      return try environment.read { transaction in
        for key in turns.map(\.key) {
          sequencer.prepare(
            toTurn: key, try SourceState.find(key.streamId, key.name, tables, transaction),
            committed.withLock { $0.clock(ofStream: key.streamId) })
        }
        let state = try SourceState.find(id, source, tables, transaction)
        return try sequencer.sequence(
          batch, of: stream, envelope, hits, totals: totals, clock: clock, sourceState: state,
          transaction)
      }
    }
  }

  /// Whether the stream is still as `definition` says; so are the log's own, and one that could not be made.
  package func isCurrent(_ definition: StreamDefinition) -> Bool {
    if definition.id == 0 || definition.isSystem { return true }
    return catalogue.withLock { catalogue in
      catalogue.streams.contains {
        $0.definition.id == definition.id && $0.definition.version == definition.version
      }
    }
  }

  /// Waits while the stream is being altered, which may take as long as its documents are read anew.
  func awaitAlteration(of streamId: UInt32) {
    guard sequencer.withLock({ $0.isAltering(streamId) }) else { return }
    WorkerPool.shared.blocking { defining.withLock {} }
  }

  /// What the dedup index says of the batch's ids now: the long part of sequencing, done before the batch has
  /// its turn.
  func lookUp(_ parsed: borrowing ParsedBatch) -> IndexHits {
    if parsed.definition.idPaths.isEmpty { return IndexHits() }
    let index = sequencer.withLock { $0.index }
    var hits = IndexHits()
    do {
      try environment.read {
        try index.lookUp(parsed, filters, $0, into: &hits, afterRun: { releaseMemory() })
      }
      return hits
    } catch {
      // A run may be gone already. With its turn the batch finds out, or meets the damage that there is.
      return IndexHits()
    }
  }

  /// Hands a sequenced batch with its block to the queue of commits.
  func submit(
    _ batch: BatchPlace, _ block: Result<EncodedBlock?, any Error>, _ stream: EventStream
  ) throws -> PendingAppend {
    let completion = PendingAppend()
    guard let queue = commitQueue.withLock({ $0 }) else { throw ReadOnlyError() }
    queue.submit(
      CommitQueue.Item(batch: batch, block: block, stream: stream, completion: completion))
    return completion
  }

  /// Calls `body` when all batches of the stream that had a place are committed, and while no other gets one.
  func holdingOff<R>(_ streamId: UInt32, _ body: () throws -> R) throws -> R {
    sequencer.withLock { $0.holdOff(streamId) }
    do {
      // A batch of nothing is committed after all that came before it.
      _ = try withAppender {
        try $0.append(
          DocumentBatch(bytes: [], documents: [], endPosition: 0), to: system(.catalogue),
          source: "nilo", actor: "nilo")
      }
      return try body()
    } catch {
      sequencer.withLock { $0.letGo(streamId) }
      throw error
    }
  }
}

/// The name of a source or an actor is too long.
public struct SourceNameError: Error, Equatable, CustomStringConvertible {
  public var byteCount: Int
  public var description: String {
    "the name of a source or an actor may have \(Limits.maxSourceNameBytes) bytes, "
      + "this one has \(byteCount)"
  }
}
