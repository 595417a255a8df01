import Bytes
import Foundation
import Language
import Model
import Query
import Terminal

/// What the commands of the prompt do.
extension ReplSession {
  func perform(_ name: String, _ argument: String) throws -> Outcome {
    guard let command = MetaCommand(rawValue: name) else {
      throw Failure(#"there is no command \\#(DisplayText.printable(name)); \? lists them"#)
    }
    switch command {
    case .help: try output.write([MetaCommand.helpText])
    case .describe: try describe(argument)
    case .vertical: try setVertical()
    case .timing:
      hasTiming.toggle()
      try say("timing is \(hasTiming ? "on" : "off")")
    case .watch: try watch(argument)
    case .output: try setOutput(argument)
    case .include: return try include(argument)
    case .edit: return try edit()
    case .format: try setFormat(argument)
    case .chart: try chart(argument)
    case .explain: try explain()
    case .parameter: try setParameter(argument)
    case .quit: return .left
    }
    return .done
  }

  /// Tells whoever types what a command did; a script's output is answers alone.
  private func say(_ text: String) throws {
    if Console.isInteractive { try writeAll(Array("\(text)\n".utf8), to: Descriptor.output) }
  }

  private func describe(_ name: String) throws {
    let texts = name.isEmpty ? ["SHOW STREAMS", "SHOW KPIS"] : ["DESCRIBE \(Self.written(name))"]
    for text in texts {
      for answer in try ask(text) { try show(answer) }
    }
  }

  /// A name as it was typed, or in quotes if it needs them.
  private static func written(_ name: String) -> String {
    name.first == "\"" ? name : FieldPath(name).canonicalText
  }

  // MARK: How answers are shown

  private func setVertical() throws {
    format = format == .vertical ? .table : .vertical
    try say("format is \(format.rawValue)")
  }

  private func setFormat(_ name: String) throws {
    if !name.isEmpty {
      guard let new = AnswerFormat(rawValue: name.lowercased()) else {
        let names = AnswerFormat.allCases.map(\.rawValue).joined(separator: ", ")
        throw Failure("there is no format \(DisplayText.printable(name)); there are \(names)")
      }
      format = new
    }
    try say("format is \(format.rawValue)")
  }

  private func setOutput(_ path: String) throws {
    try output.redirect(to: path.isEmpty ? nil : path)
    try say(path.isEmpty ? "answers go to the screen" : "answers go to \(path)")
  }

  private func setParameter(_ argument: String) throws {
    let parts = argument.split(maxSplits: 1, whereSeparator: \.isWhitespace).map(String.init)
    guard let first = parts.first else {
      return try output.write(
        parameters.isEmpty
          ? ["there are no parameters"]
          : parameters.sorted { $0.key < $1.key }.map { "$\($0.key) = \($0.value.parameterText)" })
    }
    let name = Text(String(first.drop { $0 == "$" }))
    if parts.count == 2 {
      let value = QueryValue(typed: parts[1].trimmed)
      parameters[name] = value
      try say("$\(name) = \(value.parameterText)")
    } else {
      let wasThere = parameters.removeValue(forKey: name) != nil
      try say(wasThere ? "$\(name) is forgotten" : "there is no parameter $\(name)")
    }
  }

  // MARK: The last statement

  private func explain() throws {
    guard let last = lastStatement?.statement, case .select = last.body else {
      throw Failure(#"\explain tells how a SELECT is answered; ask one first"#)
    }
    for answer in try ask("EXPLAIN \(last.text)") { try show(answer) }
  }

  private func chart(_ kind: String) throws {
    guard let lastAnswer, !lastAnswer.columns.isEmpty else {
      throw Failure(#"\chart draws the last answer; ask something first"#)
    }
    let chart = AnswerChart(
      lastAnswer, width: output.isOnScreen ? Console.columns : 80,
      height: output.isOnScreen ? max(5, min(20, Console.rows - 8)) : 16,
      isColored: output.isOnScreen && Console.isColored)
    // Blanks at the ends would only break lines where they are pasted.
    try output.write(try chart.lines(kind).map(\.withoutBlanksAtEnd))
  }

  private static let watchSeconds = 0.1...86_400

  private func watch(_ argument: String) throws {
    guard let (statement, text) = lastStatement else {
      throw Failure(#"\watch repeats a statement; run one first"#)
    }
    if statement.isChange { throw Failure(#"\watch repeats questions, not changes"#) }
    guard let seconds = argument.isEmpty ? 2 : Double(argument),
      Self.watchSeconds.contains(seconds)
    else { throw Failure(#"write a number of seconds from 0.1 to 86400, such as \watch 5"#) }
    let interval = seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)"
    repeat {
      let now = Timestamp(ns: currentTimeNs() / 1_000_000_000 * 1_000_000_000)
      try output.write(["", "\(now), every \(interval) s"])
      let answer = try ask(statement, of: text)
      lastAnswer = answer
      try show(answer, isPaged: false)
    } while Interrupts.sleep(milliseconds: Int(seconds * 1_000))
    try say("")
  }

  // MARK: Files

  private static let maxFilesDeep = 16

  /// Runs the texts of a file up to the first that fails.
  private func include(_ path: String) throws -> Outcome {
    guard !path.isEmpty else { throw Failure(#"write the file's name: \i FILE"#) }
    guard files.count < Self.maxFilesDeep else {
      throw Failure("\(path): files include files more than \(Self.maxFilesDeep) levels deep")
    }
    let text = try QueryText.read(path)
    files.append(path)
    defer { files.removeLast() }
    for (text, line) in ScriptTexts(text) {
      let outcome = try take(text, line: line)
      if outcome != .done { return outcome }
    }
    return .done
  }

  private func edit() throws -> Outcome {
    guard Console.isInteractive else { throw Failure(#"\e needs a terminal"#) }
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("nilo-\(UUID().uuidString).nql").path
    defer { try? FileManager.default.removeItem(atPath: file) }
    guard
      FileManager.default.createFile(
        atPath: file, contents: Data((lastText + "\n").utf8),
        attributes: [.posixPermissions: 0o600])
    else { throw Failure("\(file) cannot be written") }
    let status = runShell("${VISUAL:-${EDITOR:-vi}} '\(file)'")
    guard status == 0 else {
      throw Failure("the editor has ended with \(status); set EDITOR to another")
    }
    let text = try QueryText.read(file).trimmed
    if text.isEmpty { return .done }
    try say(text)
    remember(text)
    return try take(text)
  }
}
