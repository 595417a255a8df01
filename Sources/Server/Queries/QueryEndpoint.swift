import Hummingbird
import Language
import Model
import Query
import Store
import Synchronization

/// `/v1/query`: statements of the language.
struct QueryEndpoint: Sendable {
  let runner: QueryRunner
  let settings: ServerSettings

  /// `GET`, which changes nothing.
  func get(_ request: Request, _ context: ServerContext) async throws -> Response {
    let query = try QueryRequest(query: request)
    return try await answer(query, request, context, mayChange: false)
  }

  /// What may be said beside the body.
  private static let postParameters = ["format", "time_zone"]

  /// `POST`, of a text or an object.
  func post(_ request: Request, _ context: ServerContext) async throws -> Response {
    if let name = ["q", "query"].first(where: { request.queryParameter($0) != nil }) {
      throw Problem(
        .badRequest,
        "POST has the statement as its body, and not as ?\(name)=: curl --data-binary 'SELECT ...' ADDRESS/v1/query; GET takes ?q= for what changes nothing"
      )
    }
    try request.require(parameters: Self.postParameters)
    let body = try await request.collected(
      maxBytes: QueryRequest.maxBodyBytes, within: settings.limits.requestSeconds)
    let query = try QueryRequest(body: body, of: request)
    return try await answer(query, request, context, mayChange: true)
  }

  private func answer(
    _ query: QueryRequest, _ request: Request, _ context: ServerContext, mayChange: Bool
  ) async throws -> Response {
    let format = try query.format ?? QueryRequest.format(nil, request)
    let statement = try await statement(of: query, context)
    if statement.isChange, !mayChange {
      var problem = Problem(.methodNotAllowed, "GET changes nothing; send the statement by POST")
      problem.allowedMethods = ["POST"]
      throw problem
    }
    if statement.isChange { try await runner.requireAdmin(statement, context) }
    if statement.isLong, format == .ndjson {
      return try await ProgressResponse(runner, statement, query, context).response()
    }
    return try await runner.run(statement, query, context) { [held = runner.held] in
      try $0.response(format, among: held)
    }
  }

  /// The one statement of a text: each has an answer of its own.
  private func statement(
    of query: QueryRequest, _ context: ServerContext
  ) async throws -> Statement {
    let statements: [Statement]
    do throws(LanguageError) { statements = try Parser.statements(query.text) } catch {
      throw try await runner.completed(error, query, context)
    }
    guard let statement = statements.first else {
      throw Problem(.badRequest, "there is no statement in the query")
    }
    if statements.count > 1 {
      let issue = LanguageError.Issue(
        statements[1].span,
        "a request has one statement, and this is the second of \(statements.count)",
        hint: "send each in a request of its own: each has an answer of its own")
      throw LanguageError(issues: [issue], text: query.text)
    }
    return statement
  }
}

extension QueryRunner {
  /// Runs a question that was not written by the client, whose errors have no place in a text of its own.
  func run(_ select: Select, _ context: ServerContext) async throws -> Answer {
    do {
      return try await run(Statement(.select(select)), QueryRequest(text: ""), context)
    } catch let error as LanguageError {
      let issue = error.issues.first
      throw Problem(
        .badRequest,
        [issue?.message ?? "\(error)", issue?.hint].compactMap(\.self).joined(separator: "; "))
    }
  }
}

/// Runs statements on threads of their own, as many at a time as there are of these.
struct QueryRunner: Sendable {
  let store: Store
  let pool: BlockingPool
  let clock: @Sendable () -> Int64
  let limits: QueryLimits
  let metrics: Metrics
  let held: AnswersHeld
  let audit: Audit
  /// Why a target of a schedule or an alert would be refused.
  let refusal: @Sendable (TargetCall) -> String?

  /// An error of the parser, with what else is wrong with what is asked of streams that whoever asks may ask.
  func completed(
    _ error: LanguageError, _ query: QueryRequest, _ context: ServerContext
  ) async throws -> LanguageError {
    if error.statements.isEmpty { return error }
    return try await pool.run { [options = options(query)] in
      // Nothing is told of the names of a stream that the token is not for.
      let mayAsk = try error.statements.allSatisfy { statement in
        do { try context.require(statement, store) } catch is Problem { return false }
        return true
      }
      return mayAsk ? try QueryEngine(store).completed(error, options) : error
    }
  }

  private func options(_ query: QueryRequest) -> QueryOptions {
    var options = QueryOptions(nowNs: clock())
    (options.parameters, options.timeZone, options.limits) = (
      query.parameters, query.timeZone, limits
    )
    options.refusal = refusal
    return options
  }

  /// Runs a statement. It ends when its client goes away. `progress` is told the share that is done of what takes long.
  /// Throws what the engine does, and ``Problem`` of kind `tooBusy`.
  func run(
    _ statement: Statement, _ query: QueryRequest, _ context: ServerContext,
    progress: @escaping @Sendable (Double) -> Void = { _ in }
  ) async throws -> Answer {
    try await run(statement, query, context, progress: progress) { $0 }
  }

  /// The same; gives what `body` makes of the answer on the thread that has run the statement, since it may take long.
  func run<R: Sendable>(
    _ statement: Statement, _ query: QueryRequest, _ context: ServerContext,
    progress: @escaping @Sendable (Double) -> Void = { _ in },
    _ body: @escaping @Sendable (Answer) throws -> R
  ) async throws -> R {
    let cancelled = CancelFlag()
    let connection = context.connection
    var options = options(query)
    options.progress = progress
    options.isCancelled = { cancelled.isSet || connection?.isGone == true }
    return try await withTaskCancellationHandler {
      try await pool.run { [options] in
        let answer = try counted {
          try Store.acting(as: context.actor) {
            try audit.running(
              statement, actor: context.actor, address: context.clientAddress
            ) {
              try context.require(statement, store)
              let answer = try QueryEngine(store).run(statement, of: query.text, options)
              // Another version may have taken over before it was bound.
              try context.require(statement, store)
              return answer
            }
          }
        }
        return try body(answer)
      }
    } onCancel: {
      cancelled.set()
    }
  }
}

extension QueryRunner {
  /// Throws a ``Problem`` of kind `forbidden`, and takes note of who tried, unless whoever asks may change the store.
  func requireAdmin(_ statement: Statement, _ context: ServerContext) async throws {
    do throws(Problem) { try context.require(.admin) } catch {
      try await pool.run {
        try audit.running(
          statement, actor: context.actor, address: context.clientAddress
        ) { throw error }
      }
    }
  }

  /// Takes note of how a statement ended, and how long it took.
  func counted<R>(_ body: () throws -> R) throws -> R {
    let begin = ContinuousClock.now
    defer { metrics.querySeconds.add(.now - begin) }
    do {
      let answer = try body()
      metrics.count(.answered)
      return answer
    } catch {
      metrics.count(Self.outcome(of: error))
      throw error
    }
  }

  private static func outcome(of error: any Error) -> Metrics.Outcome {
    switch error {
    case is LanguageError, is StatementError: .refused
    case is QueryLimitError: .limited
    case is CancellationError: .cancelled
    case let problem as Problem where problem.kind.status.code < 500: .refused
    default: .failed
    }
  }
}

/// Says to a thread that its work is not wanted any more.
final class CancelFlag: Sendable {
  private let flag = Atomic<Bool>(false)

  var isSet: Bool { flag.load(ordering: .relaxed) }
  func set() { flag.store(true, ordering: .relaxed) }
}
