/// The candidates that Tab has listed, and which of them stands in the text.
struct CompletionMenu: Equatable {
  let candidates: [Completion.Candidate]
  /// Where in the text the candidate stands.
  var range: Range<Int>
  var selected: Int?
  /// What to go back to.
  let start: TextBuffer
}

extension LineEditor {
  /// Puts in what all candidates have in common, and lists them if there are several.
  mutating func complete() -> Effect {
    let answer = hooks.complete(buffer.text, buffer.cursor)
    let low = buffer.boundary(atOrAfter: answer.replaceRange.lowerBound)
    let high = buffer.boundary(atOrAfter: answer.replaceRange.upperBound)
    guard let first = answer.candidates.first else { return .bell }
    if answer.candidates.count == 1 { return putIn(first.text, low..<high) }
    let start = buffer
    let typed = String(buffer[low..<high])
    let common = Self.commonPrefix(answer.candidates.map(\.text))
    var end = high
    if common != typed, common.lowercased().hasPrefix(typed.lowercased()) {
      _ = putIn(common, low..<high)
      end = low + common.utf8.count
    }
    menu = CompletionMenu(candidates: answer.candidates, range: low..<end, start: start)
    return .redraw
  }

  /// What `key` does while candidates are listed; nil if the list goes and the key is for the text.
  mutating func applyInMenu(_ key: Key) -> Effect? {
    switch key {
    case .special(.tab, let modifiers): return cycle(by: modifiers.contains(.shift) ? -1 : 1)
    case .special(.escape, _), .control("g"):
      if let start = menu?.start { buffer = start }
      menu = nil
      return .redraw
    case .special(.enter, []) where menu?.selected != nil:
      menu = nil
      return .redraw
    default:
      menu = nil
      return nil
    }
  }

  private mutating func cycle(by step: Int) -> Effect {
    guard var open = menu else { return .bell }
    let count = open.candidates.count
    let next = open.selected.map { ($0 + step + count) % count } ?? (step > 0 ? 0 : count - 1)
    let text = open.candidates[next].text
    let effect = putIn(text, open.range)
    if effect == .bell { return .bell }
    open.selected = next
    open.range = open.range.lowerBound..<open.range.lowerBound + text.utf8.count
    menu = open
    return effect
  }

  private mutating func putIn(_ text: String, _ range: Range<Int>) -> Effect {
    change { $0.replace(range, with: text) }
  }

  static func commonPrefix(_ texts: [String]) -> String {
    guard let first = texts.first else { return "" }
    var prefix = Array(first)
    for text in texts.dropFirst() {
      prefix = zip(prefix, text).prefix { $0 == $1 }.map(\.0)
    }
    return String(prefix)
  }
}
