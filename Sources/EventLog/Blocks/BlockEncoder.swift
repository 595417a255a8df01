import Bytes
import Checksum
import Model
import Zstd

/// Turns a parsed batch into a block's bytes. One a thread.
struct BlockEncoder {
  private let compressor: ZstdCompressor
  private var body: [UInt8] = []
  private var sections: [BlockHeader.Section] = []

  /// Documents kept whole are compressed in frames of about this size, so that reading one does not
  /// decompress them all.
  static let frameBytes = 1 << 20

  init() throws { compressor = try ZstdCompressor(level: 1) }

  /// The block of all events of `batch`, which has at least one. O(bytes).
  ///
  /// With `keepsWhole` no document is rebuilt from its shape: all are kept as they came.
  mutating func encode(
    _ batch: borrowing ParsedBatch, _ piece: BlockPiece, keepsWhole: Bool = false
  ) throws -> EncodedBlock {
    precondition(batch.eventCount == piece.eventCount, "a block has other events than its batch")
    return try encode(batch, keepsWhole: keepsWhole, Self.originalBytes(batch)) { header in
      header.firstSeq = piece.firstSeq
      header.receivedNs = piece.receivedNs
      header.reachNs = piece.reachNs
      header.source = piece.source
      header.actor = piece.actor
    }
  }

  /// The block of the events of `pieces`, which `batch` has. `originalBytes` are those of the documents, where the batch does
  /// not have them all. O(bytes).
  mutating func encode(
    _ batch: borrowing ParsedBatch, pieces: [BlockPiece], keepsWhole: Bool = false,
    originalBytes: UInt64? = nil
  ) throws -> EncodedBlock {
    precondition(
      pieces.count > 1 && batch.eventCount == pieces.reduce(0) { $0 + $1.eventCount },
      "a merged block has other events than its pieces")
    let byteCount = originalBytes ?? Self.originalBytes(batch)
    return try encode(batch, keepsWhole: keepsWhole, byteCount, pieces) { header in
      header.firstSeq = pieces[0].firstSeq
      header.receivedNs = pieces[pieces.count - 1].receivedNs
    }
  }

  private mutating func encode(
    _ batch: borrowing ParsedBatch, keepsWhole: Bool, _ originalBytes: UInt64,
    _ pieces: [BlockPiece] = [], _ address: (inout BlockHeader) -> Void
  ) throws -> EncodedBlock {
    body.removeAll(keepingCapacity: true)
    sections.removeAll(keepingCapacity: true)
    let shapes =
      keepsWhole ? Array(repeating: Int64(Shape.none), count: batch.eventCount) : batch.shapes
    times(.times, batch.times)
    integers(.timeFormats, batch.timeFormats)
    integers(.shapes, shapes)
    integers(.positions, batch.positions)
    if batch.isExploded {
      integers(.factCounts, batch.factCounts)
      times(.factTimes, batch.factTimes)
      integers(.factTimeFormats, batch.factTimeFormats)
      integers(.factShapes, batch.factShapes)
    }
    let infos = batch.schema.snapshot().columns
    for index in batch.columns.indices where !batch.columns[index].values.isEmpty {
      let rowCount = infos[index].isElement ? batch.factCount : batch.eventCount
      try column(batch.columns[index], Int32(index), rowCount, batch.bytes.rawSpan)
    }
    try wholeDocuments(batch, shapes)
    if !pieces.isEmpty {
      let start = body.count
      PieceCoding.encode(pieces, times: batch.times, into: &body)
      close(.pieces, valueCount: pieces.count, from: start)
    }
    let (low, high) = Self.timeRange(batch)
    var header = BlockHeader(
      streamId: batch.definition.id, firstSeq: 0, eventCount: batch.eventCount,
      factCount: batch.factCount, isExploded: batch.isExploded, receivedNs: 0,
      minTimeNs: low, maxTimeNs: high, originalBytes: originalBytes, source: "",
      actor: "", sections: sections)
    address(&header)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(body.count + 64 + 32 * sections.count)
    header.encode(into: &bytes)
    let headerBytes = bytes.count
    bytes.append(contentsOf: body)
    return EncodedBlock(header: header, headerBytes: headerBytes, bytes: bytes)
  }

  private static func originalBytes(_ batch: borrowing ParsedBatch) -> UInt64 {
    var total: UInt64 = 0
    for index in batch.documents.indices { total += UInt64(batch.documents[index] & 0xFFFF_FFFF) }
    return total
  }

  /// The earliest and the latest time of the events and their facts.
  private static func timeRange(_ batch: borrowing ParsedBatch) -> (Int64, Int64) {
    var low = Int64.max
    var high = Int64.min
    for index in batch.times.indices {
      low = min(low, batch.times[index])
      high = max(high, batch.times[index])
    }
    for index in batch.factTimes.indices {
      low = min(low, batch.factTimes[index])
      high = max(high, batch.factTimes[index])
    }
    return (low, high)
  }

  private mutating func close(
    _ kind: BlockHeader.Section.Kind, column: Int32 = 0, valueCount: Int, from start: Int
  ) {
    sections.append(
      BlockHeader.Section(
        kind: kind, column: column, valueCount: valueCount, range: start..<body.count,
        checksum: checksum(body.rawSpan(start..<body.count))))
  }

  private mutating func integers(
    _ kind: BlockHeader.Section.Kind, _ values: borrowing [Int64]
  ) {
    let start = body.count
    IntegerCoding.encode(values, into: &body)
    close(kind, valueCount: values.count, from: start)
  }

  private mutating func times(_ kind: BlockHeader.Section.Kind, _ values: borrowing [Int64]) {
    let start = body.count
    TimeCoding.encode(values, into: &body)
    close(kind, valueCount: values.count, from: start)
  }

  private mutating func column(
    _ column: borrowing ColumnBuilder, _ number: Int32, _ rowCount: Int, _ bytes: RawSpan
  ) throws {
    let start = body.count
    try presence(column, rowCount)
    switch column.kind {
    case .number:
      NumberCoding.encode(column.values, column.scales, into: &body)
    case .string, .opaque:
      if let entries = column.dictionary?.entries {
        try StringCoding.encode(
          entries: entries.map(Self.place), codes: column.values, of: bytes, compressor,
          into: &body)
      } else {
        try StringCoding.encode(
          values: column.values.map(Self.place), of: bytes, compressor, into: &body)
      }
    default:
      IntegerCoding.encode(column.values, into: &body)
    }
    close(.column, column: number, valueCount: column.values.count, from: start)
  }

  @inline(__always)
  private static func place(_ packed: Int64) -> Range<Int> {
    let start = Int(packed >> 32)
    return start..<start + Int(packed & 0xFFFF_FFFF)
  }

  /// Appends 0 when every row has a value, else 1 and the compressed bitmap of the rows that have one.
  private mutating func presence(_ column: borrowing ColumnBuilder, _ rowCount: Int) throws {
    if column.values.count == rowCount { return body.append(0) }
    var words = column.presence.words
    if !column.hasGaps {
      words = (0..<(column.values.count + 63) / 64).map { word in
        let rest = column.values.count - 64 * word
        return rest >= 64 ? .max : (1 << UInt64(rest)) - 1
      }
    }
    words += Array(repeating: 0, count: (rowCount + 63) / 64 - words.count)
    var bitmap: [UInt8] = []
    bitmap.reserveCapacity(words.count * 8)
    for word in words { bitmap.append(littleEndian: word) }
    var frame: [UInt8] = []
    try compressor.compress(bitmap.rawSpan, into: &frame)
    body.append(1)
    body.append(varint: UInt64(frame.count))
    body.append(contentsOf: frame)
  }

  /// Appends the documents that no shape gives back, in frames.
  private mutating func wholeDocuments(
    _ batch: borrowing ParsedBatch, _ shapes: borrowing [Int64]
  ) throws {
    let start = body.count
    var frame: [Range<Int>] = []
    var frameBytes = 0
    var count = 0
    for index in shapes.indices where shapes[index] == Int64(Shape.none) {
      frame.append(Self.place(batch.documents[index]))
      frameBytes += frame[frame.count - 1].count
      count += 1
      if frameBytes >= Self.frameBytes {
        try closeFrame(&frame, batch)
        frameBytes = 0
      }
    }
    if !frame.isEmpty { try closeFrame(&frame, batch) }
    if count > 0 { close(.documents, valueCount: count, from: start) }
  }

  private mutating func closeFrame(
    _ frame: inout [Range<Int>], _ batch: borrowing ParsedBatch
  ) throws {
    body.append(varint: UInt64(frame.count))
    try StringCoding.encodeBytes(frame, of: batch.bytes.rawSpan, compressor, into: &body)
    frame.removeAll(keepingCapacity: true)
  }
}

/// A block ready to be stored.
struct EncodedBlock {
  var header: BlockHeader
  var headerBytes: Int
  /// Header and sections.
  var bytes: [UInt8]
  /// Hashes of the documents, by which their repetitions are told; empty for a stream without ids.
  var documentHashes: [UInt64] = []
}
