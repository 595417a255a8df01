extension ChunkSummary {
  /// The least and the greatest value of each page, by which readers pass over pages; nil when a page has values without
  /// an order. O(pages).
  var columnIndex: [UInt8]? {
    guard isOrdered else { return nil }
    return CompactWriter.structure { index in
      index.field(1, booleans: pages.map(\.isAllNull))
      index.field(2, binaries: pages.map { $0.bounds?.least.bytes ?? [] })
      index.field(3, binaries: pages.map { $0.bounds?.greatest.bytes ?? [] })
      index.field(4, int32: boundaryOrder.rawValue)
      index.field(5, int64s: pages.map(\.nullCount))
    }
  }

  /// Where each page is, and its first row. O(pages).
  var offsetIndex: [UInt8] {
    CompactWriter.structure { index in
      index.field(1, structures: pages) { place, page in
        place.field(1, int64: page.offset)
        place.field(2, int32: page.byteCount)
        place.field(3, int64: page.firstRow)
      }
    }
  }

  private enum BoundaryOrder: Int {
    case unordered = 0
    case ascending = 1
    case descending = 2
  }

  /// How the bounds of pages follow each other, those that are all NULL left out.
  private var boundaryOrder: BoundaryOrder {
    let bounds = pages.compactMap(\.bounds)
    let pairs = zip(bounds, bounds.dropFirst())
    func holds(_ isInOrder: (Bound, Bound) -> Bool) -> Bool {
      pairs.allSatisfy { isInOrder($0.least, $1.least) && isInOrder($0.greatest, $1.greatest) }
    }
    if holds({ !($1 < $0) }) { return .ascending }
    return holds { !($0 < $1) } ? .descending : .unordered
  }
}
