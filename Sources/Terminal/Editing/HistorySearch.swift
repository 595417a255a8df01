/// The search through the history that Ctrl-R begins.
struct HistorySearch {
  enum Direction {
    case older, newer
  }

  var query = ""
  var direction: Direction
  /// The entry that is shown; nil before the first hit.
  var place: Int?
  var isFailed = false
  /// What to go back to.
  let start: TextBuffer

  /// The nearest entry that holds the query, from `first` on, other than `shown`; and where in it,
  /// as a UTF-8 offset. Case counts only if the query has a capital letter. O(bytes of the
  /// history).
  func find(
    in entries: [String], from first: Int, unlike shown: String?
  ) -> (place: Int, offset: Int)? {
    let step = direction == .older ? -1 : 1
    var place = first
    while entries.indices.contains(place) {
      if entries[place] != shown, let offset = offset(in: entries[place]) { return (place, offset) }
      place += step
    }
    return nil
  }

  func offset(in text: String) -> Int? {
    let isExact = query.contains(where: \.isUppercase)
    let (wanted, bytes) = (Self.folded(query, isExact), Self.folded(text, isExact))
    if wanted.isEmpty || wanted.count > bytes.count { return nil }
    return (0...(bytes.count - wanted.count)).first { start in
      bytes[start] == wanted[0] && bytes[start..<start + wanted.count].elementsEqual(wanted)
    }
  }

  /// Only ASCII is folded, so that offsets stay.
  private static func folded(_ text: String, _ isExact: Bool) -> [UInt8] {
    isExact ? Array(text.utf8) : text.utf8.map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }
  }
}

extension LineEditor {
  mutating func startSearch(_ direction: HistorySearch.Direction) -> Effect {
    search = HistorySearch(direction: direction, start: buffer)
    return .redraw
  }

  /// What `key` does in the search; nil if it ends the search and is for the text.
  mutating func applyInSearch(_ key: Key) -> Effect? {
    switch key {
    case .text(let text), .paste(let text):
      search?.query += text
      return searchOn(skippingShown: false)
    case .special(.backspace, _):
      if search?.query.popLast() == nil { return .bell }
      search?.place = nil
      return searchOn(skippingShown: false)
    case .control("r"): return searchOn(.older)
    case .control("s"): return searchOn(.newer)
    case .control("g"), .control("c"), .special(.escape, _):
      if let start = search?.start { buffer = start }
      search = nil
      return .redraw
    default:
      endSearch()
      return nil
    }
  }

  private mutating func searchOn(_ direction: HistorySearch.Direction) -> Effect {
    search?.direction = direction
    return searchOn(skippingShown: true)
  }

  private mutating func searchOn(skippingShown: Bool) -> Effect {
    guard var found = search, !found.query.isEmpty else {
      if let start = search?.start { buffer = start }
      search?.isFailed = false
      return .redraw
    }
    let edge = found.direction == .older ? walk.entries.count - 1 : 0
    let hit = found.find(
      in: walk.entries, from: found.place ?? edge, unlike: skippingShown ? buffer.text : nil)
    found.isFailed = hit == nil
    if let hit {
      found.place = hit.place
      buffer.set(walk.entries[hit.place], cursor: hit.offset)
    }
    search = found
    return hit == nil ? .bell : .redraw
  }

  /// Keeps what was found, as if the arrows had led there.
  private mutating func endSearch() {
    defer { search = nil }
    guard let place = search?.place, let start = search?.start else { return }
    let cursor = buffer.cursor
    let text = buffer.text
    if walk.go(to: place, keeping: start.text) != nil {
      _ = recall(text)
      buffer.move(to: cursor)
    }
  }
}
