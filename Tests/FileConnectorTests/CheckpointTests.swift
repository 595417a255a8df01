import Foundation
import Model
import TestSupport
import Testing

@testable import FileConnector

/// Files that are read in parts, each from where the one before ended.
@Suite struct CheckpointTests {
  /// What a file of each format grows by, and what it holds.
  private static func parts(
    _ format: FileFormat, _ random: inout SeededGenerator
  ) -> (bytes: [UInt8], documents: [String]) {
    let count = random.below(60)
    var bytes: [UInt8] = []
    var documents: [String] = []
    if format == .csv { bytes += Array("# made up\nn;\"text, or\nnot\"\r\n".utf8) }
    if format == .json { bytes += Array("[".utf8) }
    for number in 0..<count {
      let text = random.text().replacing("\"", with: "'").replacing("\\", with: "/")
      let document = #"{"n":\#(number),"text":"\#(text)"}"#
      switch format {
      case .ndjson: bytes += Array("\(document)\n".utf8)
      case .json: bytes += Array("\(number > 0 ? ",\n" : "")\(document)".utf8)
      default: bytes += Array("\(number);\"\(text)\nx\"\n".utf8)
      }
      documents.append(
        format == .csv ? #"{"n":\#(number),"text, or\nnot":"\#(text)\nx"}"# : document)
    }
    if format == .json { bytes += Array("]\n".utf8) }
    return (bytes, documents)
  }

  /// Whatever a file grows by, and wherever a reading is given up, each document is handed out once.
  @Test(arguments: [FileFormat.ndjson, .json, .csv])
  func eachDocumentOnce(_ format: FileFormat) throws {
    rounds(150) { random in
      let (bytes, documents) = Self.parts(format, &random)
      let file = try TemporaryFile([])
      var written = 0
      var found: [String] = []
      var known: FileCheckpoint?
      var lines: [Int64] = []
      while written < bytes.count || known?.isWhole(ofSize: Int64(bytes.count)) != true {
        let end = min(bytes.count, written + random.below(bytes.count / 3 + 2))
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file.path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(bytes[written..<end]))
        try handle.close()
        written = end
        var reader = try FileReader(
          path: file.path, format: format, targetChunkBytes: 1 + random.below(200),
          openEnd: .leave)
        if let known {
          let kept = try #require(FileCheckpoint(json: known.json))
          #expect(kept == known)
          let beginning = try reader.resume(at: kept)
          #expect(beginning != .replaced(.otherBytes) && beginning != .replaced(.shorter))
          if beginning == .unchanged { continue }
        }
        // A reading may be given up after any chunk.
        var left = 1 + random.below(5)
        while left > 0, let chunk = try reader.next() {
          known = chunk.checkpoint
          if let known { lines.append(known.line) }
          let batch = chunk.documents()
          #expect(batch.refused.isEmpty)
          for range in batch.documents {
            let start = Int(range.start)
            found.append(
              String(
                decoding: batch.bytes[start..<start + Int(range.byteCount)], as: UTF8.self))
          }
          left -= 1
        }
        if documents.isEmpty, written == bytes.count { break }
        // What follows the last element of an array is no document.
        if format == .json, written == bytes.count, found.count == documents.count { break }
      }
      #expect(found == documents)
      #expect(lines == lines.sorted())
      if let known, format != .json {
        let before = bytes[..<Int(known.offset)]
        #expect(known.line == 1 + Int64(before.count { $0 == 0x0A }))
      }
    }
  }

  private func read(
    _ path: String, _ format: FileFormat = .ndjson, from known: FileCheckpoint? = nil
  ) throws -> (beginning: FileBeginning?, texts: [String], last: FileCheckpoint?) {
    var reader = try FileReader(path: path, format: format)
    let beginning = try known.map { try reader.resume(at: $0) }
    if beginning == .unchanged { return (beginning, [], known) }
    var reading = Reading()
    var last: FileCheckpoint?
    while let chunk = try reader.next() {
      last = chunk.checkpoint
      reading.add(chunk.documents())
    }
    return (beginning, reading.texts + reading.reasons, reader.checkpoint(afterLast: last) ?? last)
  }

  private func append(_ text: [UInt8], to file: TemporaryFile) throws {
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file.path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(text))
    try handle.close()
  }

  private func append(_ text: String, to file: TemporaryFile) throws {
    try append(Array(text.utf8), to: file)
  }

  /// A line that does not end is told while it is read; later readings go on within it, and after its end with the next line.
  @Test func aLineThatDoesNotEnd() throws {
    let many = [UInt8](repeating: UInt8(ascii: "x"), count: Limits.maxOpenLineBytes + (1 << 20))
    let file = try TemporaryFile(Array("{\"a\":1}\n".utf8) + many)
    let (_, found, first) = try read(file.path)
    #expect(
      found == [
        #"{"a":1}"#,
        "line of more than 67108864 bytes is over the limit of 10485760 bytes; what follows it is read from the next line end on",
      ])
    let known = try #require(first)
    #expect(known.offset > Limits.maxOpenLineBytes && known.line == 2)
    #expect(FileCheckpoint(json: known.json) == known)
    try append(many, to: file)
    let (beginning, again, second) = try read(file.path, from: known)
    #expect(beginning?.isContinued == true && again == [])
    try append("x\n{\"a\":2}\n", to: file)
    let later = try #require(second)
    #expect(later.offset > known.offset)
    #expect(try read(file.path, from: later).texts == [#"{"a":2}"#])
    #expect(try read(file.path, from: known).texts == [#"{"a":2}"#])
  }

  @Test func anotherFileIsReadFromItsStart() throws {
    let file = try TemporaryFile("{\"a\":1}\n{\"a\":2}\n")
    let known = try #require(try read(file.path).last)
    #expect(try read(file.path, from: known).beginning == .unchanged)
    for (text, reason) in [
      ("{\"a\":1}\n", FileReplacement.shorter), ("{\"a\":3}\n{\"a\":2}\n", .otherBytes),
      ("{\"b\":1}\n{\"a\":2}\n{\"a\":3}\n", .otherBytes),
    ] {
      try Data(text.utf8).write(to: URL(fileURLWithPath: file.path))
      #expect(try read(file.path, from: known).beginning == .replaced(reason))
    }
    // A long file that differs only before the place.
    let line = "{\"a\":\"\(String(repeating: "x", count: 990))\"}\n"
    let long = try TemporaryFile(String(repeating: line, count: 10))
    let end = try #require(try read(long.path).last)
    let changed = String(repeating: line, count: 9) + line.replacing("x}", with: "y}") + line
    try Data(changed.replacing("xx\"}\n", with: "xy\"}\n").utf8).write(
      to: URL(fileURLWithPath: long.path))
    #expect(try read(long.path, from: end).beginning == .replaced(.otherBytes))
    #expect(try read(long.path, .json, from: end).beginning == .replaced(.otherFormat))
  }

  /// A last line without its end is a document, and is read again when it goes on.
  @Test func theLastLineMayGoOn() throws {
    let file = try TemporaryFile("{\"a\":1}\n{\"a\":2")
    let first = try read(file.path)
    #expect(first.texts == [#"{"a":1}"#, #"{"a":2"#])
    #expect(try read(file.path, from: first.last).beginning == .unchanged)
    try append("3}\n{\"a\":4}", to: file)
    let second = try read(file.path, from: first.last)
    #expect(second.beginning == .continued(offset: 8, line: 2))
    #expect(second.texts == [#"{"a":23}"#, #"{"a":4}"#])
    #expect(second.last?.line == 3)
    try append("\n{\"a\":5}\n", to: file)
    #expect(try read(file.path, from: second.last).texts == [#"{"a":5}"#])

    let table = try TemporaryFile("a,b\n1,2")
    let row = try read(table.path, .csv)
    #expect(row.texts == [#"{"a":1,"b":2}"#])
    try append("5\n3,4\n5", to: table)
    let more = try read(table.path, .csv, from: row.last)
    #expect(
      more.texts == [#"{"a":1,"b":25}"#, #"{"a":3,"b":4}"#, "line 4: expected 2 fields, found 1"])
    try append(",6", to: table)
    #expect(try read(table.path, .csv, from: more.last).texts == [#"{"a":5,"b":6}"#])
  }

  @Test func tablesRememberTheirHeaders() throws {
    let file = try TemporaryFile(
      Array("\u{FEFF}sep=;\n# made up\n\nn;v\n1;2\n2;\"x\"\n3;4,5\n".utf8), name: "a.csv")
    let first = try read(file.path, .csv)
    #expect(first.texts.last == #"{"n":3,"v":4.5}"#)
    try append("4;1,5\nbad\n", to: file)
    let second = try read(file.path, .csv, from: first.last)
    #expect(second.texts == [#"{"n":4,"v":1.5}"#, "line 9: expected 2 fields, found 1"])

    let flux = try TemporaryFile(
      "#group,false\n#datatype,string,long,string\n,result,table,a\n,_r,0,1\n\n"
        + "#datatype,string,long,double\n,result,table,b\n,_r,1,7\n")
    let tables = try read(flux.path, .csv)
    #expect(tables.texts.last == #"{"result":"_r","table":1,"b":7}"#)
    try append(",_r,1,8\n\n#datatype,string,long,string\n,result,table,c\n,_r,2,9\n", to: flux)
    #expect(
      try read(flux.path, .csv, from: tables.last).texts
        == [#"{"result":"_r","table":1,"b":8}"#, #"{"result":"_r","table":2,"c":"9"}"#])
  }

  @Test(arguments: [false, true]) func compressedFilesGrowByParts(isZstd: Bool) throws {
    func compressed(_ text: String) throws -> [UInt8] {
      isZstd ? try zstd(Array(text.utf8)) : gzip(Array(text.utf8))
    }
    let file = try TemporaryFile(compressed("a;b\n1;2\n3;4"))
    let first = try read(file.path, .csv)
    #expect(first.texts == [#"{"a":1,"b":2}"#, #"{"a":3,"b":4}"#])
    #expect(first.last?.isCompressed == true && first.last?.hasEnded == true)
    #expect(try read(file.path, .csv, from: first.last).beginning == .unchanged)
    try append(compressed("\n5;6\n7"), to: file)
    let second = try read(file.path, .csv, from: first.last)
    #expect(second.texts == [#"{"a":5,"b":6}"#, "line 5: expected 2 fields, found 1"])
    // One that was given up goes on in the middle.
    let lines = (0..<5_000).map { "{\"n\":\($0)}\n" }.joined()
    let long = try TemporaryFile(compressed(lines))
    var reader = try FileReader(path: long.path, format: .ndjson, targetChunkBytes: 4_000)
    var reading = Reading()
    var known: FileCheckpoint?
    for _ in 0..<3 {
      let chunk = try #require(try reader.next())
      known = chunk.checkpoint
      reading.add(chunk.documents())
    }
    let rest = try read(long.path, from: known)
    #expect(rest.beginning == .continued(offset: known?.offset ?? 0, line: known?.line ?? 0))
    #expect((reading.texts + rest.texts).map { "\($0)\n" }.joined() == lines)
  }

  /// A chunk is one block of the log: its documents are stored together with its place, or not at all.
  @Test(arguments: [FileFormat.ndjson, .json, .csv])
  func aChunkIsABlock(_ format: FileFormat) throws {
    let count = 150_000
    let text =
      format == .csv
      ? "a\n" + String(repeating: "1\n", count: count) : String(repeating: "{}\n", count: count)
    let file = try TemporaryFile(text)
    var reader = try FileReader(path: file.path, format: format)
    var counts: [Int] = []
    while let chunk = try reader.next() { counts.append(chunk.documents().documents.count) }
    #expect(counts == [65_536, 65_536, count - 2 * 65_536])
  }

  /// What becomes of a file while it is read.
  enum Change: CaseIterable { case cutOff, writtenAnew, writtenAnewLonger, grown }

  /// What was read of a file is not handed out when the file does not have it any more: it has no place to go on from, and is
  /// read again where it has gone. A file that only grows is read on.
  @Test(arguments: Change.allCases, [false, true])
  func filesThatChangeWhileTheyAreRead(_ change: Change, isResumed: Bool) throws {
    func lines(_ mark: String, _ count: Int) -> String {
      (0..<count).map { "{\"\(mark)\":\($0 + 1_000)}\n" }.joined()
    }
    let file = try TemporaryFile(lines("a", 400))
    var reader = try FileReader(path: file.path, format: .ndjson, targetChunkBytes: 2_000)
    let first = try #require(try reader.next()?.checkpoint)
    if isResumed {
      reader = try FileReader(path: file.path, format: .ndjson, targetChunkBytes: 2_000)
      #expect(try reader.resume(at: first).isContinued)
    }
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file.path))
    if change == .grown { try handle.seekToEnd() } else { try handle.truncate(atOffset: 0) }
    switch change {
    case .cutOff: try handle.write(contentsOf: Data(lines("b", 190).utf8))
    case .writtenAnew: try handle.write(contentsOf: Data(lines("b", 400).utf8))
    case .writtenAnewLonger: try handle.write(contentsOf: Data(lines("b", 900).utf8))
    case .grown: try handle.write(contentsOf: Data(lines("c", 50).utf8))
    }
    try handle.close()
    if change == .grown {
      #expect(try reader.next()?.checkpoint != nil)
      return
    }
    for _ in 0..<2 {
      let error = #expect(throws: FileError.self) { _ = try reader.next() }
      #expect(error?.kind == .changed)
    }
  }

  @Test func whatIsNoFileHasNoCheckpoint() throws {
    let pipe = TestPipe()
    var reader = try pipe.reader(.ndjson)
    pipe.write("{}\n")
    pipe.closeWriteEnd()
    #expect(reader.identity == nil)
    #expect(try #require(try reader.next()).checkpoint == nil)
    for text in ["", "{}", "[1]", #"{"path":"x"}"#] {
      #expect(FileCheckpoint(json: Array(text.utf8)) == nil)
    }
  }
}
