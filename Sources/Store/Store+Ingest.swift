import EventLog
import Foundation
import Model

/// What became of the documents of a long source.
public struct IngestSummary: Sendable, Equatable {
  public var accepted: UInt64 = 0
  public var duplicates: UInt64 = 0
  /// Duplicates whose documents differ from those of the events they repeat.
  public var differing: UInt64 = 0
  /// Documents that are no events, with those that the connector refused.
  public var rejected: UInt64 = 0
  public var late: UInt64 = 0
  /// Events too far ahead to say how far time has got.
  public var ahead: UInt64 = 0
  /// The first and the last event that was accepted; nil when none was.
  public var firstSeq: UInt64?
  public var lastSeq: UInt64?
  /// Bytes of the accepted documents.
  public var bytes: UInt64 = 0
  /// The first rejections, for a message; all are on the ledger.
  public var firstRejections: [Rejection] = []

  /// A document that is no event.
  public struct Rejection: Sendable, Equatable {
    /// Where it stands in its source, as its batch says: a byte offset of a file, a place in a list.
    public var position: Int64
    public var reason: String
  }

  static let maxRejectionsShown = 5

  /// Of nothing yet.
  public init() {}

  /// Adds what became of the documents of another source, after these.
  public mutating func add(_ next: IngestSummary) {
    accepted += next.accepted
    duplicates += next.duplicates
    differing += next.differing
    rejected += next.rejected
    late += next.late
    ahead += next.ahead
    firstSeq = firstSeq ?? next.firstSeq
    lastSeq = next.lastSeq ?? lastSeq
    bytes += next.bytes
  }

  /// All that came, whatever became of it.
  public var documents: UInt64 { accepted + duplicates + rejected }

  /// Adds what became of the next batch: to be called in the order of the log, which `lastSeq` and the first rejections
  /// go by.
  public mutating func add(_ result: AppendResult) {
    accepted += UInt64(result.accepted)
    duplicates += UInt64(result.duplicates.count)
    differing += UInt64(result.duplicates.count { $0.isDifferent })
    rejected += UInt64(result.rejected.count)
    late += UInt64(result.late.count)
    ahead += UInt64(result.ahead.count)
    firstSeq = firstSeq ?? result.firstSeq
    lastSeq = result.lastSeq ?? lastSeq
    bytes += result.acceptedBytes
    for rejected in result.rejected.prefix(Self.maxRejectionsShown - firstRejections.count) {
      firstRejections.append(Rejection(position: rejected.position, reason: rejected.reason))
    }
  }
}

extension Store {
  /// Whether an error says that the disk has no room, or does not read or write.
  public static func isFailureOfDisk(_ error: any Error) -> Bool {
    EventLog.isFailureOfDisk(error)
  }

  /// Whether an error says that another process has the store open for writing.
  public static func isInUse(_ error: any Error) -> Bool { EventLog.isInUse(error) }

  /// Appends all batches of a source, in order, with the stages side by side: `next` reads on the calling
  /// thread; each batch it gives is cut into documents, parsed and encoded on one of the worker threads; one
  /// thread commits. Returns when all is durable. When `next` or a commit throws, what was committed
  /// before stays, and the error is thrown after `progress` was told of it.
  ///
  /// Memory is bounded: ``IngestPipeline/maxInFlight`` batches are on their way at a time.
  ///
  /// Other sources of the stream that have brought nothing for ``idleNs`` are closed first; see ``closeSources(_:of:)``.
  public func ingest(
    into stream: String, options: StreamOptions = StreamOptions(), source: String,
    actor: String = "", progress: (IngestSummary) -> Void = { _ in },
    next: () throws -> (@Sendable () -> DocumentBatch)?
  ) throws -> IngestSummary {
    if let known = log.stream(named: stream) {
      try log.closeIdleSources(of: known, idleNs: Self.idleNs)
    }
    var summary = IngestSummary()
    var pipeline: IngestPipeline?
    var failure: (any Error)?
    func take(_ outcomes: [IngestPipeline.Outcome]) throws {
      for outcome in outcomes {
        summary.add(try outcome.get())
        progress(summary)
      }
    }
    do {
      while let batch = try next() {
        if let pipeline {
          try pipeline.push(batch)
          try take(pipeline.pop())
          continue
        }
        // The first document that can be an event decides what a new stream is like; until then there
        // are only rejections.
        let first = batch()
        if let target = try log.stream(named: stream, options, detectingFrom: first) {
          let begun = IngestPipeline(log, target, source: source, actor: actor)
          pipeline = begun
          try begun.push { first }
        } else {
          // The same documents may come again, with options that make events of them.
          var rejected = first
          rejected.progress = nil
          summary.add(
            try append(rejected, to: stream, options: options, source: source, actor: actor))
          progress(summary)
        }
      }
    } catch {
      failure = error
    }
    while let outcome = pipeline?.next() {
      do { try take([outcome]) } catch { failure = failure ?? error }
    }
    if let failure { throw failure }
    return summary
  }
}
