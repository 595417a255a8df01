import LMDB
import Model
import Zstd

/// Reads the documents of a stream's blocks by another definition of it, a block at a time. One a thread.
struct BlockRereader {
  let stream: EventStream
  private let before: EventStream
  private var columns: [ColumnInfo] = []
  private var shapeCount = 0
  private var program = ShapeProgram([])
  private var parser: BatchParser
  private var encoder: BlockEncoder
  private let decompressor = ZstdDecompressor()
  private var rendered = BlockDocuments()
  private var proof = BlockDocuments()

  /// `before` is the stream as the blocks are written, `after` the one that they are read by; its schema learns.
  init(from before: EventStream, to after: EventStream) throws {
    self.before = before
    stream = after
    parser = BatchParser(
      definition: after.definition, schema: after.schema, timeWords: .clauses)
    encoder = try BlockEncoder()
  }

  /// Takes over what was learned of the stream since.
  private mutating func refresh() {
    let state = before.schema.snapshot()
    columns = state.columns
    if state.trie.shapes.count == shapeCount { return }
    shapeCount = state.trie.shapes.count
    program = ShapeProgram(state.trie.shapes)
  }

  /// What the documents of a block give now, with their positions of before, what came in together, and whether their
  /// times are those that the block has. Throws
  /// ``StreamAlterationError`` when one is no event any more, ``DamageError`` when the block cannot be read. O(bytes).
  mutating func read(
    _ summary: BlockSummary, _ store: BlockStore, _ transaction: borrowing ReadTransaction
  ) throws -> (batch: ParsedBatch, pieces: [BlockPiece], hasSameTimes: Bool) {
    let reader = try store.reader(summary, transaction, decompressor)
    refresh()
    try DocumentRenderer.render(reader, columns: columns, program: program, into: &rendered)
    let positions = try reader.integers(.positions)
    guard positions.count == rendered.ends.count, positions.count == summary.eventCount,
      rendered.bytes.count <= UInt32.max
    else { throw reader.damage }
    // A refused document names its place, so that of the block takes the place of its own.
    let documents = rendered.ends.indices.map { index in
      let range = rendered.range(index)
      return DocumentRange(
        start: UInt32(range.lowerBound), byteCount: UInt32(range.count), position: Int64(index))
    }
    var batch = parser.parse(
      DocumentBatch(bytes: rendered.bytes, documents: documents, endPosition: 0),
      range: 0..<documents.count)
    let pieces = try reader.blockPieces()
    if let first = batch.rejected.min(by: { $0.position < $1.position }) {
      let seq = EventSeqs(pieces)[Int(first.position)]
      throw StreamAlterationError.unreadable(
        stream.name, count: batch.rejected.count, firstSeq: seq, reason: first.reason)
    }
    batch.positions = positions
    return (batch, pieces, try reader.hasTimes(of: batch))
  }

  /// The block of what ``read(_:_:_:)`` gave. O(bytes).
  mutating func encode(
    _ batch: borrowing ParsedBatch, _ pieces: [BlockPiece]
  ) throws -> EncodedBlock {
    let block = try encode(batch, pieces, keepsWhole: false)
    if try block.givesBack(batch, &proof, decompressor) { return block }
    return try encode(batch, pieces, keepsWhole: true)
  }

  private mutating func encode(
    _ batch: borrowing ParsedBatch, _ pieces: [BlockPiece], keepsWhole: Bool
  ) throws -> EncodedBlock {
    pieces.count == 1
      ? try encoder.encode(batch, pieces[0], keepsWhole: keepsWhole)
      : try encoder.encode(batch, pieces: pieces, keepsWhole: keepsWhole)
  }
}

extension BlockReader {
  /// Whether the times of events and facts are those of `batch`, in the same forms: a block is rendered by these.
  /// O(facts).
  fileprivate func hasTimes(of batch: borrowing ParsedBatch) throws -> Bool {
    try times(.times) == batch.times && integers(.timeFormats) == batch.timeFormats
      && integers(.factCounts) == batch.factCounts && times(.factTimes) == batch.factTimes
      && integers(.factTimeFormats) == batch.factTimeFormats
  }
}

extension StreamAlterationError {

  fileprivate static func unreadable(
    _ name: String, count: Int, firstSeq: UInt64, reason: String
  ) -> StreamAlterationError {
    StreamAlterationError(
      "stream \(name) would lose at least \(count == 1 ? "1 event" : "\(count) events"), the first "
        + "is seq \(firstSeq): \(reason); nothing was changed. Take a mapping that fits all of "
        + "its documents, or define another stream, and read those that fit into it: "
        + "nilo events --stream \(name) | nilo ingest --stream NAME -")
  }
}
