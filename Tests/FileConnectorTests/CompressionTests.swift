import Foundation
import TestSupport
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

  /// Nothing of a member is handed out that its checksum does not vouch for.
  @Test func truncation() throws {
    let lines = Self.lines(20_000)
    let (first, second) = (Self.bytes(lines[..<5_000]), Self.bytes(lines[5_000...]))
    for (whole, kept) in [
      (gzip(first), gzip(second)), (try zstd(first), try zstd(second)),
    ].map({ ($0 + $1, $0.count) }) {
      for count in [whole.count / 2, whole.count - 1, whole.count - 8, kept + 10, kept - 1, 10] {
        let reading = try read(Array(whole[..<count]), .ndjson, chunk: 10_000)
        #expect(reading.error?.kind == .truncated(compressedOffset: Int64(count)))
        #expect(reading.error?.problem.hasSuffix("data ends early at byte \(count)") == true)
        let hasFirst = count > kept
        #expect(reading.texts == (hasFirst ? Array(lines[..<5_000]) : []), "\(count)")
        let advice =
          hasFirst ? "the documents before byte \(kept) are kept" : "nothing of it is kept"
        #expect(reading.error?.advice.contains(advice) == true)
      }
    }
  }

  /// Any flipped bit is found, and no document comes of the member that it is in.
  @Test func flippedBits() throws {
    let lines = Self.lines(2_000)
    let (first, second) = (Self.bytes(lines[..<500]), Self.bytes(lines[500...]))
    var random = SeededGenerator(seed: runSeed)
    for (one, other) in [(gzip(first), gzip(second)), (try zstd(first), try zstd(second))] {
      for _ in 0..<60 {
        var bytes = one + other
        // Behind the first header: a flip in there makes it another file altogether.
        let bit = 8 * 18 + random.below(8 * (bytes.count - 18))
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        let reading = try read(bytes, .ndjson, chunk: 1 + random.below(20_000))
        let isFirst = bit / 8 < one.count
        // A time or a flag of gzip's header is vouched for by nothing, and alters nothing.
        if reading.error == nil {
          #expect(reading.texts == lines, "seed \(runSeed): bit \(bit)")
        } else {
          #expect(
            reading.texts == (isFirst ? [] : Array(lines[..<500])), "seed \(runSeed): bit \(bit)")
        }
      }
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
    #expect(reading.texts.isEmpty)
    #expect(reading.error?.problem.contains("incorrect data check") == true)
  }

  /// A line that a member's end cuts is no document while its rest is not vouched for.
  @Test func aDocumentAcrossMembersNeedsBoth() throws {
    let bytes = Array("{\"a\":1}\n{\"a\":22}\n".utf8)
    let members = gzip(Array(bytes[..<13])) + gzip(Array(bytes[13...]))
    #expect(try read(members, .ndjson).texts == ["{\"a\":1}", "{\"a\":22}"])
    let reading = try read(Array(members.dropLast()), .ndjson)
    #expect(reading.texts == ["{\"a\":1}"])
    #expect(reading.error != nil && reading.refused.isEmpty)
  }

  @Test func whatGrowsMeanwhileIsLeftOut() throws {
    let first = gzip(Self.bytes(Self.lines(3_000)))
    let file = try TemporaryFile(first)
    var reader = try FileReader(path: file.path, format: .ndjson, targetChunkBytes: 10_000)
    var reading = Reading()
    reading.add(try #require(try reader.next()).documents())
    let handle = try #require(FileHandle(forWritingAtPath: file.path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(gzip(Array("{\"late\":1}\n".utf8))))
    try handle.close()
    reading.addAll(of: &reader)
    #expect(reading.texts == Self.lines(3_000))
    #expect(reading.error == nil)
  }

  @Test func whatIsOverwrittenMeanwhileIsSaid() throws {
    let bytes = gzip(Self.bytes(Self.lines(50_000)))
    let file = try TemporaryFile(bytes)
    var reader = try FileReader(path: file.path, format: .ndjson, targetChunkBytes: 10_000)
    var reading = Reading()
    reading.add(try #require(try reader.next()).documents())
    let handle = try #require(FileHandle(forWritingAtPath: file.path))
    try handle.seek(toOffset: UInt64(bytes.count - 9))
    try handle.write(contentsOf: Data([bytes[bytes.count - 9] ^ 1, bytes[bytes.count - 8] ^ 1]))
    try handle.close()
    reading.addAll(of: &reader)
    #expect(reading.error?.advice.hasPrefix("the file changed while it was read") == true)
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
