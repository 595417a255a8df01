import EventLog
import Model

/// A block cut so that each part counts the revisions of final rows as its batches did when they came in: a batch that
/// changed a final row is a part by itself. All others together change none, so that it does not matter how they are cut.
///
/// A block that was not merged is one part.
struct LateParts {
  struct Part {
    var selection: FactSelection
    /// The stream's watermark before it.
    var watermarkNs: Int64?
  }

  private(set) var parts: [Part] = []

  /// The events of `block`, which may have been merged with others since it was listed. O(facts) of a merged block; and
  /// each part is folded in O(its facts + cells of the block), but for filters, which look at all facts each time.
  init(_ columns: FactColumns, _ kpi: CompiledKpi, within block: StoredBlock) throws {
    let pieces = columns.pieces
    if pieces.count == 1 {
      parts = [
        Part(selection: FactSelection().within(block), watermarkNs: pieces[0].watermarkBeforeNs)
      ]
      return
    }
    let times = try columns.times()
    var (cursor, isOpen) = (BucketCursor(kpi.buckets), false)
    for (number, piece) in pieces.enumerated() {
      let facts = columns.places.facts(ofPiece: number)
      guard piece.firstSeq >= block.firstSeq, piece.lastSeq <= block.lastSeq else { continue }
      let earliest = times[facts].min()
      let isLate =
        earliest.map { kpi.isFinal(cursor.start(of: $0), piece.watermarkBeforeNs) } ?? false
      if isOpen, !isLate {
        let begun = parts[parts.count - 1].selection.facts?.lowerBound ?? 0
        parts[parts.count - 1].selection.facts = begun..<facts.upperBound
        continue
      }
      var selection = FactSelection()
      selection.facts = facts
      parts.append(Part(selection: selection, watermarkNs: piece.watermarkBeforeNs))
      isOpen = !isLate
    }
  }
}
