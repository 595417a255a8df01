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
        nilo query --url http://plant-7:4280 --token-file token 'SHOW KPIS'
      """)

  @OptionGroup var store: StoreArguments
  @OptionGroup var memory: MemoryArguments
  @OptionGroup var remote: RemoteArguments

  @Option(
    name: .long,
    help: ArgumentHelp(
      "table, vertical, json, ndjson, objects, csv, tsv or markdown. (default: table on a terminal, else tsv)",
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
    try store.check(format)
    try remote.check(store)
    if remote.url != nil, !limit.isEmpty {
      throw ValidationError("--limit is for a directory; a server's limits are its settings.")
    }
    if text == nil && file == nil && Descriptor.isTerminal(Descriptor.input) {
      throw ValidationError("Give a text or -f FILE. To type statements, start: nilo repl")
    }
  }

  func run() throws {
    let answers = StatementAnswers(
      runner: try runner(), format: store.format(format) ?? .standard
    ) { options in
      for parameter in param { options.parameters[Text(parameter.name)] = parameter.value }
      for one in limit { one.set(&options.limits) }
    }
    try answers.write(QueryText(text, file: file))
  }

  private func runner() throws -> any StatementRunner {
    if let server = try remote.server() { return RemoteRunner(server) }
    return LocalRunner(store.directory(memory), staysWriting: true)
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

/// The line that tells how far a statement has got; may be told from any thread.
final class SharedProgress: Sendable {
  private let progress = Mutex(Progress())

  func update(share: Double) { progress.withLock { $0.update(share: share) } }
  func wipe() { progress.withLock { $0.wipe() } }
}
