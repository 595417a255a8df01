/// The editing of one text, as a state machine: keys in, what is to be done out. It knows neither a
/// terminal nor a clock.
///
/// The keys are those of readline's emacs mode. A key costs O(bytes of the text), beside the hooks.
struct LineEditor {
  /// What a key asks of whoever owns the terminal. After each the picture is drawn anew.
  enum Effect: Equatable {
    case redraw
    /// Nothing could be done.
    case bell
    case clearScreen
    case suspend
    case submit(String)
    case cancel
    case endOfFile
  }

  /// A text cannot grow beyond this.
  static let maxTextBytes = 4 << 20

  var buffer = TextBuffer()
  var hooks: LineHooks
  var walk: HistoryWalk
  var search: HistorySearch?
  var menu: CompletionMenu?
  /// What was cut last; outlives the text.
  var killed: String
  private var undo = UndoStack()
  private var previous = Action.other
  /// The column that Up and Down try to keep.
  private var goalColumn: Int?

  /// The kind of the last key, where the next one may go on with it.
  private enum Action {
    case other, typing, killing, moving
  }

  init(history: [String] = [], hooks: LineHooks = LineHooks(), killed: String = "") {
    self.hooks = hooks
    self.killed = killed
    walk = HistoryWalk(entries: history)
  }

  mutating func apply(_ key: Key) -> Effect {
    if search != nil, let effect = applyInSearch(key) { return effect }
    if menu != nil, let effect = applyInMenu(key) { return effect }
    let previous = self.previous
    self.previous = .other
    switch key {
    case .text(let text): return type(text, after: previous)
    case .paste(let text): return change { $0.insert(text) }
    case .special(let special, let modifiers): return apply(special, modifiers, after: previous)
    case .control(let character): return applyControl(character, after: previous)
    case .alt(let character): return applyAlt(character, after: previous)
    case .unknown: return .bell
    }
  }

  // MARK: Keys

  private mutating func apply(
    _ key: Key.Special, _ modifiers: Key.Modifiers, after previous: Action
  ) -> Effect {
    let isByWord = !modifiers.isDisjoint(with: [.alt, .control])
    let cursor = buffer.cursor
    switch key {
    case .enter: return isByWord ? change { $0.insert("\n") } : enter()
    case .tab: return complete()
    case .backspace where isByWord:
      return kill(buffer.wordStart(before: cursor)..<cursor, after: previous)
    case .delete where isByWord:
      return kill(cursor..<buffer.wordEnd(after: cursor), after: previous)
    case .backspace: return delete(buffer.before(cursor)..<cursor)
    case .delete: return delete(cursor..<buffer.after(cursor))
    case .left: return move(to: isByWord ? buffer.wordStart(before: cursor) : buffer.before(cursor))
    case .right: return move(to: isByWord ? buffer.wordEnd(after: cursor) : buffer.after(cursor))
    case .home: return move(to: modifiers.contains(.control) ? 0 : buffer.lineStart(cursor))
    case .end: return move(to: modifiers.contains(.control) ? buffer.end : buffer.lineEnd(cursor))
    case .up: return up(after: previous)
    case .down: return down(after: previous)
    case .pageUp: return recall(walk.oldest(keeping: buffer.text))
    case .pageDown: return recall(walk.newest(keeping: buffer.text))
    case .escape: return .redraw
    case .insert: return .bell
    }
  }

  private mutating func applyControl(_ key: Character, after previous: Action) -> Effect {
    let cursor = buffer.cursor
    switch key {
    case "a": return move(to: buffer.lineStart(cursor))
    case "e": return move(to: buffer.lineEnd(cursor))
    case "b": return move(to: buffer.before(cursor))
    case "f": return move(to: buffer.after(cursor))
    case "p": return up(after: previous)
    case "n": return down(after: previous)
    case "d" where buffer.isEmpty: return .endOfFile
    case "d": return delete(cursor..<buffer.after(cursor))
    case "k": return killLine(after: previous)
    case "u": return kill(lineStartOrBreak(cursor)..<cursor, after: previous)
    case "w": return kill(buffer.spacedWordStart(before: cursor)..<cursor, after: previous)
    case "y": return yank()
    case "t": return transpose()
    case "_": return undo.takeLast(&buffer) ? .redraw : .bell
    case "r": return startSearch(.older)
    case "s": return startSearch(.newer)
    case "l": return .clearScreen
    case "c": return .cancel
    case "z": return .suspend
    case "g": return .bell
    default: return .bell
    }
  }

  private mutating func applyAlt(_ key: Character, after previous: Action) -> Effect {
    let cursor = buffer.cursor
    switch key {
    case "b": return move(to: buffer.wordStart(before: cursor))
    case "f": return move(to: buffer.wordEnd(after: cursor))
    case "d": return kill(cursor..<buffer.wordEnd(after: cursor), after: previous)
    case "<": return recall(walk.oldest(keeping: buffer.text))
    case ">": return recall(walk.newest(keeping: buffer.text))
    default: return .bell
    }
  }

  /// Blank text is handed over as well, for a new prompt.
  private mutating func enter() -> Effect {
    let isBlank = buffer.text.allSatisfy(\.isWhitespace)
    if isBlank || hooks.isComplete(buffer.text) { return .submit(buffer.text) }
    return change { $0.insert("\n") }
  }

  // MARK: Changes

  private mutating func type(_ text: String, after previous: Action) -> Effect {
    // A word that was typed in one go is one step of undo.
    let isJoined = previous == .typing && text != " "
    let effect = change(isJoined: isJoined) { $0.insert(text) }
    self.previous = .typing
    return effect
  }

  /// Changes the text in a way that can be undone.
  mutating func change(isJoined: Bool = false, _ body: (inout TextBuffer) -> Void) -> Effect {
    let before = buffer
    body(&buffer)
    if buffer.end > Self.maxTextBytes {
      buffer = before
      return .bell
    }
    if !isJoined { undo.push(before) }
    return .redraw
  }

  private mutating func delete(_ range: Range<Int>) -> Effect {
    range.isEmpty ? .bell : change { $0.replace(range, with: "") }
  }

  /// Cuts; cuts in a row are kept as one text.
  private mutating func kill(_ range: Range<Int>, after previous: Action) -> Effect {
    if range.isEmpty { return .bell }
    let cut = String(buffer[range])
    let isBackward = range.upperBound == buffer.cursor
    if previous == .killing {
      killed = isBackward ? cut + killed : killed + cut
    } else {
      killed = cut
    }
    self.previous = .killing
    return change { $0.replace(range, with: "") }
  }

  private mutating func yank() -> Effect {
    let text = killed
    return text.isEmpty ? .bell : change { $0.insert(text) }
  }

  /// The rest of the line, or the line break if there is no rest.
  private mutating func killLine(after previous: Action) -> Effect {
    let cursor = buffer.cursor
    let end = buffer.lineEnd(cursor)
    return kill(cursor..<(end == cursor ? buffer.after(cursor) : end), after: previous)
  }

  private func lineStartOrBreak(_ offset: Int) -> Int {
    let start = buffer.lineStart(offset)
    return start == offset ? buffer.before(offset) : start
  }

  /// Swaps the characters around the cursor; at the end of a line, the last two.
  private mutating func transpose() -> Effect {
    let cursor = buffer.cursor
    let lineStart = buffer.lineStart(cursor)
    let isAtEnd = cursor == buffer.lineEnd(cursor)
    let middle = isAtEnd && cursor > lineStart ? buffer.before(cursor) : cursor
    if middle <= lineStart { return .bell }
    let (first, last) = (buffer.before(middle), buffer.after(middle))
    let swapped = String(buffer[middle..<last] + buffer[first..<middle])
    return change { $0.replace(first..<last, with: swapped) }
  }

  // MARK: Moving

  private mutating func move(to offset: Int) -> Effect {
    if offset == buffer.cursor { return .bell }
    buffer.move(to: offset)
    return .redraw
  }

  private mutating func up(after previous: Action) -> Effect {
    let column = column(after: previous)
    guard let place = buffer.above(buffer.cursor, column: column) else {
      return recall(walk.older(keeping: buffer.text))
    }
    return moveVertically(to: place, column: column)
  }

  private mutating func down(after previous: Action) -> Effect {
    let column = column(after: previous)
    guard let place = buffer.below(buffer.cursor, column: column) else {
      return recall(walk.newer(keeping: buffer.text))
    }
    return moveVertically(to: place, column: column)
  }

  private func column(after previous: Action) -> Int {
    previous == .moving ? goalColumn ?? 0 : buffer.column(buffer.cursor)
  }

  private mutating func moveVertically(to place: Int, column: Int) -> Effect {
    buffer.move(to: place)
    goalColumn = column
    previous = .moving
    return .redraw
  }

  /// Shows a text of the history, with an undo of its own.
  mutating func recall(_ text: String?) -> Effect {
    guard let text else { return .bell }
    buffer.set(text, cursor: nil)
    undo = UndoStack()
    return .redraw
  }
}

/// Texts to go back to.
private struct UndoStack {
  private static let maxSteps = 1_000
  private var steps: [TextBuffer] = []

  mutating func push(_ buffer: TextBuffer) {
    if steps.count == Self.maxSteps { steps.removeFirst() }
    steps.append(buffer)
  }

  /// Undoes the last step that changed something. False if there is none.
  mutating func takeLast(_ buffer: inout TextBuffer) -> Bool {
    while let step = steps.popLast() {
      if step.text == buffer.text { continue }
      buffer = step
      return true
    }
    return false
  }
}
