/// Going through the history with Up and Down. Changes made to entries on the way are kept until
/// the text is handed over.
struct HistoryWalk {
  /// Oldest first.
  let entries: [String]
  /// `entries.count` is the new text.
  private(set) var position: Int
  private var drafts: [Int: String] = [:]

  init(entries: [String]) {
    self.entries = entries
    position = entries.count
  }

  mutating func older(keeping text: String) -> String? { go(to: position - 1, keeping: text) }
  mutating func newer(keeping text: String) -> String? { go(to: position + 1, keeping: text) }
  mutating func oldest(keeping text: String) -> String? { go(to: 0, keeping: text) }
  mutating func newest(keeping text: String) -> String? { go(to: entries.count, keeping: text) }

  /// The text at `place`, nil if there is none or it is shown already.
  mutating func go(to place: Int, keeping text: String) -> String? {
    guard 0...entries.count ~= place, place != position else { return nil }
    drafts[position] = text
    position = place
    return drafts[place] ?? (place < entries.count ? entries[place] : "")
  }
}
