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

  /// Chunks of one request that are on their way at a time: one is parsed while those before it are written.
  private static let maxPending = 3

  func post(_ request: Request, _ context: ServerContext) async throws -> Response {
    let stream = try context.pathParameter("stream")
    try context.require(stream: stream)
    let source = request.queryParameter("source")
    let target = IngestTarget(
      stream: stream, source: source ?? "http", actor: context.actor)
    let progress = try Self.progress(source, request.queryParameter("position"))
    let body = try IngestBody(request)
    try queue.admit()
    return try await append(body, to: target, progress, context).response()
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
        let begun = try await queue.begin(
          chunk, of: target, firstIndex: nextIndex, progress: isLast ? progress : nil,
          on: context.eventLoop)
        nextIndex += begun.documentCount
        pending.append(begun)
        while pending.count >= Self.maxPending {
          answer.add(try await pending.removeFirst().result.get())
        }
      }
      while !pending.isEmpty { answer.add(try await pending.removeFirst().result.get()) }
    } catch {
      // What was begun is not given up: the client is told what became of it.
      for one in pending {
        if let result = try? await one.result.get() { answer.add(result) }
      }
      throw Problem(error, after: answer)
    }
    if answer.documentCount == 0 {
      throw Problem(.badRequest, "there is no document in the body")
    }
    return answer
  }
}

extension Problem {
  /// What ended a request, a part of which may be in the log.
  fileprivate init(_ error: any Error, after answer: IngestAnswer) {
    self.init(error)
    guard answer.hasCommitted else { return }
    detail += "; what came before is stored and counted here"
    members = { answer.write(to: &$0) }
  }
}
