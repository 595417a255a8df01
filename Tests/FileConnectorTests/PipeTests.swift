import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import FileConnector

@Suite struct PipeTests {
  @Test func documentsAreHandedOutWhileTheWriterIsSilent() throws {
    let pipe = TestPipe()
    var reader = try pipe.reader(.ndjson)
    #expect(reader.totalBytes == nil && reader.sourceName == "stdin")
    pipe.write("1\n2\n{\"half")
    var reading = Reading()
    // The pipe stays open: this would wait forever for a full chunk or for the end.
    reading.add(try #require(try reader.next()).documents())
    #expect(reading.texts == ["1", "2"])
    pipe.write("\":3}\n")
    reading.add(try #require(try reader.next()).documents())
    pipe.write("4")
    pipe.closeWriteEnd()
    reading.addAll(of: &reader)
    #expect(
      reading.documents == [
        Found(text: "1", position: 0), Found(text: "2", position: 2),
        Found(text: "{\"half\":3}", position: 4), Found(text: "4", position: 15),
      ])
  }

  @Test(arguments: [FileFormat.json, .csv]) func otherFormatsToo(format: FileFormat) throws {
    let pipe = TestPipe()
    var reader = try pipe.reader(format)
    pipe.write(format == .json ? "[1, {" : "a\n1\n\"x")
    var reading = Reading()
    reading.add(try #require(try reader.next()).documents())
    #expect(reading.texts == [format == .json ? "1" : #"{"a":1}"#])
    pipe.write(format == .json ? "}]" : "\"\n")
    pipe.closeWriteEnd()
    reading.addAll(of: &reader)
    #expect(reading.texts.last == (format == .json ? "{}" : #"{"a":"x"}"#))
    #expect(reading.refused.isEmpty)
  }

  @Test func aSingleShortDocumentIsNotTakenForCompressedData() throws {
    let pipe = TestPipe()
    var reader = try pipe.reader(.ndjson)
    pipe.write("1\n")
    #expect(try reader.next()?.documents().documents.count == 1)
  }

  @Test func piecesOfRandomSizes() throws {
    var random = SeededGenerator(seed: runSeed)
    let lines = (0..<3_000).map { "{\"n\":\($0),\"t\":\"\(random.next())\"}" }
    let bytes = lines.map { $0 + "\n" }.joined()
    let sources = [Array(bytes.utf8), gzip(Array(bytes.utf8)), try zstd(Array(bytes.utf8))]
    for source in sources {
      let pipe = TestPipe()
      var reader = try pipe.reader(.ndjson, chunk: 1 + random.below(20_000))
      let writer = Thread { [seed = random.next()] in pipe.writeInPieces(source, seed: seed) }
      writer.start()
      var reading = Reading()
      reading.addAll(of: &reader)
      #expect(reading.texts == lines, "seed \(runSeed)")
      #expect(reading.error == nil)
    }
  }

  /// A pipe cannot be read twice, so it is copied first.
  @Test func damagedMembersOfAPipeAreNotHandedOut() throws {
    let lines = (0..<1_000).map { "{\"n\":\($0)}" }
    let bytes = Array(lines.map { $0 + "\n" }.joined().utf8)
    var damaged = gzip(bytes)
    damaged[damaged.count - 8] ^= 1
    let pipe = TestPipe()
    var reader = try pipe.reader(.ndjson)
    let source = try zstd(bytes) + [0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0]
    pipe.write(source)
    pipe.closeWriteEnd()
    var reading = Reading()
    reading.addAll(of: &reader)
    #expect(reading.texts == lines && reading.error == nil)
    let other = TestPipe()
    var second = try other.reader(.ndjson)
    other.write(gzip(bytes) + damaged)
    other.closeWriteEnd()
    var partial = Reading()
    partial.addAll(of: &second)
    #expect(partial.texts == lines)
    #expect(partial.error?.path == "stdin")
    #expect(partial.error?.advice.contains("are kept; no checksum vouches for the rest") == true)
  }

  @Test func aWishToStopEndsTheWait() throws {
    let isCancelled = Flag()
    let pipe = TestPipe()
    var reader = try pipe.reader(.ndjson) { isCancelled.isSet }
    pipe.write("1\n{\"half")
    #expect(try reader.next()?.documents().documents.count == 1)
    let thread = Thread { isCancelled.set() }
    thread.start()
    #expect(try reader.next() == nil)
    #expect(try reader.next() == nil)
  }

  @Test func afterAWishToStopTheWholeDocumentsComeFirst() throws {
    let isCancelled = Flag()
    let reads = Counter()
    let pipe = TestPipe()
    // The wish comes after the first read.
    var reader = try pipe.reader(.ndjson) { isCancelled.isSet || reads.next() > 1 }
    pipe.write("1\n2\n3")
    var reading = Reading()
    reading.addAll(of: &reader)
    #expect(reading.texts == ["1", "2"])
  }

  @Test func signalsDoNotDisturb() throws {
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = { _ in }
    precondition(unsafe sigaction(SIGUSR2, &action, nil) == 0)
    let pipe = TestPipe()
    var reader = try pipe.reader(.ndjson)
    let target = pthread_self()
    let thread = Thread {
      for _ in 0..<20 {
        pthread_kill(target, SIGUSR2)
        usleep(2_000)
      }
      pipe.write("1\n")
      pipe.closeWriteEnd()
    }
    thread.start()
    var reading = Reading()
    reading.addAll(of: &reader)
    #expect(reading.texts == ["1"])
    #expect(reading.error == nil)
  }
}

final class Flag: Sendable {
  private let value = Atomic(false)
  var isSet: Bool { value.load(ordering: .acquiring) }
  func set() { value.store(true, ordering: .releasing) }
}

final class Counter: Sendable {
  private let value = Atomic(0)
  func next() -> Int { value.add(1, ordering: .relaxed).newValue }
}

extension TestPipe: @unchecked Sendable {
  func writeInPieces(_ bytes: [UInt8], seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(1 + random.below(5_000)))
      write(piece)
      rest = rest.dropFirst(piece.count)
    }
    closeWriteEnd()
  }
}
