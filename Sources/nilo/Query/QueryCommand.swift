import ArgumentParser
import Bytes
import Language
import Model
import Query
import Synchronization
import Terminal

struct QueryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "query", abstract: "Answer statements of the query language.",
    discussion: """
      Several statements are parted by semicolons and answered one after the other. Without a text, \
      and with -, they come from standard input. Answers are a table on a terminal, and \
      tab-separated in a pipe. A value that comes from outside belongs in a parameter.

      The store is opened for reading, also while another process writes to it, unless a statement \
      changes it.

      Example:
        nilo query 'SELECT avg(temperature) FROM weather GROUP BY city EVERY 1mo'
        nilo query --param city=JFK --format csv -f report.nql > report.csv
      """)

  @OptionGroup var store: StoreArguments

  @Option(
    name: .long,
    help: ArgumentHelp(
      "table, vertical, json, ndjson, csv, tsv or markdown. (default: table on a terminal, else tsv)",
      valueName: "format"))
  var format: AnswerFormat?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The value of $name: a number, true, false, null, else a text.", valueName: "name=value"),
    transform: ParameterText.parse)
  var param: [ParameterText] = []

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Raise or lower a limit: max_rows, max_cells, max_memory (bytes) or max_seconds.",
      valueName: "name=value"),
    transform: LimitText.parse)
  var limit: [LimitText] = []

  @Option(name: .short, help: ArgumentHelp("A file of statements.", valueName: "file"))
  var file: String?

  @Argument(help: ArgumentHelp("The statements; - is standard input.", valueName: "text"))
  var text: String?

  func validate() throws {
    if text != nil && file != nil {
      throw ValidationError("Give either a text or -f, not both.")
    }
    if store.json, let format, format != .json {
      throw ValidationError("--json is --format json; leave one of them out.")
    }
    if text == nil && file == nil && Descriptor.isTerminal(Descriptor.input) {
      throw ValidationError("Give a text or -f FILE. To type statements, start: nilo repl")
    }
  }

  func run() throws {
    let source = try QueryText(text, file: file)
    Interruption.catchSignals()
    let runner = LocalRunner(store.directory, staysWriting: true)
    defer { runner.close() }
    do {
      let statements = try Parser.statements(source.text)
      try runner.open(for: statements)
      for statement in statements { try answer(statement, of: source, by: runner) }
    } catch let error as LanguageError {
      throw Shown(source.file == nil ? "nilo: \(error)" : error.described(inFile: source.file))
    } catch  where Interruption.isRequested && !(error is ClosedOutput) {
      // What was begun may say more, such as a KPI that is not filled yet.
      if !(error is CancellationError) { printError("\(error)") }
      throw ExitCode(ExitStatus.interrupted)
    }
  }

  private func answer(
    _ statement: Statement, of source: QueryText, by runner: some StatementRunner
  ) throws {
    var options = QueryOptions(nowNs: currentTimeNs())
    for parameter in param { options.parameters[Text(parameter.name)] = parameter.value }
    for one in limit { one.set(&options.limits) }
    options.isCancelled = { Interruption.isRequested }
    let progress = SharedProgress()
    options.progress = { progress.update(share: $0) }
    defer { progress.wipe() }
    let answer = try runner.run(statement, of: source.text, options)
    progress.wipe()
    let renderer = AnswerRenderer(
      store.json ? .json : format ?? .standard, width: DisplayText.width)
    try Cancellation.with(Interruption.wish) {
      try renderer.render(answer) { bytes in
        try Cancellation.check()
        try writeAll(bytes, to: Descriptor.output)
      }
    }
    answer.tellNotes(beside: renderer.format)
  }
}

/// What a query may take, as it is typed: `max_rows=100`.
struct LimitText: Sendable {
  private enum Name: String, CaseIterable {
    case rows = "max_rows"
    case cells = "max_cells"
    case memory = "max_memory"
    case seconds = "max_seconds"
  }

  private var name: Name
  private var value: Int

  static func parse(_ text: String) throws -> LimitText {
    let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2, let name = Name(rawValue: parts[0]), let value = Int(parts[1]),
      value > 0
    else {
      let names = Name.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("write a limit as name=number; the names are \(names)")
    }
    return LimitText(name: name, value: value)
  }

  func set(_ limits: inout QueryLimits) {
    switch name {
    case .rows: limits.maxRows = value
    case .cells: limits.maxCells = value
    case .memory: limits.maxMemoryBytes = value
    case .seconds: limits.maxSeconds = Double(value)
    }
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

/// The line that tells how far a statement has got; may be told from any thread.
final class SharedProgress: Sendable {
  private let progress = Mutex(Progress())

  func update(share: Double) { progress.withLock { $0.update(share: share) } }
  func wipe() { progress.withLock { $0.wipe() } }
}
