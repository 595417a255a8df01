import Language
import Model

/// Runs texts of the query language against a store.
///
/// What is wrong with a text is thrown as a ``LanguageError`` that shows the place; what a statement may not take as
/// ``QueryLimitError``; what cannot be done as ``StatementError``; a cancelled one as `CancellationError`. Errors of
/// the store are passed on.
public struct QueryEngine: Sendable {
  let store: any Queryable

  /// With a ``QueryStore`` statements can change it.
  public init(_ store: any Queryable) { self.store = store }

  /// Runs the statements of a text one after the other, and hands out each answer before the next one is begun. The
  /// text is read as a whole first, and checked: see ``check(_:of:_:)``. What was answered before an error stands. Each
  /// statement has its own time limit.
  public func run(
    _ text: String, _ options: QueryOptions, _ body: (Statement, Answer) throws -> Void
  ) throws {
    let statements = try statements(of: text, options)
    try check(statements, of: text, options)
    for statement in statements {
      try body(statement, try run(statement, of: text, options))
    }
  }

  /// Reads the statements of a text. Where functions are not known, it is told at once what else is wrong with names.
  public func statements(of text: String, _ options: QueryOptions) throws -> [Statement] {
    do throws(LanguageError) { return try Parser.statements(text) } catch {
      throw try completed(error, options)
    }
  }

  /// An error of the parser with what else is wrong, as far as that can be told: what it has read is looked up in the store.
  public func completed(_ error: LanguageError, _ options: QueryOptions) throws -> LanguageError {
    if error.statements.isEmpty { return error }
    let run = StatementRun(
      store: store, options: options, text: error.text, catalogue: try store.snapshot())
    var completed = error
    do { try run.check(error.statements) } catch let other as LanguageError {
      completed.add(other.issues, most: LanguageLimits.maxIssues)
    } catch {
      // Of what is no matter of the text there is time when it is run.
    }
    return completed
  }

  /// Throws what is wrong with the statements of a text, so that none of them is run: unknown names, times and parameters
  /// that do not do. Left out is what a statement asks of a stream or KPI that an earlier one defines or changes; that is
  /// found when it is run.
  public func check(_ statements: [Statement], of text: String, _ options: QueryOptions) throws {
    // One is looked at when it is run.
    if statements.count < 2 { return }
    let run = StatementRun(
      store: store, options: options, text: text, catalogue: try store.snapshot())
    try run.check(statements)
  }

  /// The answers of all statements of a text. None of them when one fails: what the statements before it have changed
  /// stays changed.
  public func run(_ text: String, _ options: QueryOptions) throws -> [Answer] {
    var answers: [Answer] = []
    try run(text, options) { _, answer in answers.append(answer) }
    return answers
  }

  /// Runs one statement. `text` is the whole text that it was read from, which its errors show. Ends with
  /// ``QueryLimitError`` after `limits.maxSeconds`.
  public func run(
    _ statement: Statement, of text: String, _ options: QueryOptions
  ) throws -> Answer {
    let clock = ContinuousClock()
    let begin = clock.now
    let deadline = begin.advanced(by: .seconds(options.limits.maxSeconds))
    var bounded = options
    let isCancelled = options.isCancelled
    bounded.isCancelled = { isCancelled() || clock.now > deadline }
    do {
      var answer = try Cancellation.with(bounded.isCancelled) {
        try answerOfOneState(statement, of: text, bounded)
      }
      answer.meta.elapsedSeconds = (clock.now - begin) / .seconds(1)
      return answer
    } catch is CancellationError where !isCancelled() && clock.now > deadline {
      throw QueryLimitError(
        "more than \(options.limits.maxSeconds) s; ask for a shorter range, or raise "
          + options.limits.names.seconds)
    }
  }

  /// Alterations of a stream that may come between a statement's snapshot and its reading.
  private static let maxAttempts = 4

  /// Begins anew, with another snapshot, when the store does not have the facts of the first one any more.
  private func answerOfOneState(
    _ statement: Statement, of text: String, _ options: QueryOptions
  ) throws -> Answer {
    var attempt = 1
    while true {
      let snapshot = try store.snapshot()
      let run = StatementRun(store: store, options: options, text: text, catalogue: snapshot)
      do {
        return try run.answer(statement.body, span: statement.span)
      } catch let error as any SnapshotGoneError {
        // Where there is nothing new the statement itself asks for what is gone.
        guard attempt < Self.maxAttempts, try store.snapshot().lastSeq > snapshot.lastSeq else {
          throw error
        }
        attempt += 1
      }
    }
  }
}

extension StatementRun {
  func answer(_ body: Statement.Body, span: TextSpan) throws -> Answer {
    switch body {
    case .select(let query): return try placing(query) { try select(query) }
    case .explain(let explanation, let query):
      return try placing(query) { try explain(explanation, query) }
    case .eventsFor(let query): return try placing(query) { try events(for: query) }
    case .defineStream(let definition): return try defineStream(definition, span)
    case .defineKpi(let definition):
      return try defineKpi(definition, isNewVersion: false, span)
    case .redefineKpi(let definition):
      return try defineKpi(definition, isNewVersion: true, span)
    case .alterKpi(let alteration): return try alterKpi(alteration, span)
    case .compareKpi(let comparison): return try compareKpi(comparison)
    case .switchKpi(let name, let version): return try switchKpi(name, version, span)
    case .alterStream(let alteration): return try alterStream(alteration, span)
    case .dropStream(let name): return try dropStream(name, span)
    case .dropKpi(let name): return try dropKpi(name, span)
    case .rebuildKpi(let name, let range): return try rebuildKpi(name, range, span)
    case .defineSchedule(let schedule): return try defineSchedule(schedule, span)
    case .dropSchedule(let name): return try dropSchedule(name, span)
    case .defineAlert(let alert): return try defineAlert(alert, span)
    case .dropAlert(let name): return try dropAlert(name, span)
    case .defineSource(let source): return try defineSource(source, span)
    case .dropSource(let name): return try dropSource(name, span)
    case .pauseSource(let name): return try pauseSource(name, span)
    case .resumeSource(let name): return try resumeSource(name, span)
    case .defineSink(let sink): return try defineSink(sink, span)
    case .dropSink(let name): return try dropSink(name, span)
    case .show(let list): return try show(list)
    case .describe(let name): return try describe(name)
    case .explainChange, .prove, .verifyFile, .verifyLog, .backfill: throw notThere(body, span)
    }
  }

  func notThere(_ body: Statement.Body, _ span: TextSpan) -> LanguageError {
    let name =
      switch body {
      case .explainChange: "EXPLAIN CHANGE"
      case .prove: "PROVE"
      case .backfill: "BACKFILL"
      default: "VERIFY"
      }
    return error(
      TextSpan(span.start, span.start + name.utf8.count),
      "\(name) is part of the language, but this version does not do it yet")
  }
}
