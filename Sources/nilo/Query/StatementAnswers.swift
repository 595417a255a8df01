import ArgumentParser
import Language
import Model
import Query
import Terminal

/// Runs the statements of a text in a store or on a server, and writes their answers to standard output; notes that the format has no
/// place for go to standard error.
struct StatementAnswers {
  var runner: any StatementRunner
  var format: AnswerFormat
  /// What the statements may take, and the values of parameters.
  var options: (inout QueryOptions) -> Void = { _ in }

  /// Runs one statement after the other; nothing is run when the text cannot be read as a whole, or what is wrong with it
  /// can be told before. `check` is shown what there is in the store before that. Ctrl-C ends what runs.
  func write(_ query: QueryText, check: (CatalogueSnapshot) throws -> Void = { _ in }) throws {
    Interruption.catchSignals()
    defer { runner.close() }
    do {
      let statements = try runner.statements(of: query.text, statementOptions)
      try runner.open(for: statements)
      try check(runner.catalogue())
      try runner.check(statements, of: query.text, statementOptions)
      for statement in statements { try answer(statement, of: query, by: runner) }
    } catch let error as LanguageError {
      throw Shown(query.file == nil ? "nilo: \(error)" : error.described(inFile: query.file))
    } catch  where Interruption.isRequested && !(error is ClosedOutput) {
      // What was begun may say more, such as a KPI that is not filled yet.
      if !(error is CancellationError) { printError("\(error)") }
      throw ExitCode(ExitStatus.interrupted)
    }
  }

  private var statementOptions: QueryOptions {
    var options = QueryOptions(nowNs: currentTimeNs())
    self.options(&options)
    options.isCancelled = Interruption.wish
    return options
  }

  private func answer(
    _ statement: Statement, of query: QueryText, by runner: any StatementRunner
  ) throws {
    var options = statementOptions
    let progress = SharedProgress()
    options.progress = { progress.update(share: $0) }
    defer { progress.wipe() }
    let answer = try runner.run(statement, of: query.text, options)
    progress.wipe()
    let renderer = AnswerRenderer(format, width: DisplayText.width)
    try Cancellation.with(Interruption.wish) {
      try renderer.render(answer) { bytes in
        try Cancellation.check()
        try writeAll(bytes, to: Descriptor.output)
      }
    }
    answer.tellNotes(beside: format)
  }
}

extension AnswerFormat {
  /// A table for people; for programs, what most of them read.
  static var standard: AnswerFormat { Descriptor.isTerminal(Descriptor.output) ? .table : .tsv }

  /// Whether an answer's notes and message are a part of it.
  fileprivate var hasNotes: Bool { isForPeople || self == .json }
}

extension Answer {
  /// Writes to standard error what one has to know of the answer and `format` has no place for.
  func tellNotes(beside format: AnswerFormat) {
    if format.hasNotes { return }
    if columns.isEmpty, let message, format != .ndjson { printNote(message) }
    for note in meta.notes { printNote("note: \(note)") }
  }
}
