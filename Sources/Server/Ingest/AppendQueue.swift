import FileConnector
import Model
import NIOCore
import Store
import Synchronization

/// Appends what requests bring: parsed and encoded on threads that block, durable together with what others bring at the
/// same time. Bounded by the bytes that are on their way.
final class AppendQueue: Sendable {
  /// A batch that has its place in the log.
  struct Pending {
    var result: EventLoopFuture<AppendResult>
    /// The documents of the batch, those that could not be cut among them.
    var documentCount: Int64
  }

  private let store: Store
  private let file: StoreFile
  private let pool: BlockingPool
  private let maxBytes: Int
  private let metrics: Metrics
  private let bytes = Atomic<Int>(0)
  private let gathering = Mutex(Gathering())

  init(_ store: Store, _ file: StoreFile, pool: BlockingPool, maxBytes: Int, metrics: Metrics) {
    (self.store, self.file) = (store, file)
    (self.pool, self.maxBytes, self.metrics) = (pool, maxBytes, metrics)
  }

  /// Bytes of documents that are being appended, or held until more of them has come.
  var bytesOnTheirWay: Int { bytes.load(ordering: .relaxed) }

  /// Throws a ``Problem`` of kind `tooBusy` when there is more to do than can be done soon, and of kind `diskFull` when the
  /// store's file is gone.
  func admit() throws(Problem) {
    try file.require()
    guard bytesOnTheirWay < maxBytes else { throw tooBusy }
  }

  private var tooBusy: Problem {
    var problem = Problem(
      .tooBusy,
      "\(bytesOnTheirWay) bytes of documents are waiting (limits.pending_bytes); send again in a moment"
    )
    problem.retryAfterSeconds = 1
    return problem
  }

  /// What a request holds of its body before it can be appended, counted with what is on its way.
  final class Holding: Sendable {
    private let queue: AppendQueue
    private let bytes = Atomic<Int>(0)

    fileprivate init(_ queue: AppendQueue) { self.queue = queue }

    deinit { queue.bytes.subtract(bytes.load(ordering: .relaxed), ordering: .relaxed) }

    /// Throws a ``Problem`` of kind `tooBusy` when all requests together hold too much; never to one that holds more than
    /// it did while no other has anything on its way, which would not do better later.
    func set(_ count: Int) throws(Problem) {
      let before = bytes.exchange(count, ordering: .relaxed)
      let all = queue.bytes.add(count - before, ordering: .relaxed).newValue
      if count > before, all > queue.maxBytes, all > count { throw queue.tooBusy }
    }
  }

  /// To be kept as long as the body is read.
  func hold() -> Holding { Holding(self) }

  /// Runs `body` on a thread that may block.
  func run<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try await pool.run(body)
  }

  /// What became of a request that was marked; nil when nothing is known of it.
  func receipt(ofRequest name: String) async throws -> RequestReceipt? {
    try await pool.run { [store] in try store.receipt(ofRequest: name) }
  }

  /// Gives a chunk its place in the log, and returns before it is durable. Its documents are numbered from `firstIndex` on,
  /// in their order within the request: that is their position in the source. Chunks of a request are begun one after the
  /// other. With the chunk goes `progress`.
  func begin(
    _ chunk: FileChunk, of target: IngestTarget, firstIndex: Int64,
    progress: SourceProgress?, on eventLoop: any EventLoop
  ) async throws -> Pending {
    let size = chunk.byteCount
    let begin = ContinuousClock.now
    bytes.add(size, ordering: .relaxed)
    let promise = eventLoop.makePromise(of: AppendResult.self)
    do {
      let count = try await pool.run { [self] in
        var batch = chunk.documents()
        let count = batch.number(from: firstIndex)
        batch.progress = progress
        try append(batch, to: target, size, begin, promise)
        return count
      }
      return Pending(result: promise.futureResult, documentCount: count)
    } catch {
      bytes.subtract(size, ordering: .relaxed)
      promise.fail(error)
      throw error
    }
  }

  /// Appends the one chunk of a small request, in a batch with others that come at the same time, and waits until it is
  /// durable. Throws what appending does, and `CancellationError` when the server has stopped.
  func appendGathered(_ chunk: FileChunk, to target: IngestTarget) async throws -> RequestOutcome {
    bytes.add(chunk.byteCount, ordering: .relaxed)
    return try await withCheckedThrowingContinuation { continuation in
      let request = Gathering.Request(chunk: chunk) { continuation.resume(with: $0) }
      let isDue = gathering.withLock { $0.add(request, to: target) }
      if isDue { beginGathered(target) }
    }
  }

  /// Whether ``appendGathered(_:to:)`` takes it. The first documents of a stream, which say what it is like, are those of one
  /// request.
  func canGather(_ chunk: FileChunk, to target: IngestTarget) -> Bool {
    chunk.byteCount <= Gathering.maxRequestBytes && store.definition(of: target.stream) != nil
  }

  private func beginGathered(_ target: IngestTarget) {
    pool.submit { [self] isActive in
      let requests = gathering.withLock { $0.take(of: target) }
      var batch = DocumentBatch(bytes: [], documents: [], endPosition: 0)
      let shares = requests.map { batch.append($0.chunk.documents()) }
      @Sendable func end(_ result: Result<AppendResult, any Error>) {
        let outcomes = result.map { RequestOutcome.outcomes($0, of: shares) }
        for (index, request) in requests.enumerated() {
          bytes.subtract(request.chunk.byteCount, ordering: .relaxed)
          metrics.appendSeconds.add(.now - request.begin)
          request.end(outcomes.map { $0[index] })
        }
        if gathering.withLock({ $0.end(of: target) }) { beginGathered(target) }
      }
      if requests.isEmpty { return end(.success(AppendResult())) }
      do {
        guard isActive else { throw CancellationError() }
        try store.append(
          batch, to: target.stream, options: target.options, source: target.source,
          actor: target.actor, whenDurable: end)
      } catch {
        end(.failure(error))
      }
    }
  }

  /// Gives batches of several streams their places, and returns before they are durable: a result for each. One that can
  /// have no place fails alone.
  func begin(
    _ batches: [StreamBatch], source: String, actor: String, on eventLoop: any EventLoop
  ) async throws -> [EventLoopFuture<AppendResult>] {
    let begin = ContinuousClock.now
    return try await pool.run { [self] in
      batches.map { batch in
        let promise = eventLoop.makePromise(of: AppendResult.self)
        let size = batch.documents.bytes.count
        bytes.add(size, ordering: .relaxed)
        let target = IngestTarget(
          stream: batch.stream, source: source, actor: actor, options: batch.options)
        do {
          try append(batch.documents, to: target, size, begin, promise)
        } catch {
          bytes.subtract(size, ordering: .relaxed)
          promise.fail(error)
        }
        return promise.futureResult
      }
    }
  }

  /// To be called on a thread that may block. Keeps the promise unless it throws, and gives back `size` then.
  private func append(
    _ batch: DocumentBatch, to target: IngestTarget, _ size: Int, _ begin: ContinuousClock.Instant,
    _ promise: EventLoopPromise<AppendResult>
  ) throws {
    try store.append(
      batch, to: target.stream, options: target.options, source: target.source,
      actor: target.actor
    ) { [self] result in
      bytes.subtract(size, ordering: .relaxed)
      metrics.appendSeconds.add(.now - begin)
      promise.completeWith(result)
    }
  }
}

/// Documents of one of several streams.
struct StreamBatch: Sendable {
  var stream: String
  /// What the stream is to be, if there is none yet.
  var options: StreamOptions
  var documents = DocumentBatch(bytes: [], documents: [], endPosition: 0)
}

/// Where the documents of a request go.
struct IngestTarget: Sendable, Hashable {
  var stream: String
  var source: String
  var actor: String
  /// What the stream is to be, if there is none yet.
  var options = StreamOptions()

  func hash(into hasher: inout Hasher) {
    hasher.combine(stream)
    hasher.combine(source)
    hasher.combine(actor)
  }
}

extension DocumentBatch {
  /// Numbers the documents, and those that could not be cut, in their order from `first` on, and returns how many they are.
  mutating func number(from first: Int64) -> Int64 {
    var index = first
    var next = 0
    for place in documents.indices {
      while next < refused.count, refused[next].position < documents[place].position {
        refused[next].position = index
        (index, next) = (index + 1, next + 1)
      }
      documents[place].position = index
      index += 1
    }
    while next < refused.count {
      refused[next].position = index
      (index, next) = (index + 1, next + 1)
    }
    endPosition = index
    return index - first
  }
}
