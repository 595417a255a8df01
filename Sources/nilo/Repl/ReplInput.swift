import Language

/// What one has entered at the prompt.
enum ReplInput: Equatable {
  case nothing
  case statements(String)
  /// `\name argument`.
  case command(name: String, argument: String)
  case leave

  init(_ text: String) {
    let words = text.trimmed
    if words.isEmpty {
      self = .nothing
    } else if words.first == "\\" {
      let name = words.dropFirst().prefix { !$0.isWhitespace && $0 != ";" }
      var argument = String(words.dropFirst(1 + name.count)).trimmed
      while argument.last == ";" { argument = String(argument.dropLast()).trimmed }
      self = .command(name: String(name), argument: argument)
    } else {
      switch words.lowercased().split(separator: ";").map({ String($0).trimmed }) {
      case ["exit"], ["quit"]: self = .leave
      case ["help"]: self = .command(name: MetaCommand.help.rawValue, argument: "")
      default: self = .statements(text)
      }
    }
  }

  /// Whether Enter ends the text: after a command at once, after statements with a semicolon.
  static func isComplete(_ text: String) -> Bool {
    // Most lines of a long statement end it as little as those before.
    let isLong = text.utf8.count > 1_000
    if isLong && !text.utf8.contains(UInt8(ascii: ";")) { return false }
    guard case .statements = ReplInput(text) else { return true }
    let tokens = TextToken.all(of: text)
    if let last = tokens.last, last.kind == .comment {
      let comment = text.utf8.dropFirst(last.range.lowerBound).prefix(last.range.count)
      let isEnded = comment.starts(with: "--".utf8) || String(comment)?.hasSuffix("*/") == true
      if !isEnded { return false }
    }
    return tokens.last { $0.kind != .comment }?.kind == .semicolon
  }
}

/// A script's texts, each as it would be entered at the prompt, with the lines that they begin at.
/// O(bytes) but for statements of many lines.
struct ScriptTexts: Sequence, IteratorProtocol {
  private var lines: ArraySlice<Substring>
  private var line = 1

  init(_ text: String) {
    lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)[...]
  }

  mutating func next() -> (text: String, line: Int)? {
    guard !lines.isEmpty else { return nil }
    let start = line
    var text = ""
    while let next = lines.popFirst() {
      line += 1
      text += text.isEmpty ? String(next) : "\n\(next)"
      if ReplInput.isComplete(text) { break }
    }
    return (text, start)
  }
}

extension String {
  /// Without blanks at its ends.
  var trimmed: String { String(drop(while: \.isWhitespace)).withoutBlanksAtEnd }

  var withoutBlanksAtEnd: String {
    guard let last = lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(self[...last])
  }
}
