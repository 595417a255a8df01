import FileConnector
import Hummingbird
import LineProtocol
import NIOCore
import Store

/// `POST /write`, `/api/v2/write` and `/api/v3/write_lp`: lines of the line protocol, durable before the answer says so.
struct WriteEndpoint: Sendable {
  let store: Store
  let queue: AppendQueue
  let pool: BlockingPool
  let settings: ServerSettings
  let clock: @Sendable () -> Int64

  /// Chunks of one request that are on their way at a time.
  private static let maxPending = 3
  /// What is held of a request of which all is to be stored or nothing.
  private static let maxHeldBytes = 32 << 20

  func v1(_ request: Request, _ context: ServerContext) async throws -> Response {
    try await write(.v1, request, context)
  }

  func v2(_ request: Request, _ context: ServerContext) async throws -> Response {
    try await write(.v2, request, context)
  }

  func v3(_ request: Request, _ context: ServerContext) async throws -> Response {
    try await write(.v3, request, context)
  }

  /// 204, or a ``Problem``: agents take nothing else for success.
  private func write(
    _ api: InfluxAPI, _ request: Request, _ context: ServerContext
  ) async throws -> Response {
    let write = try WriteRequest(request, api)
    let body = try IngestBody(request, format: .ndjson)
    try queue.admit()
    let reading = LineReading(
      parser: LineParser(unit: write.unit), naming: settings.influxStream,
      database: write.database, nowNs: clock())
    var chunks = LineChunks(
      body, BodyDeadline(seconds: settings.limits.requestSeconds), queue.hold())
    let outcome =
      write.acceptsPartial
      ? await append(&chunks, reading, context) : await appendAll(&chunks, reading, context)
    if let problem = outcome.problem(write) { throw problem }
    return Response(status: .noContent)
  }

  /// Appends the lines as they arrive.
  private func append(
    _ chunks: inout LineChunks, _ reading: LineReading, _ context: ServerContext
  ) async -> WriteOutcome {
    var outcome = WriteOutcome()
    var made = newStreams
    var pending: [PendingLines] = []
    do {
      while let chunk = try await chunks.next() {
        let batches = try await pool.run { PointBatches(chunk, reading) }
        try made.admit(batches.batches)
        pending.append(try await begin(batches, reading, context))
        while pending.count >= Self.maxPending { await pending.removeFirst().end(&outcome) }
      }
    } catch {
      outcome.add(error)
    }
    for one in pending { await one.end(&outcome) }
    return outcome
  }

  /// Appends the lines once all are read, unless one of them is none.
  private func appendAll(
    _ chunks: inout LineChunks, _ reading: LineReading, _ context: ServerContext
  ) async -> WriteOutcome {
    var outcome = WriteOutcome()
    do {
      var held: [PointBatches] = []
      var byteCount = 0
      while let chunk = try await chunks.next() {
        byteCount += chunk.text.count
        guard byteCount <= Self.maxHeldBytes else {
          throw Problem(
            .tooLarge, "with accept_partial=false a body has \(Self.maxHeldBytes) bytes at most")
        }
        held.append(try await pool.run { PointBatches(chunk, reading) })
      }
      var made = newStreams
      for batches in held { try made.admit(batches.batches) }
      let isWhole = held.allSatisfy { $0.faultCount == 0 }
      for batches in held {
        if isWhole {
          await (try begin(batches, reading, context)).end(&outcome)
        } else {
          outcome.add(faultsOf: batches)
        }
      }
    } catch {
      outcome.add(error)
    }
    return outcome
  }

  private var newStreams: NewStreams {
    NewStreams(store, maxCount: settings.limits.influxNewStreams)
  }

  private func begin(
    _ batches: PointBatches, _ reading: LineReading, _ context: ServerContext
  ) async throws -> PendingLines {
    for batch in batches.batches { try context.require(stream: batch.stream) }
    let results = try await queue.begin(
      batches.batches, source: reading.source, actor: context.actor, on: context.eventLoop)
    return PendingLines(batches: batches, results: results)
  }
}

/// Lines that have their places in the log.
private struct PendingLines {
  var batches: PointBatches
  /// Of each batch.
  var results: [EventLoopFuture<AppendResult>]

  /// Waits until all are durable or have failed.
  consuming func end(_ outcome: inout WriteOutcome) async {
    for (batch, result) in zip(batches.batches, results) {
      do {
        let result = try await result.get()
        batches.refuse(rejectedIn: result, of: batch)
        outcome.add(result, unread: batch.documents.refused.count)
      } catch {
        let problem = Problem(error)
        if problem.kind == .badRequest {
          // There can be no such stream: the lines are at fault, and no other time will be better.
          batches.refuse(all: batch, problem.detail)
          outcome.add(dropped: batch.documents.documents.count)
        } else {
          outcome.add(problem)
        }
      }
    }
    outcome.add(faultsOf: batches)
  }
}
