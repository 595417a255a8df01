import Bytes
import Zstd

/// The values of one column in one row group, as pages that are compressed one by one while values come.
struct ColumnChunk {
  private let column: ParquetColumn
  private let options: ParquetOptions
  private var words: WordBuffer
  private var strings: StringBuffer
  /// Rows of the page that is on its way, and how many of them have no value.
  private var pageRows = 0
  private var pageNulls = 0
  /// For each row of the page 1 if it has a value, else 0. While all rows have one nothing is kept.
  private var levels: [UInt64] = []
  /// The pages that are done, with their headers.
  private var pages: [UInt8] = []
  /// Offsets are those in `pages` until the chunk has its place.
  private var summary = ChunkSummary()

  init(_ column: ParquetColumn, _ options: ParquetOptions) {
    (self.column, self.options) = (column, options)
    words = WordBuffer(column.kind, maxDictionaryBytes: options.maxDictionaryBytes)
    strings = StringBuffer(maxDictionaryBytes: options.maxDictionaryBytes)
  }

  /// About what it holds.
  var byteCount: Int {
    pages.count + 8 * levels.count + (column.kind == .string ? strings.byteCount : words.byteCount)
  }

  /// To be called before the first values of another batch.
  mutating func beginBatch() { strings.beginBatch() }

  /// Adds rows of a batch, whose next value is `next`. O(bytes). Throws `ZstdError`.
  mutating func append(
    _ batch: ParquetValues, rows: Range<Int>, next: inout Int, _ compressor: ZstdCompressor
  ) throws {
    let sliceRows = sliceRows(batch)
    var row = rows.lowerBound
    while row < rows.upperBound {
      let end = min(rows.upperBound, row + min(sliceRows, options.pageRows - pageRows))
      let count = batch.presence.count(in: row..<end)
      precondition(
        column.isOptional || count == end - row, "a row of \(column.name) is without a value")
      appendLevels(batch.presence, row..<end, count)
      append(batch.values, next..<next + count)
      next += count
      row = end
      if pageRows == options.pageRows || strings.isFull(maxBytes: options.pageBytes) {
        try endPage(compressor)
      }
    }
  }

  /// So many rows at a time that their strings are not much more than a page's, however long they are.
  private func sliceRows(_ batch: ParquetValues) -> Int {
    let ends: [UInt32]
    switch batch.values {
    case .strings(let strings): ends = strings.ends
    case .labels(_, let names): ends = names.ends
    default: return options.pageRows
    }
    var (longest, start) = (1, UInt32(0))
    for end in ends {
      longest = max(longest, Int(end - start))
      start = end
    }
    return min(options.pageRows, max(1, options.pageBytes / longest))
  }

  private mutating func appendLevels(_ presence: Presence, _ rows: Range<Int>, _ count: Int) {
    if count < rows.count || !levels.isEmpty {
      levels.append(contentsOf: repeatElement(1, count: pageRows - levels.count))
      for row in rows { levels.append(presence[row] ? 1 : 0) }
    }
    pageRows += rows.count
    pageNulls += rows.count - count
  }

  private mutating func append(_ values: ParquetValues.Values, _ range: Range<Int>) {
    switch (values, column.kind) {
    case (.integers(let values), .int64), (.integers(let values), .timestampMicros):
      words.append(values[range])
    case (.doubles(let values), .double):
      words.append(values[range].lazy.map { Int64(bitPattern: $0.bitPattern) })
    case (.booleans(let values), .boolean):
      words.append(values[range].lazy.map { $0 ? 1 : 0 })
    case (.strings(let values), .string): strings.append(values, range)
    case (.labels(let codes, let names), .string): strings.append(codes[range], of: names)
    // A batch without any value is of no kind.
    default: precondition(range.isEmpty, "values of \(column.name) are of another kind")
    }
  }

  private mutating func endPage(_ compressor: ZstdCompressor) throws {
    if pageRows == 0 { return }
    var body: [UInt8] = []
    if column.isOptional {
      var runs: [UInt8] = []
      if pageNulls == 0 || pageNulls == pageRows {
        HybridCoding.repeatValue(pageNulls == 0 ? 1 : 0, count: pageRows, 1, into: &runs)
      } else {
        HybridCoding.encode(levels, width: 1, into: &runs)
      }
      body.append(littleEndian: UInt32(runs.count))
      body.append(contentsOf: runs)
    }
    let bounds = column.kind == .string ? strings.bounds : words.bounds
    let isFirst = summary.pages.isEmpty
    let encoding =
      column.kind == .string
      ? strings.encode(isFirst: isFirst, into: &body) : words.encode(into: &body)
    let page = try page(body, .data, encoding, valueCount: pageRows, compressor)
    summary.pages.append(
      ChunkSummary.Page(
        offset: pages.count, byteCount: page.count, firstRow: summary.rowCount,
        nullCount: pageNulls, rowCount: pageRows, bounds: bounds))
    pages.append(contentsOf: page)
    if encoding == .dictionary { summary.dictionaryPages += 1 }
    summary.rowCount += pageRows
    summary.nullCount += pageNulls
    (pageRows, pageNulls) = (0, 0)
    levels.removeAll(keepingCapacity: true)
  }

  /// A page with its header, counted in the summary.
  private mutating func page(
    _ body: [UInt8], _ kind: PageKind, _ encoding: ValueEncoding, valueCount: Int,
    _ compressor: ZstdCompressor
  ) throws -> [UInt8] {
    var compressed: [UInt8] = []
    try compressor.compress(body.rawSpan, into: &compressed)
    var page = PageHeader(
      kind: kind, encoding: encoding, valueCount: valueCount, uncompressedBytes: body.count,
      compressedBytes: compressed.count
    ).bytes
    summary.uncompressedBytes += page.count + body.count
    page.append(contentsOf: compressed)
    summary.compressedBytes += page.count
    return page
  }

  /// The chunk's bytes, which stand from `offset` on in the file, and what is to be said of it. O(bytes).
  mutating func finish(
    at offset: Int, _ compressor: ZstdCompressor
  ) throws -> (bytes: [UInt8], summary: ChunkSummary) {
    try endPage(compressor)
    var bytes: [UInt8] = []
    if summary.dictionaryPages > 0 {
      summary.dictionaryOffset = offset
      let (entryCount, body) = dictionaryBody
      bytes = try page(body, .dictionary, .plain, valueCount: entryCount, compressor)
    }
    for index in summary.pages.indices { summary.pages[index].offset += offset + bytes.count }
    bytes.append(contentsOf: pages)
    return (bytes, summary)
  }

  private var dictionaryBody: (entryCount: Int, bytes: [UInt8]) {
    var body: [UInt8] = []
    if let entries = strings.dictionary?.entries, column.kind == .string {
      for index in entries.indices { body.append(plain: entries, index) }
      return (entries.count, body)
    }
    let entries = words.dictionary?.entries ?? []
    body.append(littleEndian: entries.span)
    return (entries.count, body)
  }
}
