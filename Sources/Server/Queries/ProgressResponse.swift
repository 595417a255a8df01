import Bytes
import Hummingbird
import Language
import NIOCore
import Query
import Synchronization

/// The answer to a statement that may take long, in NDJSON: how far it has got comes before the answer itself.
///
/// What ends before there is anything to tell is answered as other statements are, with the status of an error; after that
/// the status is out, and an error is in the last line.
struct ProgressResponse: Sendable {
  private let statement: Task<Answer, any Error>
  /// The shares that are done, of which only the newest waits for the client.
  private let shares: AsyncStream<Double>
  private let held: AnswersHeld

  /// Begins to run the statement.
  init(
    _ runner: QueryRunner, _ statement: Statement, _ query: QueryRequest, _ context: ServerContext
  ) {
    let (shares, continuation) = AsyncStream.makeStream(
      of: Double.self, bufferingPolicy: .bufferingNewest(1))
    let pace = Pace()
    (self.shares, held) = (shares, runner.held)
    self.statement = Task {
      defer { continuation.finish() }
      return try await runner.run(statement, query, context) { share in
        if pace.isDue() { continuation.yield(share) }
      }
    }
  }

  func response() async throws -> Response {
    try await cancelling {
      var begun = shares.makeAsyncIterator()
      guard let first = await begun.next() else {
        return try await statement.value.response(.ndjson, among: held)
      }
      return Response(
        status: .ok, headers: [.contentType: AnswerFormat.ndjson.mediaType],
        body: ResponseBody { writer in
          try await cancelling {
            try await writer.write(ByteBuffer(bytes: Self.line(first)))
            for await share in shares {
              try await writer.write(ByteBuffer(bytes: Self.line(share)))
            }
            let result = await statement.result
            try await writer.write(ByteBuffer(bytes: Self.end(result)))
            try await writer.finish(nil)
          }
        })
    }
  }

  /// Runs `body`, with which the statement is cancelled.
  private func cancelling<R>(_ body: () async throws -> R) async throws -> R {
    try await withTaskCancellationHandler {
      do {
        return try await body()
      } catch {
        // Nobody is told any more.
        statement.cancel()
        throw error
      }
    } onCancel: {
      statement.cancel()
    }
  }

  private static func line(_ share: Double) -> [UInt8] {
    jsonObject { $0.field("_progress", share) } + [0x0A]
  }

  private static func end(_ result: Result<Answer, any Error>) -> [UInt8] {
    switch result {
    case .success(let answer): AnswerRenderer(.ndjson).bytes(answer) + answer.statusRecord
    case .failure(let error):
      jsonObject { record in
        record.field("_status", json: jsonObject { $0.field("error", json: Problem(error).json) })
      } + [0x0A]
    }
  }
}

/// Lets something happen four times a second at most, for the first time after a quarter of one.
private final class Pace: Sendable {
  private static let interval = Duration.milliseconds(250)
  private let last = Mutex(ContinuousClock.now)

  func isDue() -> Bool {
    last.withLock { last in
      let now = ContinuousClock.now
      guard now - last >= Self.interval else { return false }
      last = now
      return true
    }
  }
}

extension Statement {
  /// Whether it reads all events of a stream.
  var isLong: Bool {
    switch body {
    case .defineKpi, .redefineKpi, .rebuildKpi, .alterStream: true
    default: false
    }
  }
}
