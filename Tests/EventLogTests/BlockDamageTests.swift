import Bytes
import Testing
import Zstd

@testable import EventLog

@Suite struct BlockDamageTests {
  /// Any changed byte of a block is found by whoever reads all of it.
  @Test(arguments: [nil, "items"])
  func everyChangedByteIsFound(explodePath: String?) {
    rounds(8) { random in
      let definition = StreamDefinition(
        name: "test", timePath: "ts", idPath: "id", explodePath: explodePath,
        elementTimePath: explodePath.map { $0 + ".t" })
      let generator = JSONGenerator(definition, &random)
      var pipeline = try Pipeline(definition)
      let documents = (0..<random.within(1...4)).map { _ in generator.document(&random).0 }
      let block = try pipeline.block(documents)
      try checkSame(try pipeline.documents(of: block), documents)
      for place in block.bytes.indices {
        var bytes = block.bytes
        bytes[place] ^= random.oneIn(2) ? UInt8(random.within(1...255)) : 1 << random.below(8)
        try checkThrows(bytes, pipeline.schema, "byte \(place) of \(bytes.count) changed")
      }
    }
  }

  @Test func everyTruncationIsFound() {
    rounds(3) { random in
      let generator = JSONGenerator(JSONGenerator.definition(&random), &random)
      var pipeline = try Pipeline(generator.definition)
      let block = try pipeline.block((0..<3).map { _ in generator.document(&random).0 })
      for count in 0..<block.bytes.count {
        try checkThrows(Array(block.bytes.prefix(count)), pipeline.schema, "cut at \(count)")
      }
    }
  }

  private func checkThrows(_ bytes: [UInt8], _ schema: StreamSchema, _ what: String) throws {
    do {
      _ = try BlockContent(bytes, schema)
    } catch is MalformedBytes {
      return
    } catch is DamageError {
      return
    }
    throw Mismatch(description: "\(what), and nothing is told")
  }

  /// Sections that are each sound but come from another block must not be mixed up silently.
  @Test func shapesThatAreUnknownAreDamage() throws {
    var pipeline = try Pipeline()
    let documents = [utf8(#"{"ts":1700000000,"a":1}"#)]
    let block = try pipeline.block(documents)
    #expect(throws: DamageError.self) { try BlockContent(block.bytes, StreamSchema()).documents }
  }

  /// Memory that held a larger block shows nothing of it.
  @Test func memoryIsUsedAgain() throws {
    var pipeline = try Pipeline()
    var documents = BlockDocuments()
    for count in [50, 3, 80, 1] {
      let texts = (0..<count).map { utf8("{\"ts\":\(1_700_000_000 + $0),\"a\":\"x\($0)\"}") }
      let block = try pipeline.block(texts)
      let state = pipeline.schema.snapshot()
      try DocumentRenderer.render(
        BlockReader(block, ZstdDecompressor()), columns: state.columns,
        program: ShapeProgram(state.trie.shapes), into: &documents)
      let got = documents.ends.indices.map { Array(documents.bytes[documents.range($0)]) }
      try checkSame(got, texts)
    }
  }

  @Test func errorsNameWhatIsDamaged() throws {
    var pipeline = try Pipeline()
    let block = try pipeline.block([utf8(#"{"ts":1700000000,"a":1}"#)])
    let section = try #require(block.header.section(.times))
    var bytes = block.bytes
    bytes[block.headerBytes + section.range.lowerBound] ^= 1
    let error = #expect(throws: DamageError.self) { try BlockContent(bytes, pipeline.schema) }
    #expect(
      error?.description
        == "damaged data: block section times (seq 1...1); run `nilo check` for a full list, "
        + "then restore these from a backup")
  }

  @Test func headersComeBack() {
    rounds(200) { random in
      var offset = 0
      let sections = (0..<random.below(6)).map { _ in
        let count = random.below(1_000)
        defer { offset += count }
        return BlockHeader.Section(
          kind: random.pick([.times, .column, .documents]), column: Int32(random.below(1_000)),
          valueCount: random.below(70_000), range: offset..<offset + count,
          checksum: random.next())
      }
      let header = BlockHeader(
        streamId: UInt32(random.below(99)), firstSeq: random.next() >> 1,
        eventCount: random.below(70_000), factCount: random.below(70_000),
        isExploded: random.oneIn(2), receivedNs: Int64(bitPattern: random.next()),
        minTimeNs: Int64(bitPattern: random.next()), maxTimeNs: Int64(bitPattern: random.next()),
        originalBytes: random.word() >> 1, source: JSONGenerator.text(&random),
        actor: JSONGenerator.text(&random), sections: sections)
      var bytes: [UInt8] = []
      header.encode(into: &bytes)
      let size = bytes.count
      bytes += [1, 2, 3]
      let decoded = try BlockHeader.decode(bytes.rawSpan)
      try checkEqual(decoded.header, header, "header")
      try checkEqual(decoded.size, size, "size")
    }
  }
}
