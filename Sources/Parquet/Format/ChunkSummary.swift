/// What the footer and the page index say of a column chunk: the values of one column in one row group.
struct ChunkSummary {
  /// A data page.
  struct Page {
    /// In the file, the page's header included.
    var offset: Int
    var byteCount: Int
    /// In the row group.
    var firstRow: Int
    var nullCount: Int
    var rowCount: Int
    /// Nil when all values are NULL or cannot be ordered.
    var bounds: Bounds?

    var isAllNull: Bool { nullCount == rowCount }
  }

  var rowCount = 0
  var nullCount = 0
  /// Where the dictionary is in the file; nil when there is none.
  var dictionaryOffset: Int?
  var pages: [Page] = []
  /// How many data pages are coded by the dictionary; the others are plain.
  var dictionaryPages = 0
  /// With the headers of pages.
  var uncompressedBytes = 0
  var compressedBytes = 0

  /// Whether readers can be told the least and the greatest value of each page that has any.
  var isOrdered: Bool { pages.allSatisfy { $0.isAllNull || $0.bounds != nil } }

  /// Those of all pages; nil when there is no value, or one without a place in the order. O(pages).
  var bounds: Bounds? {
    guard isOrdered else { return nil }
    let bounds = pages.compactMap(\.bounds)
    return bounds.dropFirst().reduce(into: bounds.first) { $0?.formUnion($1) }
  }

  /// The first byte of the chunk in the file.
  var offset: Int { dictionaryOffset ?? pages.first?.offset ?? 0 }

  /// The data pages by their encoding.
  var pageCounts: [(encoding: ValueEncoding, count: Int)] {
    [(.dictionary, dictionaryPages), (.plain, pages.count - dictionaryPages)].filter { $0.1 > 0 }
  }
}

/// Where the page index has what it says of a chunk.
struct IndexPlace {
  var offset: Int
  var byteCount: Int
}
