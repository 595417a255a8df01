import Model
import TestSupport
import Testing

@testable import FileConnector

/// Bodies that come in pieces give what a file of the same bytes gives.
@Suite struct BodyReaderTests {
  /// All that a body of `bytes` gives, which come in pieces of random sizes.
  private func read(
    _ bytes: [UInt8], _ format: FileFormat?, _ compression: BodyCompression = .none,
    chunkBytes: Int = 1 << 20, random: inout SeededGenerator
  ) throws(BodyError) -> Reading {
    var reading = Reading()
    var reader = try BodyReader(format, compression, targetChunkBytes: chunkBytes)
    var start = 0
    while start < bytes.count {
      let end = min(
        bytes.count, start + random.within(1...max(1, bytes.count / random.within(1...9))))
      reader.add(Array(bytes[start..<end]))
      while let chunk = try reader.next() { reading.add(chunk.documents()) }
      start = end
    }
    reader.finish()
    while let chunk = try reader.next() { reading.add(chunk.documents()) }
    return reading
  }

  private func body(_ format: FileFormat, _ random: inout SeededGenerator) -> String {
    let count = random.below(200)
    let documents = (0..<count).map { number in
      random.oneIn(9)
        ? "{\"n\":"
        : "{\"n\":\(number),\"s\":\"\(String(repeating: "é", count: random.below(40)))\"}"
    }
    switch format {
    case .json: return "[" + (0..<count).map { "{\"n\": \($0)}" }.joined(separator: ",\n ") + "]"
    case .csv: return (["n,s"] + (0..<count).map { "\($0),x\($0)" }).joined(separator: "\n")
    default: return documents.joined(separator: random.oneIn(2) ? "\n" : "\r\n")
    }
  }

  /// A line that does not end is refused while the body goes on.
  @Test func aLineThatDoesNotEnd() throws {
    var reader = try BodyReader(.ndjson)
    reader.add(Array("1\n".utf8))
    var reading = Reading()
    func takeAll() throws {
      while let chunk = try reader.next() { reading.add(chunk.documents()) }
    }
    let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
    for _ in 0...Limits.maxOpenLineBytes >> 20 {
      try takeAll()
      reader.add(piece)
    }
    try takeAll()
    #expect(reading.refused.map(\.position) == [2])
    #expect(reading.reasons.first?.hasPrefix("line of more than 67108864 bytes") == true)
    #expect(reader.heldBytes <= Limits.maxDocumentBytes)
    reader.add(Array("x\n2\n".utf8))
    reader.finish()
    try takeAll()
    #expect(reading.texts == ["1", "2"] && reading.refused.count == 1)
  }

  @Test func bodiesGiveWhatFilesGive() throws {
    rounds(200) { random in
      let format = random.pick([FileFormat.ndjson, .json, .csv])
      let text = body(format, &random)
      let bytes = (random.oneIn(5) ? [0xEF, 0xBB, 0xBF] : []) + Array(text.utf8)
      let compression = random.pick([BodyCompression.none, .gzip, .zstd])
      let sent =
        switch compression {
        case .none: bytes
        case .gzip: gzip(bytes)
        case .zstd: try zstd(bytes)
        }
      let file = try TemporaryFile(bytes)
      var reader = try FileReader(path: file.path, format: format)
      var expected = Reading()
      expected.addAll(of: &reader)
      let found = try read(
        sent, format, compression, chunkBytes: random.within(1...3_000), random: &random)
      try checkEqual(found.documents, expected.documents, "\(format) \(compression)")
      try checkEqual(found.refused, expected.refused, "\(format) \(compression)")
    }
  }

  @Test func theFirstByteTellsAnArray() throws {
    var random = SeededGenerator(seed: 1)
    let array = try read(Array(" \n[{\"a\":1},\n{\"a\":2}]".utf8), nil, random: &random)
    #expect(array.texts == ["{\"a\":1}", "{\"a\":2}"])
    let lines = try read(gzip(Array("{\"a\":1}\n{\"a\":2}".utf8)), nil, .gzip, random: &random)
    #expect(lines.texts == ["{\"a\":1}", "{\"a\":2}"])
  }

  @Test(arguments: [BodyCompression.gzip, .zstd])
  func whatIsCutOffIsAnErrorAndGivesNothingOfItsChunk(_ compression: BodyCompression) throws {
    let bytes = Array("{\"a\":1}\n{\"a\":2}\n".utf8)
    let sent = compression == .gzip ? gzip(bytes) : try zstd(bytes)
    var random = SeededGenerator(seed: 1)
    let error = #expect(throws: BodyError.self) {
      try read(Array(sent.dropLast(3)), .ndjson, compression, random: &random)
    }
    #expect(error?.kind == .compression)
  }

  /// An altered event that is stored would keep the right one out as its duplicate.
  @Test(arguments: [BodyCompression.gzip, .zstd])
  func nothingIsHandedOutBeforeItsChecksumHeld(_ compression: BodyCompression) throws {
    rounds(20) { random in
      let bytes = Array((0..<5_000).map { "{\"n\":\($0)}\n" }.joined().utf8)
      let whole = compression == .gzip ? gzip(bytes) : try zstd(bytes)
      // A whole member, and one that is damaged or cut off.
      var second = whole
      if random.oneIn(3) {
        second.removeLast(random.within(1...second.count - 20))
      } else {
        second[random.within(20...second.count - 1)] ^= 1 << UInt8(random.below(8))
      }
      var reader = try BodyReader(.ndjson, compression, targetChunkBytes: 1_000)
      var count = 0
      var fault: BodyError?
      do throws(BodyError) {
        for piece in [whole, second] {
          reader.add(piece)
          while let chunk = try reader.next() { count += chunk.documents().documents.count }
        }
        reader.finish()
        while let chunk = try reader.next() { count += chunk.documents().documents.count }
      } catch {
        fault = error
      }
      // The trailer of a member may hide a flipped bit of its header.
      try check(fault != nil || count == 10_000, "no error, but \(count) documents")
      try check(fault == nil || count == 5_000 || count == 0, "\(count) documents before \(fault!)")
    }
  }

  @Test(arguments: [BodyCompression.gzip, .zstd])
  func aBombIsRefusedInLittleMemory(_ compression: BodyCompression) throws {
    let bytes = [UInt8](repeating: 0x20, count: 200 << 20)
    let sent = compression == .gzip ? gzip(bytes) : try zstd(bytes)
    var random = SeededGenerator(seed: 1)
    let error = #expect(throws: BodyError.self) {
      try read(sent, .ndjson, compression, random: &random)
    }
    #expect(error?.kind == .expansion)
  }

  @Test func otherEncodingsAreNamed() throws {
    var random = SeededGenerator(seed: 1)
    let error = #expect(throws: BodyError.self) {
      try read([0xFF, 0xFE, 0x7B, 0, 0x7D, 0], .ndjson, random: &random)
    }
    #expect(error?.description.contains("UTF-16") == true)
  }
}
