import FileConnector
import Model
import Store

/// Small requests on their way, which become one batch where they come at the same time.
///
/// A batch has a price whatever is in it: a block that is encoded, proven, written, and merged with others later. So of what
/// comes for a target two batches are on their way at a time: one that is being written, and one that is next. What comes
/// meanwhile waits, and becomes the batch after these, as it would have waited for that commit anyway. A request that comes
/// alone is begun at once.
struct Gathering {
  /// A request that is here as a whole.
  struct Request: Sendable {
    var chunk: FileChunk
    var begin = ContinuousClock.now
    /// Called on a thread that must not be held up.
    var end: @Sendable (Result<RequestOutcome, any Error>) -> Void
  }

  /// Longer ones are worth a batch of their own, and workers parse them side by side.
  static let maxRequestBytes = 16 << 10
  /// Of a batch. The shortest document and what ends it are two bytes, of which the last of a request may lack the second: so
  /// with one more byte for each request a batch has no more documents than one block.
  static let maxBatchBytes = 2 * Limits.maxBlockEvents
  static let maxBatches = 2

  private struct Line {
    var waiting: [Request] = []
    /// Batches that are on their way.
    var batches = 0
  }

  private var lines: [IngestTarget: Line] = [:]

  /// Adds a request, and says whether a batch is to be begun now.
  mutating func add(_ request: Request, to target: IngestTarget) -> Bool {
    lines[target, default: Line()].waiting.append(request)
    guard lines[target]!.batches < Self.maxBatches else { return false }
    lines[target]!.batches += 1
    return true
  }

  /// The requests of a batch that was to be begun, in the order in which they came; none when others have taken them: then the
  /// batch has ended. O(requests that wait).
  mutating func take(of target: IngestTarget) -> [Request] {
    guard let waiting = lines[target]?.waiting else { return [] }
    var byteCount = 0
    let taken = waiting.prefix { request in
      byteCount += request.chunk.byteCount + 1
      return byteCount <= Self.maxBatchBytes
    }
    lines[target]!.waiting.removeFirst(taken.count)
    return Array(taken)
  }

  /// A batch has ended. Says whether another is to be begun in its place.
  mutating func end(of target: IngestTarget) -> Bool {
    guard let line = lines[target] else { return false }
    precondition(line.batches > 0, "more batches ended than were begun")
    if !line.waiting.isEmpty { return true }
    lines[target]!.batches -= 1
    if line.batches == 1 { lines[target] = nil }
    return false
  }
}

extension DocumentBatch {
  /// Appends the documents of a request, with their own positions, and says which part of the batch they are. O(bytes).
  mutating func append(_ request: DocumentBatch) -> RequestShare {
    var request = request
    let count = request.number(from: 0)
    let start = UInt32(bytes.count)
    bytes += request.bytes
    documents += request.documents.map { document in
      DocumentRange(
        start: start + document.start, byteCount: document.byteCount, position: document.position)
    }
    refused += request.refused
    endPosition = request.endPosition
    return RequestShare(
      documentCount: Int(count), refusedCount: request.refused.count,
      byteCount: request.bytes.count)
  }
}
