import EventLog
import Model

/// Which of the batches that facts came in revise rows: those that change a cell after its bucket was final.
struct LatePieces {
  private let places: FactPlaces
  private let isFinal: (_ bucketNs: Int64, _ piece: Int) -> Bool
  private let pieceCount: Int

  init(_ columns: FactColumns, _ kpi: CompiledKpi) {
    places = columns.places
    let pieces = columns.pieces
    pieceCount = pieces.count
    isFinal = { kpi.isFinal($0, pieces[$1].watermarkBeforeNs) }
  }

  /// The first piece that came after a bucket was final; nil when none did. O(pieces), O(1) for a bucket that is not
  /// final after the last but one.
  func first(afterFinal bucketNs: Int64) -> Int? {
    guard isFinal(bucketNs, pieceCount - 1) else { return nil }
    return (0..<pieceCount).first { isFinal(bucketNs, $0) }
  }

  /// How many pieces, from `piece` on, have some of the facts of a cell, which are in the order of the log.
  /// Watermarks do not fall. O(facts), O(log pieces) for each piece.
  func count(_ facts: Span<Int32>, from piece: Int) -> UInt32 {
    let firstFact = places.facts(ofPiece: piece).lowerBound
    var (revisions, index, last): (UInt32, Int, Int?) = (0, facts.count - 1, nil)
    while index >= 0, places.isInLog(Int(facts[index]), from: firstFact) {
      if let last, places.isInLog(Int(facts[index]), from: places.facts(ofPiece: last).lowerBound) {
        index -= 1
        continue
      }
      last = places.piece(of: Int(facts[index]), from: piece)
      revisions += 1
      index -= 1
    }
    return revisions
  }
}
