/// Merges of each run of `width` neighbouring panes, with about three merges a pane whatever the width.
///
/// Panes are taken in chunks whose borders lie at fixed places of the time line; a window is the merge of a chunk's end
/// and the next one's beginning, both of which are merged once for all windows (van Herk, "A fast algorithm for local
/// minimum and maximum filters", 1992; Gil and Werman, 1993). As the borders do not depend on what is asked for, nor
/// does the order of merging, and a window's bits are always the same.
struct RollingWindows {
  /// For each pane its chunk's number.
  private let chunks: [Int64]
  /// For each pane its row in `cells`; nil when it has no facts.
  private let panes: [Int?]
  private let cells: CellColumns
  private var merges: CellColumns
  /// The merge of all panes of the chunk up to and with this one, and from this one on.
  private var prefixes: [Int?] = []
  private var suffixes: [Int?] = []

  /// `panes` are neighbours in order of time; `chunks` rise with them. O(panes).
  init(_ panes: [Int?], of cells: CellColumns, chunks: [Int64]) {
    self.panes = panes
    self.cells = cells
    self.chunks = chunks
    merges = cells.emptied
    prefixes = Array(repeating: nil, count: panes.count)
    suffixes = prefixes
    for index in panes.indices {
      let isFirst = index == 0 || chunks[index] != chunks[index - 1]
      prefixes[index] = merge(isFirst ? nil : prefixes[index - 1], panes[index], isFirst: true)
    }
    for index in panes.indices.reversed() {
      let isLast = index == panes.count - 1 || chunks[index] != chunks[index + 1]
      suffixes[index] = merge(isLast ? nil : suffixes[index + 1], panes[index], isFirst: false)
    }
  }

  /// The row of a new merge of a merge and a pane, the merge before or behind it.
  private mutating func merge(_ merged: Int?, _ pane: Int?, isFirst: Bool) -> Int? {
    guard let pane else { return merged }
    let row = merges.appendRow()
    if let merged, isFirst { merges.mergeRow(merged, into: row) }
    merges.merge(pane, of: cells, into: row)
    if let merged, !isFirst { merges.mergeRow(merged, into: row) }
    return row
  }

  /// Appends the merge of the panes of a range that is not empty; false when none of them has a cell. Amortised O(1).
  func append(_ range: ClosedRange<Int>, to output: inout CellColumns) -> Bool {
    let (low, high) = (range.lowerBound, range.upperBound)
    var row: Int?
    func add(_ place: Int?, _ columns: CellColumns) {
      guard let place else { return }
      let target = row ?? output.appendRow()
      output.merge(place, of: columns, into: target)
      row = target
    }
    if chunks[low] == chunks[high] {
      if low == 0 || chunks[low - 1] != chunks[low] {
        add(prefixes[high], merges)
      } else {
        for index in low...high { add(panes[index], cells) }
      }
      return row != nil
    }
    add(suffixes[low], merges)
    var index = low
    // With buckets of unequal length a window can hold a whole chunk.
    while true {
      let chunk = chunks[index]
      while chunks[index] == chunk { index += 1 }
      if chunks[index] == chunks[high] { break }
      var end = index
      while chunks[end + 1] == chunks[index] { end += 1 }
      add(prefixes[end], merges)
      index = end
    }
    add(prefixes[high], merges)
    return row != nil
  }
}
