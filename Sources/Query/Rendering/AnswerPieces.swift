/// One form of an answer, written from its beginning to its end.
protocol AnswerRendering: Sendable {
  /// What stands before the rows.
  mutating func begin(_ pieces: inout Pieces)
  /// Writes rows until there are none left or `pieces` are large, and gives the first that is not written.
  mutating func write(rows: Range<Int>, _ pieces: inout Pieces) -> Int
  /// What stands after the rows.
  mutating func end(_ pieces: inout Pieces)
}

/// A form that is written a row at a time.
protocol RowRendering: AnswerRendering {
  mutating func write(row: Int, _ pieces: inout Pieces)
}

extension RowRendering {
  mutating func write(rows: Range<Int>, _ pieces: inout Pieces) -> Int {
    for row in rows {
      write(row: row, &pieces)
      if pieces.isLarge { return row + 1 }
    }
    return rows.upperBound
  }
}

/// What has no rows, but only done something.
struct MessageRendering: RowRendering {
  var begins: @Sendable (inout Pieces) -> Void

  func begin(_ pieces: inout Pieces) { begins(&pieces) }
  func write(row: Int, _ pieces: inout Pieces) {}
  func end(_ pieces: inout Pieces) {}
}

/// An answer in pieces of some 64 KiB, for who takes them at a pace of their own. O(values); memory for one piece.
public struct AnswerPieces: Sequence, IteratorProtocol, Sendable {
  private var rendering: any AnswerRendering
  private let rowCount: Int
  private var nextRow = 0
  private var hasBegun = false
  private var hasEnded = false

  init(_ rendering: any AnswerRendering, rowCount: Int) {
    (self.rendering, self.rowCount) = (rendering, rowCount)
  }

  /// The next piece, which is not empty; nil when all were given.
  public mutating func next() -> [UInt8]? {
    guard !hasEnded else { return nil }
    var pieces = Pieces()
    if !hasBegun { rendering.begin(&pieces) }
    hasBegun = true
    if !pieces.isLarge { nextRow = rendering.write(rows: nextRow..<rowCount, &pieces) }
    if nextRow == rowCount, !pieces.isLarge {
      rendering.end(&pieces)
      hasEnded = true
    }
    return pieces.bytes.isEmpty ? nil : pieces.bytes
  }
}
