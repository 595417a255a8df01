import Bytes
import FileConnector
import Hummingbird
import Model
import NIOCore
import Store

/// `POST /v1/streams/{stream}/events`: documents of JSON, NDJSON or CSV, plain or compressed, each durable before the
/// answer says so.
struct IngestEndpoint: Sendable {
  let queue: AppendQueue
  let settings: ServerSettings
  let clock: @Sendable () -> Int64
  private let keys = KeysInUse()

  init(queue: AppendQueue, settings: ServerSettings, clock: @escaping @Sendable () -> Int64) {
    (self.queue, self.settings, self.clock) = (queue, settings, clock)
  }

  /// Chunks of one request that are on their way at a time: one is parsed while those before it are written.
  private static let maxPending = 3

  func post(_ request: Request, _ context: ServerContext) async throws -> Response {
    let stream = try context.pathParameter("stream")
    try context.require(stream: stream)
    let source = request.queryParameter("source")
    let progress = try Self.progress(source, request.queryParameter("position"))
    let body = try IngestBody(request)
    let target = IngestTarget(
      stream: stream, source: source ?? "http", actor: context.actor,
      options: body.format == .senml ? .senml : StreamOptions())
    let key = try IdempotencyKey(request, context, stream: stream)
    try queue.admit()
    guard let key else { return try await append(body, to: target, progress, context).response() }
    return try await keys.using(key) {
      try await append(body, under: key, to: target, progress, context).response()
    }
  }

  /// What a client wants to know when it goes on: committed with the last of the documents.
  private static func progress(_ source: String?, _ position: String?) throws(Problem)
    -> SourceProgress?
  {
    guard let position else { return nil }
    guard let source else {
      throw Problem(
        .badRequest, "position needs the source that it is of: ?source=NAME&position=\(position)")
    }
    return SourceProgress(source: source, position: Array(position.utf8))
  }

  private func append(
    _ body: IngestBody, to target: IngestTarget, _ progress: SourceProgress?,
    _ context: ServerContext
  ) async throws -> IngestAnswer {
    var answer = IngestAnswer()
    var pending: [AppendQueue.Pending] = []
    var nextIndex: Int64 = 0
    do {
      let deadline = BodyDeadline(seconds: settings.limits.requestSeconds)
      var chunks = body.chunks(deadline, queue.hold())
      while let (chunk, isLast) = try await chunks.next() {
        if isLast, nextIndex == 0, progress == nil, queue.canGather(chunk, to: target) {
          answer.outcome = try await queue.appendGathered(chunk, to: target)
          break
        }
        let begun = try await queue.begin(
          chunk, of: target, firstIndex: nextIndex, progress: isLast ? progress : nil,
          on: context.eventLoop)
        nextIndex += begun.documentCount
        pending.append(begun)
        while pending.count >= Self.maxPending {
          answer.outcome.add(try await pending.removeFirst().result.get())
        }
      }
      while !pending.isEmpty { answer.outcome.add(try await pending.removeFirst().result.get()) }
      chunks.note(in: &answer)
    } catch {
      // What was begun is not given up: the client is told what became of it.
      for one in pending {
        if let result = try? await one.result.get() { answer.outcome.add(result) }
      }
      throw Problem(error, after: answer)
    }
    return try answer.required()
  }

  /// Appends what is not stored yet of a request that may have come before.
  private func append(
    _ body: IngestBody, under key: IdempotencyKey, to target: IngestTarget,
    _ progress: SourceProgress?, _ context: ServerContext
  ) async throws -> IngestAnswer {
    let receipt = try await queue.receipt(ofRequest: key.name)
    var answer = IngestAnswer()
    if let receipt { answer.outcome = receipt.outcome }
    var documents = KeyedDocuments(key, receipt, of: target, progress, nowNs: clock())
    do {
      var chunks = body.chunks(
        BodyDeadline(seconds: settings.limits.requestSeconds), queue.hold())
      while let (chunk, isLast) = try await chunks.next() {
        let (after, batches) = try await queue.run { [documents] in
          var documents = documents
          let batches = try documents.rest(of: chunk, isLast: isLast, progress)
          return (documents, batches)
        }
        documents = after
        for batch in batches {
          let begun = try await queue.begin(
            [StreamBatch(stream: target.stream, options: target.options, documents: batch)],
            source: target.source, actor: target.actor, on: context.eventLoop)
          for one in begun { answer.outcome.add(try await one.get()) }
        }
      }
      chunks.note(in: &answer)
    } catch let problem as Problem where problem.kind == .idempotency {
      throw problem
    } catch {
      throw Problem(error, after: answer)
    }
    return try answer.required()
  }
}

extension StreamOptions {
  /// Of records of SenML (RFC 8428), which says what their names and times are.
  fileprivate static var senml: StreamOptions {
    var options = StreamOptions(timePath: "t", keyPath: "n")
    options.timeUnit = .seconds
    return options
  }
}

extension IngestAnswer {
  /// Throws a ``Problem`` when there was no document.
  fileprivate func required() throws(Problem) -> IngestAnswer {
    if outcome.documentCount > 0 { return self }
    throw Problem(.badRequest, "there is no document in the body")
  }
}

extension Problem {
  /// What ended a request, a part of which may be in the log.
  fileprivate init(_ error: any Error, after answer: IngestAnswer) {
    self.init(error)
    guard answer.outcome.documentCount > 0 else { return }
    detail += "; what came before is stored and counted here"
    members = { answer.write(to: &$0) }
  }
}
