import Bytes
import Testing
import Zstd

@testable import EventLog

/// A block that is made of the columns of others has all that they have, and whatever it would lack is noticed.
@Suite struct MergedColumnsTests {
  private struct Blocks {
    var pipeline: Pipeline
    var documents: [[UInt8]] = []
    var merged: MergedColumns
    let block: EncodedBlock

    /// Random documents of a random stream, in some blocks, some of which keep all of them whole.
    init(_ random: inout SeededGenerator) throws {
      let generator = JSONGenerator(JSONGenerator.definition(&random), &random)
      pipeline = try Pipeline(generator.definition)
      var encoder = try BlockEncoder()
      var blocks: [EncodedBlock] = []
      for _ in 0..<random.within(2...6) {
        let some = (0..<random.within(1...random.pick([2, 30]))).map { _ in
          generator.document(&random).0
        }
        let batch = pipeline.parse(some)
        try checkEqual(batch.rejected, [], "rejected")
        let piece = BlockPiece(
          firstSeq: UInt64(documents.count + blocks.count + 1), eventCount: batch.eventCount,
          receivedNs: Int64(blocks.count + 1), source: "\(blocks.count)", actor: "")
        blocks.append(try encoder.encode(batch, piece, keepsWhole: random.oneIn(6)))
        documents += some
      }
      // Columns and shapes that later blocks have brought are known when they are merged.
      merged = MergedColumns(pipeline.definition, pipeline.schema)
      for block in blocks { try merged.add(BlockReader(block, ZstdDecompressor())) }
      block = try encoder.encode(
        merged.batch, pieces: merged.pieces, originalBytes: merged.originalBytes)
    }
  }

  @Test func theBlockHasAllThatThereWas() {
    rounds(300) { random in
      var blocks = try Blocks(&random)
      try check(try blocks.block.holds(blocks.merged, ZstdDecompressor()), "it lacks something")
      try checkSame(try blocks.pipeline.documents(of: blocks.block), blocks.documents)
      // The same as if the documents had come in together.
      let together = try BlockContent(
        blocks.pipeline.block(blocks.documents).bytes, blocks.pipeline.schema)
      let content = try BlockContent(blocks.block.bytes, blocks.pipeline.schema)
      try checkEqual(content.times, together.times, "times")
      try checkEqual(content.factCounts, together.factCounts, "counts of facts")
      try checkEqual(content.factTimes, together.factTimes, "times of facts")
      try checkEqual(content.columns.map(\.info), together.columns.map(\.info), "columns")
      for (one, other) in zip(content.columns, together.columns) {
        try checkEqual(one.values.count, other.values.count, "values of \(one.info.path)")
        try checkEqual(texts(one.values), texts(other.values), "values of \(one.info.path)")
      }
    }
  }

  private func texts(_ values: ColumnValues) -> [String] {
    (0..<values.count).map { index in
      switch values.kind {
      case .number: "\(values.numbers.mantissas[index]) \(values.numbers.scale(index))"
      case .string, .opaque:
        String(decoding: values.strings.bytes[values.strings.range(index)], as: UTF8.self)
      default: "\(values.integers[index])"
      }
    }
  }

  private func change(_ batch: inout ParsedBatch, _ body: (inout ParsedBatch) -> Void) {
    body(&batch)
  }

  /// Any value that is not the one that was there is noticed.
  @Test func whatIsNotTheSameIsNoticed() {
    rounds(300) { random in
      let blocks = try Blocks(&random)
      var other = blocks.merged
      let event = random.below(other.batch.eventCount)
      let columns = other.batch.columns.indices.filter { !other.batch.columns[$0].values.isEmpty }
      let column = columns.isEmpty ? nil : random.pick(columns)
      switch (random.below(4), column) {
      case (0, _), (_, nil): change(&other.batch) { $0.times[event] += 1 }
      case (1, _): change(&other.batch) { $0.positions[event] += 1 }
      case (2, let column?):
        change(&other.batch) { batch in
          let row = random.below(batch.columns[column].values.count)
          switch batch.columns[column].kind {
          case .string, .opaque:
            // One byte longer.
            let code = batch.columns[column].values[row]
            let place = batch.columns[column].dictionary?.entries[Int(code)] ?? code
            batch.columns[column].dropDictionary()
            batch.columns[column].values[row] =
              Int64(batch.bytes.count) << 32 | place & 0xFFFF_FFFF + 1
            batch.bytes += Array(repeating: 0, count: Int(place & 0xFFFF_FFFF) + 1)
          default: batch.columns[column].values[row] ^= 1
          }
        }
      case (_, let column?): change(&other.batch) { $0.columns[column].values.removeLast() }
      }
      try check(!(try blocks.block.holds(other, ZstdDecompressor())), "it was not noticed")
    }
  }
}
