import Bytes
import Model
import Zstd

@testable import EventLog

/// One stream from documents to blocks and back.
struct Pipeline {
  let definition: StreamDefinition
  let schema: StreamSchema
  private var parser: BatchParser
  private var encoder: BlockEncoder

  init(_ definition: StreamDefinition, schema: StreamSchema = StreamSchema()) throws {
    self.definition = definition
    self.schema = schema
    parser = BatchParser(definition: definition, schema: schema)
    encoder = try BlockEncoder()
  }

  init(explodePath: String? = nil, elementTimePath: String? = nil) throws {
    try self.init(
      StreamDefinition(
        name: "test", timePath: "ts", idPath: "id", explodePath: explodePath,
        elementTimePath: elementTimePath))
  }

  /// Parses the documents as one batch, each at its index as position, with `gap` between them.
  mutating func parse(_ documents: [[UInt8]], gap: [UInt8] = []) -> ParsedBatch {
    var batch = DocumentBatch(bytes: [], documents: [], endPosition: Int64(documents.count))
    for (index, document) in documents.enumerated() {
      batch.documents.append(
        DocumentRange(
          start: UInt32(batch.bytes.count), byteCount: UInt32(document.count),
          position: Int64(index)))
      batch.bytes += document + gap
    }
    return parser.parse(batch, range: 0..<documents.count)
  }

  mutating func encode(_ batch: ParsedBatch, keepsWhole: Bool = false) throws -> EncodedBlock {
    try encoder.encode(
      batch,
      BlockPiece(
        firstSeq: 1, eventCount: batch.eventCount, receivedNs: 1, source: "test", actor: ""),
      keepsWhole: keepsWhole)
  }

  mutating func block(_ documents: [[UInt8]], keepsWhole: Bool = false) throws -> EncodedBlock {
    let batch = parse(documents)
    try checkEqual(batch.rejected, [], "rejected")
    return try encode(batch, keepsWhole: keepsWhole)
  }

  /// The documents of a block, read from nothing but its bytes and the schema.
  func documents(of block: EncodedBlock) throws -> [[UInt8]] {
    try BlockContent(block.bytes, schema).documents
  }

  /// Checks that the documents come back byte for byte.
  mutating func checkRoundTrip(_ documents: [[UInt8]]) throws {
    let block = try block(documents)
    try checkSame(try self.documents(of: block), documents)
  }
}

/// Compares documents; tells the first difference.
func checkSame(_ got: [[UInt8]], _ wanted: [[UInt8]]) throws {
  try checkEqual(got.count, wanted.count, "documents")
  for (index, document) in wanted.enumerated() where got[index] != document {
    throw Mismatch(
      description: """
        document \(index) differs
        got    \(String(decoding: got[index], as: UTF8.self))
        wanted \(String(decoding: document, as: UTF8.self))
        """)
  }
}

/// All that a block's bytes hold; reading it touches every section.
struct BlockContent {
  let header: BlockHeader
  var times: [Int64]
  var positions: [Int64]
  var factCounts: [Int64]
  var factTimes: [Int64]
  var columns: [(info: ColumnInfo, values: ColumnValues)] = []
  var documents: [[UInt8]]
  /// Documents that no shape gave back.
  var wholeCount: Int

  init(_ bytes: [UInt8], _ schema: StreamSchema) throws {
    let (header, headerBytes) = try BlockHeader.decode(bytes.rawSpan)
    self.header = header
    let reader = BlockReader(
      header: header, headerBytes: headerBytes,
      pieces: [BlockReader.Piece(start: 0, bytes: bytes)], Watermarks(),
      ZstdDecompressor())
    let state = schema.snapshot()
    times = try reader.times(.times)
    positions = try reader.integers(.positions)
    factCounts = try reader.integers(.factCounts)
    factTimes = try reader.times(.factTimes)
    for (number, info) in state.columns.enumerated() {
      if let values = try reader.column(Int32(number), info) { columns.append((info, values)) }
    }
    let rendered = try DocumentRenderer.documents(
      reader, columns: state.columns, program: ShapeProgram(state.trie.shapes))
    documents = rendered.ends.indices.map { Array(rendered.bytes[rendered.range($0)]) }
    let all = documents
    let some = Array(stride(from: all.count / 2 % 3, to: all.count, by: 3))
    let ofSome = try DocumentRenderer.documents(
      reader, columns: state.columns, program: ShapeProgram(state.trie.shapes), of: some)
    try checkSame(
      ofSome.ends.indices.map { Array(ofSome.bytes[ofSome.range($0)]) },
      some.map { all[$0] })
    wholeCount = try reader.integers(.shapes).count { $0 == Int64(Shape.none) }
  }
}

func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }
