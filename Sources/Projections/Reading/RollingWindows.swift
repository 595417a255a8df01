/// Merges of each run of `width` neighbouring panes, with about three merges a pane whatever the width.
///
/// Panes are taken in chunks whose borders lie at fixed places of the time line; a window is the merge of a chunk's end
/// and the next one's beginning, both of which are merged once for all windows (van Herk, "A fast algorithm for local
/// minimum and maximum filters", 1992; Gil and Werman, 1993). As the borders do not depend on what is asked for, nor
/// does the order of merging, and a window's bits are always the same.
struct RollingWindows {
  private let plan: FoldPlan
  /// For each pane its chunk's number.
  private let chunks: [Int64]
  private let panes: [Cell?]
  /// The merge of all panes of the chunk up to and with this one, and from this one on.
  private var prefixes: [Cell?] = []
  private var suffixes: [Cell?] = []

  /// `panes` are neighbours in order of time; `chunks` rise with them. O(panes).
  init(_ panes: [Cell?], chunks: [Int64], _ plan: FoldPlan) {
    self.plan = plan
    self.panes = panes
    self.chunks = chunks
    prefixes = panes
    suffixes = panes
    for index in panes.indices.dropFirst() where chunks[index] == chunks[index - 1] {
      prefixes[index] = merged(prefixes[index - 1], panes[index])
    }
    for index in panes.indices.dropLast().reversed() where chunks[index] == chunks[index + 1] {
      suffixes[index] = merged(panes[index], suffixes[index + 1])
    }
  }

  private func merged(_ left: Cell?, _ right: Cell?) -> Cell? {
    guard var cell = left else { return right }
    if let right { cell.merge(right, plan) }
    return cell
  }

  /// The merge of the panes of a range that is not empty; nil when none of them has a cell. Amortised O(1).
  func window(_ range: ClosedRange<Int>) -> Cell? {
    let (low, high) = (range.lowerBound, range.upperBound)
    guard chunks[low] != chunks[high] else { return withinChunk(low, high) }
    var cell = suffixes[low]
    var index = low
    // With buckets of unequal length a window can hold a whole chunk.
    while true {
      let chunk = chunks[index]
      while chunks[index] == chunk { index += 1 }
      if chunks[index] == chunks[high] { break }
      var end = index
      while chunks[end + 1] == chunks[index] { end += 1 }
      cell = merged(cell, prefixes[end])
      index = end
    }
    return merged(cell, prefixes[high])
  }

  private func withinChunk(_ low: Int, _ high: Int) -> Cell? {
    if low == 0 || chunks[low - 1] != chunks[low] { return prefixes[high] }
    return (low...high).reduce(nil) { merged($0, panes[$1]) }
  }
}
