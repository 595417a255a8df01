/// Finds the lines of a text: they end at line breaks, but not at those within strings.
///
/// A string that is not closed is a fault of its line alone: where it would be longer than strings may be, its line ends
/// at the first line break.
public struct LineSplitter {
  private let text: [UInt8]
  /// Whether nothing follows the text.
  private let isEnd: Bool
  /// Where the next line begins; at the end, where one begins that the text has a part of only.
  public private(set) var position = 0

  public init(_ text: [UInt8], isEnd: Bool) { (self.text, self.isEnd) = (text, isEnd) }

  /// The next line, without its line break; nil when the text has none that is whole. O(bytes).
  public mutating func next() -> Range<Int>? {
    let start = position
    guard start < text.count, let end = end(of: start) else { return nil }
    position = min(end + 1, text.count)
    let hasReturn = end > start && text[end - 1] == UInt8(ascii: "\r")
    return start..<(hasReturn ? end - 1 : end)
  }

  private func end(of start: Int) -> Int? {
    guard let (first, hasQuote) = lineBreak(from: start) else { return isEnd ? text.count : nil }
    guard hasQuote, text[start] != UInt8(ascii: "#") else { return first }
    switch endOutsideStrings(start) {
    case .found(let end): return end
    case .unclosed: return first
    case .unknown: return nil
    }
  }

  /// The first line break from `start` on, or the end of all; and whether there is a quote before it.
  private func lineBreak(from start: Int) -> (end: Int, hasQuote: Bool)? {
    var hasQuote = false
    for index in start..<text.count {
      if text[index] == UInt8(ascii: "\n") { return (index, hasQuote) }
      if text[index] == UInt8(ascii: "\"") { hasQuote = true }
    }
    return isEnd ? (text.count, hasQuote) : nil
  }

  private enum End {
    case found(Int)
    /// There is a string that does not end.
    case unclosed
    /// What follows the text decides.
    case unknown
  }

  /// The line break that ends the line, if its quotes are taken for what they are: a string begins right after the `=` of a
  /// field, and fields after the first blank.
  private func endOutsideStrings(_ start: Int) -> End {
    var isInFields = false
    var stringStart: Int?
    var index = start
    while index < text.count {
      let byte = text[index]
      if let begin = stringStart {
        if index - begin > 2 * LineParser.maxStringBytes { return .unclosed }
        if byte == UInt8(ascii: "\"") { stringStart = nil }
      } else if byte == UInt8(ascii: "\n") {
        return .found(index)
      } else if byte == UInt8(ascii: " ") {
        isInFields = true
      } else if isInFields, byte == UInt8(ascii: "\""), text[index - 1] == UInt8(ascii: "=") {
        stringStart = index
      }
      index += byte == UInt8(ascii: "\\") ? 2 : 1
    }
    if stringStart != nil { return isEnd ? .unclosed : .unknown }
    return isEnd ? .found(text.count) : .unknown
  }
}
