/// A text and a cursor in it, both in UTF-8 offsets; the cursor is always between two characters.
///
/// Moving is O(1) a character; changing the text is O(bytes).
struct TextBuffer: Equatable {
  private(set) var text = ""
  private(set) var cursor = 0

  init(_ text: String = "") { set(text, cursor: nil) }

  var end: Int { text.utf8.count }
  var isEmpty: Bool { text.isEmpty }

  /// Replaces everything; the cursor goes to the end if no place is given.
  mutating func set(_ text: String, cursor: Int?) {
    self.text = text
    self.text.makeContiguousUTF8()
    move(to: cursor ?? end)
  }

  /// Puts the cursor at `offset`, or at the next place between characters.
  mutating func move(to offset: Int) { cursor = boundary(atOrAfter: offset) }

  /// Replaces `range` by `new`, and puts the cursor behind it.
  mutating func replace(_ range: Range<Int>, with new: String) {
    text.replaceSubrange(index(range.lowerBound)..<index(range.upperBound), with: new)
    text.makeContiguousUTF8()
    // What is new may join with what follows, as an accent does.
    move(to: range.lowerBound + new.utf8.count)
  }

  mutating func insert(_ new: String) { replace(cursor..<cursor, with: new) }

  subscript(range: Range<Int>) -> Substring {
    text[index(range.lowerBound)..<index(range.upperBound)]
  }

  /// The first place between characters at `offset` or after it.
  func boundary(atOrAfter offset: Int) -> Int {
    let clamped = min(max(0, offset), end)
    let place = index(clamped)
    if place == text.endIndex { return end }
    let next = text.index(after: place)
    let start = text.index(before: next)
    return start == place ? clamped : self.offset(next)
  }

  func index(_ offset: Int) -> String.Index {
    text.utf8.index(text.startIndex, offsetBy: offset)
  }

  func offset(_ index: String.Index) -> Int {
    text.utf8.distance(from: text.startIndex, to: index)
  }
}

// Places that keys go to. All take and give offsets between characters.
extension TextBuffer {
  func before(_ offset: Int) -> Int {
    offset == 0 ? 0 : self.offset(text.index(before: index(offset)))
  }

  func after(_ offset: Int) -> Int {
    offset >= end ? end : self.offset(text.index(after: index(offset)))
  }

  func lineStart(_ offset: Int) -> Int {
    text.utf8[..<index(offset)].lastIndex(of: Self.newline).map { self.offset($0) + 1 } ?? 0
  }

  func lineEnd(_ offset: Int) -> Int {
    text.utf8[index(offset)...].firstIndex(of: Self.newline).map { self.offset($0) } ?? end
  }

  /// The beginning of the word at `offset` or before it.
  func wordStart(before offset: Int) -> Int {
    let gap = back(from: offset) { !Self.isWord($0) }
    return back(from: gap, while: Self.isWord)
  }

  /// The end of the word at `offset` or after it.
  func wordEnd(after offset: Int) -> Int {
    let gap = forward(from: offset) { !Self.isWord($0) }
    return forward(from: gap, while: Self.isWord)
  }

  /// The beginning of what stands between spaces, at `offset` or before it.
  func spacedWordStart(before offset: Int) -> Int {
    let gap = back(from: offset, while: \.isWhitespace)
    return back(from: gap) { !$0.isWhitespace }
  }

  /// The place in the line above that is as far right; nil in the first line.
  func above(_ offset: Int, column: Int) -> Int? {
    let start = lineStart(offset)
    return start == 0 ? nil : place(inLineAt: lineStart(start - 1), column: column)
  }

  func below(_ offset: Int, column: Int) -> Int? {
    let end = lineEnd(offset)
    return end == self.end ? nil : place(inLineAt: end + 1, column: column)
  }

  /// How far right `offset` is in its line, in columns of a terminal.
  func column(_ offset: Int) -> Int {
    DisplayWidth.shown(self[lineStart(offset)..<offset])
  }

  private func place(inLineAt start: Int, column: Int) -> Int {
    var place = start
    var width = 0
    for character in self[start..<lineEnd(start)] {
      width += DisplayWidth.shown(character)
      if width > column { break }
      place += character.utf8.count
    }
    return place
  }

  private func back(from offset: Int, while isPassed: (Character) -> Bool) -> Int {
    let kept = text[..<index(offset)].lastIndex { !isPassed($0) }
    return kept.map { self.offset(text.index(after: $0)) } ?? 0
  }

  private func forward(from offset: Int, while isPassed: (Character) -> Bool) -> Int {
    text[index(offset)...].firstIndex { !isPassed($0) }.map { self.offset($0) } ?? end
  }

  private static let newline = UInt8(ascii: "\n")

  private static func isWord(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || character == "_"
  }
}
