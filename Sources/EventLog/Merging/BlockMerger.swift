import Bytes
import LMDB
import Model
import Zstd

/// The documents of some blocks, and what they gave.
struct MergeInput {
  let merged: [BlockSummary]
  let stream: EventStream
  fileprivate let stored: Stored
}

/// A block that others were merged to, and what it takes the place of.
struct MergedBlock {
  let merged: [BlockSummary]
  let block: EncodedBlock
  let pieces: [BlockPiece]
  let stream: EventStream
}

/// Makes one block of several: their documents are written again and read once more, as if they had come in together, and
/// what comes of it is compared with what there was. Sequence numbers, sources and times of arrival stay those of each
/// piece. One a thread.
struct BlockMerger {
  private var encoder: BlockEncoder
  private let decompressor: ZstdDecompressor
  private var rendered = BlockDocuments()

  init() throws {
    encoder = try BlockEncoder()
    decompressor = ZstdDecompressor()
  }

  /// Reads blocks of a stream, of which each follows the one before. Throws ``DamageError`` when one cannot be read.
  /// O(bytes).
  mutating func read(
    _ merged: [BlockSummary], of stream: EventStream, _ store: BlockStore,
    _ transaction: borrowing ReadTransaction
  ) throws -> MergeInput {
    precondition(merged.count > 1, "one block cannot be merged")
    let state = stream.schema.snapshot()
    let program = ShapeProgram(state.trie.shapes)
    var stored = Stored()
    for summary in merged {
      let reader = try store.reader(summary, transaction, decompressor)
      try DocumentRenderer.render(
        reader, columns: state.columns, program: program, into: &rendered)
      try stored.add(reader, rendered)
      try Cancellation.check()
    }
    return MergeInput(merged: merged, stream: stream, stored: stored)
  }

  /// Makes one block of them. Throws ``DamageError`` when their documents do not give what was stored. O(bytes).
  mutating func merge(_ input: consuming MergeInput) throws -> MergedBlock {
    let (merged, stream, stored) = (input.merged, input.stream, input.stored)
    let batch = DocumentBatch(bytes: stored.bytes, documents: stored.documents, endPosition: 0)
    var parser = BatchParser(definition: stream.definition, schema: stream.schema)
    let parsed = parser.parse(batch, range: 0..<stored.documents.count)
    try stored.requireSame(parsed, merged)
    var block = try encoder.encode(parsed, pieces: stored.pieces)
    if try !block.givesBack(parsed, &rendered, decompressor) {
      block = try encoder.encode(parsed, pieces: stored.pieces, keepsWhole: true)
    }
    return MergedBlock(merged: merged, block: block, pieces: stored.pieces, stream: stream)
  }
}

/// What blocks have, one after the other.
private struct Stored {
  var bytes: [UInt8] = []
  var documents: [DocumentRange] = []
  var pieces: [BlockPiece] = []
  private var times: [Int64] = []
  private var timeFormats: [Int64] = []
  private var factCounts: [Int64] = []
  private var factTimes: [Int64] = []
  /// How many values each column has.
  private var valueCounts: [Int32: Int] = [:]

  /// Adds a block, whose documents were written again.
  mutating func add(_ reader: BlockReader, _ rendered: BlockDocuments) throws {
    pieces += try reader.blockPieces()
    let positions = try reader.integers(.positions)
    guard positions.count == rendered.ends.count else { throw reader.damage }
    let start = bytes.count
    bytes += rendered.bytes[..<(rendered.ends.last ?? 0)]
    for (index, position) in positions.enumerated() {
      let range = rendered.range(index)
      documents.append(
        DocumentRange(
          start: UInt32(start + range.lowerBound), byteCount: UInt32(range.count),
          position: position))
    }
    times += try reader.times(.times)
    timeFormats += try reader.integers(.timeFormats)
    factCounts += try reader.integers(.factCounts)
    factTimes += try reader.times(.factTimes)
    for section in reader.header.sections where section.kind == .column {
      valueCounts[section.column, default: 0] += section.valueCount
    }
  }

  /// What a document means is a function of its bytes and the stream's definition, which has to give the same again.
  func requireSame(_ parsed: borrowing ParsedBatch, _ merged: [BlockSummary]) throws {
    var counts: [Int32: Int] = [:]
    for index in parsed.columns.indices where !parsed.columns[index].values.isEmpty {
      counts[Int32(index)] = parsed.columns[index].values.count
    }
    let isSame =
      parsed.rejected.isEmpty && parsed.times == times && parsed.timeFormats == timeFormats
      && parsed.factCounts == factCounts && parsed.factTimes == factTimes
      && counts == valueCounts
    if !isSame {
      throw DamageError(
        what: "blocks whose documents do not give the facts that they have, and were not merged",
        firstSeq: merged.first?.firstSeq, lastSeq: merged.last?.lastSeq)
    }
  }
}
