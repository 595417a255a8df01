import Bytes
import Language
import Query
import Terminal

/// The prompt: reads statements and commands, and shows what they answer.
final class ReplSession {
  let runner: any StatementRunner
  private let place: String
  private let reader: LineReader
  let completer: Completer

  var format = AnswerFormat.standard
  var hasTiming = false
  var parameters: [Text: QueryValue] = [:]
  var output = ReplOutput()
  /// What was entered last, for \e.
  var lastText = ""
  /// For \watch and \explain, with the text that it is a part of.
  var lastStatement: (statement: Statement, text: String)?
  /// For \chart.
  var lastAnswer: Answer?
  /// Files that are being run by \i, the outermost first.
  var files: [String] = []

  init(_ runner: any StatementRunner, place: String) throws {
    (self.runner, self.place) = (runner, place)
    let completer = Completer(runner)
    self.completer = completer
    reader = LineReader(
      prompt: "nilo> ", continuation: "   -> ",
      history: Console.isInteractive ? History.ofUser() : History(),
      hooks: LineHooks(
        highlight: ReplHighlighting.styles(of:), complete: completer.complete,
        isComplete: ReplInput.isComplete))
    if Console.isInteractive {
      try output.write([try banner(), #"End a statement with ";". \? is help, \q leaves."#])
    } else {
      // A store that is missing is no matter of a statement.
      _ = try runner.catalogue()
    }
  }

  /// Until the end of the input; the exit status.
  func run() throws -> Int32 {
    defer { runner.close() }
    return Console.isInteractive ? try Interrupts.catching(prompt) : try script()
  }

  private func prompt() throws -> Int32 {
    while true {
      if let problem = reader.history.takeProblem() { printNote("note: \(problem)") }
      switch try reader.read() {
      case .endOfFile: return ExitStatus.success
      case .interrupted: continue
      case .line(let text): if try take(text) == .left { return ExitStatus.success }
      }
    }
  }

  /// Up to the first failure. While input is waited for, Ctrl-C ends the process as usual.
  private func script() throws -> Int32 {
    while case .line(let text) = try reader.read() {
      switch try Interrupts.catching({ try take(text) }) {
      case .done: continue
      case .left: return ExitStatus.success
      case .failed(let status): return status
      }
    }
    return ExitStatus.success
  }

  /// Keeps a text that was not typed at the prompt.
  func remember(_ text: String) { reader.history.add(text) }

  enum Outcome: Equatable {
    case done, left
    case failed(Int32)
  }

  /// Does what a text of the prompt or of a file asks for. Throws only when nobody reads any more.
  func take(_ text: String, line: Int = 1) throws -> Outcome {
    if files.isEmpty { Interrupts.reset() }
    do {
      switch ReplInput(text) {
      case .nothing: return .done
      case .leave: return .left
      case .statements(let text):
        lastText = text
        let statements = try runner.statements(of: text, options)
        try runner.check(statements, of: text, options)
        for statement in statements { try answer(statement, of: text) }
        return .done
      case .command(let name, let argument):
        return try perform(name, argument)
      }
    } catch let error as ClosedOutput {
      throw error
    } catch {
      // Behind the ^C that the terminal shows.
      let isInterrupted = Interrupts.isInterrupted
      if isInterrupted && Console.isInteractive { printNote("") }
      if error is CancellationError { printNote("cancelled") } else { show(error, line: line) }
      return .failed(isInterrupted ? ExitStatus.interrupted : ExitStatus.failure)
    }
  }

  func answer(_ statement: Statement, of text: String) throws {
    lastStatement = (statement, text)
    lastAnswer = nil
    let answer = try ask(statement, of: text)
    lastAnswer = answer
    try show(answer)
  }

  /// Runs a statement, which Ctrl-C cancels.
  func ask(_ statement: Statement, of text: String) throws -> Answer {
    if Interrupts.isInterrupted { throw CancellationError() }
    var options = self.options
    let progress = SharedProgress()
    options.progress = { progress.update(share: $0) }
    defer { progress.wipe() }
    return try runner.run(statement, of: text, options)
  }

  private var options: QueryOptions {
    var options = QueryOptions(nowNs: currentTimeNs())
    options.parameters = parameters
    options.isCancelled = { Interrupts.isInterrupted }
    return options
  }

  /// The answers of a text of ours.
  func ask(_ text: String) throws -> [Answer] {
    try Parser.statements(text).map { try ask($0, of: text) }
  }

  func show(_ answer: Answer, isPaged: Bool = true) throws {
    var renderer = AnswerRenderer(format, width: DisplayText.width)
    renderer.hasTiming = hasTiming
    try output.write(answer, renderer, isPaged: isPaged)
    let isTimed = !answer.columns.isEmpty && (format == .table || format == .vertical)
    if hasTiming, !isTimed, let seconds = answer.meta.elapsedSeconds {
      printNote("time \(Wording.decimal(seconds * 1_000)) ms")
    }
  }

  private func show(_ error: any Error, line: Int) {
    let place = files.last.map { (file: $0, line: line) }
    if let error = error as? LanguageError {
      let text = error.described(inFile: place?.file, firstLine: place?.line ?? 1)
      printNote(Console.isInteractive || place != nil ? text : "nilo: \(text)")
    } else if let place {
      printNote("\(place.file):\(place.line): \(error)")
    } else if Console.isInteractive {
      printNote("error: \(error)")
    } else {
      printError("\(error)")
    }
  }

  /// What there is to ask.
  private func banner() throws -> String {
    let catalogue = try runner.catalogue()
    let streams = catalogue.streams.map { "\($0.name) (\(Wording.count($0.events)) events)" }
    let kpis = catalogue.kpis.filter(\.isActive).map(\.name)
    var text = "nilo \(Nilo.configuration.version), \(place)"
    text += "\n" + Wording.table([("streams", Self.list(streams)), ("KPIs", Self.list(kpis))])
    return text
  }

  private static func list(_ names: [String]) -> String {
    if names.isEmpty { return "none" }
    let shown = names.prefix(6).joined(separator: ", ")
    return DisplayText.printable(names.count > 6 ? "\(shown) and \(names.count - 6) more" : shown)
  }
}
