import Bytes
import Foundation
import Language
import Query
import Terminal

/// What a text could go on with: by the words before the cursor, and by what the store has.
final class Completer {
  private let runner: any StatementRunner
  /// Values of fields, by stream and field, since looking for them reads the stream.
  private var values: [Text: [String]] = [:]

  private static let maxValues = 30
  /// Longer one does not wait for a list.
  private static let maxSeconds = 1.0

  init(_ runner: any StatementRunner) { self.runner = runner }

  func complete(_ text: String, _ cursor: Int) -> Completion {
    let before = String(decoding: text.utf8.prefix(cursor), as: UTF8.self)
    if let command = CommandCompletion(before) {
      return completion(command.word, cursor, command.candidates(of: try? runner.catalogue()))
    }
    let context = CompletionContext(text, before: before)
    if let field = context.fieldOfString {
      let values = context.target.map { self.values(of: field, in: $0) } ?? []
      let literals = values.map { Literal.string(Text($0)).canonicalText }
      return completion(context.word, cursor, literals.map { Completion.Candidate($0) })
    }
    if context.isInString { return .none(at: cursor) }
    let words = CompletionWords(context, try? runner.catalogue())
    return completion(context.word, cursor, words.candidates)
  }

  /// The candidates that go on with `word`, whatever their case.
  private func completion(
    _ word: String, _ cursor: Int, _ candidates: [Completion.Candidate]
  ) -> Completion {
    let typed = word.lowercased()
    var seen: Set<Text> = []
    return Completion(
      replaceRange: cursor - word.utf8.count..<cursor,
      candidates: candidates.filter {
        $0.text.lowercased().hasPrefix(typed) && seen.insert(Text($0.text)).inserted
      })
  }

  /// The most frequent values of a field, the most frequent first.
  private func values(of field: String, in target: String) -> [String] {
    guard let catalogue = try? runner.catalogue() else { return [] }
    let kpi = catalogue.kpis.first { $0.name == target && $0.isActive }
    let stream = kpi?.stream ?? target
    if let kpi, !kpi.groupBy.contains(Text(field)) { return [] }
    let key: Text = "\(stream) \(field)"
    if let known = values[key] { return known }
    let found = ask(field, stream)
    values[key] = found
    return found
  }

  private func ask(_ field: String, _ stream: String) -> [String] {
    let path = FieldPath(field).canonicalText
    let text = "SELECT top(\(path), \(Self.maxValues)) FROM \(Name(stream).canonicalText)"
    var options = QueryOptions(nowNs: currentTimeNs())
    options.limits.maxSeconds = Self.maxSeconds
    guard let statement = try? Parser.statements(text).first,
      let answer = try? runner.run(statement, of: text, options), answer.rowCount > 0,
      case .top(let entries)? = answer.columns.last?.values[0]
    else { return [] }
    return entries.map(\.value.string)
  }
}

/// The arguments of the prompt's commands.
private struct CommandCompletion {
  private let name: String?
  let word: String

  /// Nil if the text is no command.
  init?(_ before: String) {
    let text = before.drop(while: \.isWhitespace)
    guard text.first == "\\" else { return nil }
    let parts = text.split(maxSplits: 1, omittingEmptySubsequences: false) { $0.isWhitespace }
    name = parts.count > 1 ? String(parts[0].dropFirst()) : nil
    word = parts.count > 1 ? String(parts[1].drop(while: \.isWhitespace)) : String(text)
  }

  func candidates(of catalogue: CatalogueSnapshot?) -> [Completion.Candidate] {
    guard let name else {
      return MetaCommand.allCases.map { command in
        .init(
          command.written + (command.argument.isEmpty ? "" : " "), description: command.help)
      }
    }
    switch MetaCommand(rawValue: name) {
    case .describe: return CompletionWords.targets(of: catalogue)
    case .format: return AnswerFormat.allCases.map { .init($0.rawValue) }
    case .chart: return ["line", "bar"].map { .init($0) }
    case .output, .include: return files
    default: return []
    }
  }

  private var files: [Completion.Candidate] {
    let directory = word.lastIndex(of: "/").map { String(word[...$0]) } ?? ""
    let names = try? FileManager.default.contentsOfDirectory(
      atPath: directory.isEmpty ? "." : directory)
    return (names ?? []).filter { !$0.hasPrefix(".") }.sorted().map { .init(directory + $0) }
  }
}
