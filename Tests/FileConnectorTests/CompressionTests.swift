import Testing
import Zstd

@testable import FileConnector

@Suite struct CompressionTests {
  /// Documents that do not compress to nothing, so that many blocks are needed.
  private static func lines(_ count: Int) -> [String] {
    var random = SeededGenerator(seed: 7)
    return (0..<count).map {
      "{\"id\":\($0),\"value\":\(random.next()),\"other\":\(random.next())}"
    }
  }

  private static func bytes(_ lines: some Collection<String>) -> [UInt8] {
    Array(lines.map { $0 + "\n" }.joined().utf8)
  }

  @Test(arguments: [64, 4096, 1 << 20]) func concatenatedMembersAndFrames(chunk: Int) throws {
    let lines = Self.lines(4_000)
    // The cut is within a document.
    let bytes = Self.bytes(lines)
    let (first, second) = (Array(bytes[..<100_003]), Array(bytes[100_003...]))
    let plain = try read(bytes, .ndjson, chunk: chunk)
    #expect(plain.texts == lines)
    for source in [
      gzip(first) + gzip([]) + gzip(second), try zstd(first) + zstd([]) + zstd(second),
    ] {
      let reading = try read(source, .ndjson, chunk: chunk)
      #expect(reading.documents == plain.documents)
      #expect(reading.endPosition == Int64(bytes.count))
      #expect(reading.error == nil)
    }
  }

  @Test func skippableFramesAndPadding() throws {
    let skippable: [UInt8] = [0x5A, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3]
    let bytes = Array("1\n2\n".utf8)
    #expect(try read(skippable + zstd(bytes) + skippable, .ndjson).texts == ["1", "2"])
    #expect(try read(gzip(bytes) + [0, 0, 0], .ndjson).texts == ["1", "2"])
  }

  @Test func truncatedGzip() throws {
    let lines = Self.lines(20_000)
    let whole = gzip(Self.bytes(lines))
    for count in [whole.count / 2, whole.count - 1, whole.count - 8, 10] {
      let reading = try read(Array(whole[..<count]), .ndjson, chunk: 10_000)
      #expect(reading.error?.kind == .truncated(compressedOffset: Int64(count)))
      #expect(reading.error?.problem == "the gzip data ends early at byte \(count)")
      #expect(reading.texts == Array(lines.prefix(reading.texts.count)))
      if count > 10 { #expect(reading.texts.count > lines.count / 3) }
    }
  }

  @Test func truncatedZstd() throws {
    let lines = Self.lines(20_000)
    let whole = try zstd(Self.bytes(lines))
    for count in [whole.count / 2, whole.count - 1, 7] {
      let reading = try read(Array(whole[..<count]), .ndjson, chunk: 10_000)
      #expect(reading.error?.kind == .truncated(compressedOffset: Int64(count)))
      #expect(reading.texts == Array(lines.prefix(reading.texts.count)))
      if count > 7 { #expect(reading.texts.count > lines.count / 3) }
    }
  }

  @Test func damage() throws {
    let lines = Self.lines(20_000)
    for (name, whole) in [("gzip", gzip(Self.bytes(lines))), ("zstd", try zstd(Self.bytes(lines)))]
    {
      let documents = try read(whole + Array("rubbish after it".utf8), .ndjson, chunk: 10_000)
      #expect(documents.texts == lines)
      guard case .damaged(let offset) = documents.error?.kind else {
        Issue.record("\(name): \(String(describing: documents.error))")
        continue
      }
      #expect((whole.count...(whole.count + 16)).contains(Int(offset)))
    }
    var broken = gzip(Self.bytes(lines))
    broken[broken.count - 8] ^= 1
    let reading = try read(broken, .ndjson, chunk: 10_000)
    #expect(reading.texts == lines)
    #expect(reading.error?.problem.contains("incorrect data check") == true)
  }

  @Test func theSameErrorAtEachFurtherCall() throws {
    let file = try TemporaryFile(Array(gzip(Self.bytes(Self.lines(100)))[..<200]))
    var reader = try FileReader(path: file.path, format: .ndjson)
    var reading = Reading()
    reading.addAll(of: &reader)
    let first = reading.error
    reading.error = nil
    reading.addAll(of: &reader)
    #expect(first != nil && reading.error == first)
  }

  @Test func otherFormatsAreDecompressedToo() throws {
    #expect(try read(gzip(Array("[1,2]".utf8)), .json).texts == ["1", "2"])
    #expect(try read(zstd(Array("a\n1".utf8)), .csv).texts == [#"{"a":1}"#])
  }

  @Test func progressCountsTheCompressedFile() throws {
    let compressed = gzip(Self.bytes(Self.lines(1_000)))
    let file = try TemporaryFile(compressed)
    var reader = try FileReader(path: file.path, format: .ndjson)
    #expect(reader.totalBytes == Int64(compressed.count))
    #expect(reader.bytesRead == 0)
    var reading = Reading()
    reading.addAll(of: &reader)
    #expect(reader.bytesRead == Int64(compressed.count))
  }
}

@Suite struct ZstdTests {
  @Test func aFrameIsAppendedAndReadBack() throws {
    let compressor = try ZstdCompressor()
    let decompressor = ZstdDecompressor()
    var random = SeededGenerator(seed: runSeed)
    for byteCount in [0, 1, 100, 300_000] {
      let bytes = (0..<byteCount).map { _ in UInt8(random.below(20)) }
      var frame: [UInt8] = [1, 2, 3]
      try compressor.compress(unsafe bytes.span.bytes, into: &frame)
      #expect(frame.prefix(3) == [1, 2, 3])
      var output: [UInt8] = [9]
      let source = unsafe frame.span.bytes.extracting(3..<frame.count)
      try decompressor.decompress(source, byteCount: byteCount, into: &output)
      #expect(output == [9] + bytes, "seed \(runSeed)")
    }
  }

  @Test func anyMismatchIsAnError() throws {
    let decompressor = ZstdDecompressor()
    let frame = try zstd(Array(repeating: 7, count: 1_000))
    func kind(_ source: [UInt8], _ byteCount: Int) -> ZstdError.Kind? {
      var output: [UInt8] = [9]
      defer { #expect(output == [9]) }
      do throws(ZstdError) {
        try decompressor.decompress(unsafe source.span.bytes, byteCount: byteCount, into: &output)
        return nil
      } catch {
        return error.kind
      }
    }
    #expect(kind(frame, 999) == .sizeMismatch)
    #expect(kind(frame, 1_001) == .sizeMismatch)
    #expect(kind(frame + frame, 2_000) == .sizeMismatch)
    #expect(kind(frame + [0], 1_000) == .sizeMismatch)
    #expect(kind(Array(frame.dropLast()), 1_000) == .truncated)
    #expect(kind([], 0) == .truncated)
    #expect(kind(Array("no frame at all".utf8), 15) == .damaged)
  }

  @Test func aLevelOutOfRangeIsAnError() {
    #expect(throws: ZstdError.self) { try ZstdCompressor(level: 1_000) }
  }
}
