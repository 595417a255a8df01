/// All that is wrong with a text, as far as it could be read.
public struct LanguageError: Error, Sendable, CustomStringConvertible {
  /// One thing that is wrong, where, and what to do about it.
  public struct Issue: Error, Sendable {
    public var span: TextSpan
    public var message: String
    /// What to write instead, where that is known.
    public var hint: String?
    /// Another place that it is about.
    public var note: Note?

    /// Without a note.
    public init(_ span: TextSpan, _ message: String, hint: String? = nil) {
      self.span = span
      self.message = message
      self.hint = hint
    }
  }

  /// A second place of an issue.
  public struct Note: Sendable {
    public var span: TextSpan
    public var message: String

    public init(_ span: TextSpan, _ message: String) {
      self.span = span
      self.message = message
    }
  }

  /// In the order of the text, at least one, at most ``LanguageLimits/maxIssues``.
  public var issues: [Issue]
  /// The whole text, which spans point into.
  public var text: String

  /// What was read where no more is wrong than that there are no functions of some names: other names can be looked up all
  /// the same. Else empty.
  public var statements: [Statement] = []

  /// `issues` has at least one, and `text` is the whole text that their spans point into.
  public init(issues: [Issue], text: String) {
    self.issues = issues
    self.text = text
  }

  /// Adds what was found later: all of it stands in the order of the text, the first `most` of it.
  public mutating func add(_ more: [Issue], most: Int) {
    let all = (issues + more).sorted { $0.span.start < $1.span.start }
    issues = Array(all.prefix(most))
  }

  /// Where each issue stands: lines and columns, in characters (Unicode scalars), count from 1. O(bytes + issues).
  public var places: [(line: Int, column: Int, issue: Issue)] {
    let bytes = Array(text.utf8)
    var place = Place()
    return issues.map { issue in
      let start = min(max(issue.span.start, 0), bytes.count)
      if start < place.offset { place = Place() }
      place.move(to: start, in: bytes)
      return (place.line, place.column, issue)
    }
  }

  /// For each issue `line:column: message`, the line, carets under the span, and the hint; then the
  /// same for its note. Columns count characters (Unicode scalars) from 1.
  public var description: String { described() }

  /// The same for a text that begins at a line of a file, with the file's name before each place. O(bytes + issues).
  public func described(inFile file: String? = nil, firstLine: Int = 1) -> String {
    let bytes = Array(text.utf8)
    var place = Place()
    var parts: [String] = []
    func describe(_ span: TextSpan, _ message: String, hint: String? = nil) {
      let start = min(max(span.start, 0), bytes.count)
      if start < place.offset { place = Place() }
      place.move(to: start, in: bytes)
      let prefix = file.map { "\($0):" } ?? ""
      let line = "\(prefix)\(place.line + firstLine - 1):\(place.column): \(message)"
      parts.append(Excerpt(span, at: place, of: bytes).describe(line, hint: hint))
    }
    for issue in issues {
      describe(issue.span, issue.message, hint: issue.hint)
      if let note = issue.note { describe(note.span, note.message) }
    }
    return parts.joined(separator: "\n")
  }
}

/// A place in a text, for people. It only moves on, so that all issues take one pass.
private struct Place {
  private(set) var offset = 0
  private(set) var line = 1
  private(set) var column = 1
  private(set) var lineStart = 0

  mutating func move(to end: Int, in bytes: [UInt8]) {
    while offset < end {
      let byte = bytes[offset]
      offset += 1
      if byte == UInt8(ascii: "\n") {
        line += 1
        column = 1
        lineStart = offset
      } else if !byte.isContinuation {
        column += 1
      }
    }
  }
}

/// The line of a text that a span begins in, cut to a width that can be read.
private struct Excerpt {
  private static let maxWidth = 100
  private static let maxBefore = 60

  private var shownLine = ""
  private var indent = 0
  private var width = 1

  init(_ span: TextSpan, at place: Place, of bytes: [UInt8]) {
    let start = place.offset
    let first = Self.stepBack(from: start, to: place.lineStart, in: bytes)
    let lineEnd = Self.lineEnd(from: start, in: bytes)
    indent = bytes[first..<start].count { !$0.isContinuation }
    if first > place.lineStart {
      shownLine = "…"
      indent += 1
    }
    shownLine += shown(bytes[first..<lineEnd], limit: Self.maxWidth)
    let end = max(start, min(span.end, lineEnd))
    width = max(1, bytes[start..<end].count { !$0.isContinuation })
    width = min(width, max(1, shownLine.unicodeScalars.count - indent))
  }

  /// The end of the line, or an offset too far to be shown.
  private static func lineEnd(from start: Int, in bytes: [UInt8]) -> Int {
    let limit = min(bytes.count, start + 4 * maxWidth + 8)
    let end = bytes[start..<limit].firstIndex(of: UInt8(ascii: "\n")) ?? limit
    return end > start && bytes[end - 1] == UInt8(ascii: "\r") ? end - 1 : end
  }

  /// The offset `maxBefore` characters before `start`, or the start of the line.
  private static func stepBack(from start: Int, to lineStart: Int, in bytes: [UInt8]) -> Int {
    var offset = start
    var steps = 0
    while offset > lineStart, steps < maxBefore {
      offset -= 1
      if !bytes[offset].isContinuation { steps += 1 }
    }
    return offset
  }

  /// The message's line, the excerpt, its carets, and the hint.
  func describe(_ message: String, hint: String?) -> String {
    var lines = [message, shownLine]
    lines.append(
      String(repeating: " ", count: indent) + String(repeating: "^", count: width))
    if let hint { lines.append("hint: \(hint)") }
    return lines.joined(separator: "\n")
  }
}
