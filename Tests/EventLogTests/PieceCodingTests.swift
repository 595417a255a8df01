import Bytes
import Testing

@testable import EventLog

@Suite struct PieceCodingTests {
  private func encoded(_ pieces: [BlockPiece], _ times: [Int64]) -> [UInt8] {
    var bytes: [UInt8] = []
    PieceCoding.encode(pieces, times: times, into: &bytes)
    return bytes
  }

  private func decoded(_ bytes: [UInt8], count: Int, _ times: [Int64]) throws -> [BlockPiece] {
    var reader = ByteReader(bytes.rawSpan)
    let pieces = try PieceCoding.decode(&reader, count: count, times: times)
    try check(reader.isAtEnd, "bytes left over")
    return pieces
  }

  /// How the times of pieces run.
  private enum Run: CaseIterable {
    case equal, rising, backwards, gaps, anything

    func next(after timeNs: Int64, _ random: inout SeededGenerator) -> Int64 {
      switch self {
      case .equal: timeNs
      case .rising: timeNs &+ Int64(random.below(1_000)) * 1_000
      case .backwards: timeNs &- Int64(random.below(1_000_000))
      case .gaps: random.oneIn(9) ? timeNs &+ Int64(bitPattern: random.word()) : timeNs &+ 1_000
      case .anything:
        random.oneIn(4) ? random.pick([.min, .max, 0, -1]) : Int64(bitPattern: random.word())
      }
    }
  }

  /// Pieces that may say anything at all.
  @Test func piecesComeBack() {
    rounds(300) { random in
      let runs = (0..<5).map { _ in random.pick(Run.allCases) }
      var last = (0..<5).map { _ in Int64(bitPattern: random.word()) }
      func next(_ which: Int) -> Int64 {
        last[which] = runs[which].next(after: last[which], &random)
        return last[which]
      }
      let sources = random.pick([1, 2, 31, 32, 33, 90])
      var (pieces, times): ([BlockPiece], [Int64]) = ([], [])
      var nextSeq = UInt64(random.within(1...1_000))
      for _ in 0..<random.pick([1, 2, 40, 1_500]) {
        let eventCount = random.oneIn(3) ? random.within(1...5) : 1
        let firstSeq = nextSeq + (random.oneIn(5) ? random.next() >> 20 : 0)
        pieces.append(
          BlockPiece(
            firstSeq: firstSeq, eventCount: eventCount, receivedNs: next(0),
            reachNs: random.oneIn(30) ? nil : next(1),
            watermarkBeforeNs: random.oneIn(30) ? nil : next(2),
            watermarkNs: random.oneIn(30) ? nil : next(3),
            source: "source \(random.below(sources))", actor: random.pick(["", "é", "a"])))
        nextSeq = firstSeq + UInt64(eventCount)
        for _ in 0..<eventCount { times.append(next(4)) }
      }
      // The least number says that there is none.
      for index in pieces.indices {
        if pieces[index].reachNs == .min { pieces[index].reachNs = nil }
        if pieces[index].watermarkBeforeNs == .min { pieces[index].watermarkBeforeNs = nil }
        if pieces[index].watermarkNs == .min { pieces[index].watermarkNs = nil }
      }
      let bytes = encoded(pieces, times)
      try checkEqual(try decoded(bytes, count: pieces.count, times), pieces, "pieces")
      var reader = ByteReader(bytes.rawSpan)
      let seqs = try PieceCoding.decodeSeqs(
        &reader, count: pieces.count, eventCount: times.count)
      try checkEqual(seqs, pieces.map(\.seqs), "numbers of the events")
    }
  }

  /// Single events of some sources as a stream's clock has them, which are closed now and then.
  private func history(
    _ count: Int, sources: Int, closings: Bool, _ random: inout SeededGenerator
  ) -> (pieces: [BlockPiece], times: [Int64]) {
    var clock = StreamClock()
    var reaches: [Int: Int64] = [:]
    var (pieces, times): ([BlockPiece], [Int64]) = ([], [])
    var nowNs: Int64 = 1_717_300_000_000_000_000
    for index in 0..<count {
      nowNs += Int64(random.within(300...800)) * 1_000
      let source = random.below(sources)
      if closings, random.oneIn(40) {
        let closed = random.below(sources)
        clock.close("\(closed)", at: reaches[closed], closedNs: nowNs)
      }
      let timeNs = nowNs - Int64(random.within(0...90_000_000))
      reaches[source] = max(reaches[source] ?? .min, timeNs)
      let beforeNs = clock.watermarkNs
      clock.advance("\(source)", to: reaches[source], receivedNs: nowNs)
      pieces.append(
        BlockPiece(
          firstSeq: UInt64(index + 1), eventCount: 1, receivedNs: nowNs, reachNs: reaches[source],
          watermarkBeforeNs: beforeNs, watermarkNs: clock.watermarkNs, source: "\(source)",
          actor: ""))
      times.append(timeNs)
    }
    return (pieces, times)
  }

  /// Of events that come one at a time little but the time of arrival is kept.
  @Test(arguments: [(1, false), (1, true), (5, false), (5, true), (100, false)])
  func singleEventsTakeLittle(sources: Int, closings: Bool) {
    rounds(5) { random in
      let (pieces, times) = history(4_000, sources: sources, closings: closings, &random)
      let bytes = encoded(pieces, times)
      try checkEqual(try decoded(bytes, count: pieces.count, times), pieces, "pieces")
      // Nine bits of arrival, and those of the source's number.
      var bits = 9 + (sources == 1 ? 0 : sources == 5 ? 3 : 7)
      // A closing is known by what follows. More sources than are followed are not told from each other.
      if closings { bits += 12 }
      if sources > 32 { bits += 34 }
      let perPiece = Double(bytes.count * 8) / Double(pieces.count)
      try check(perPiece < Double(bits) + 0.6, "\(perPiece) bits a piece, of \(bits)")
    }
  }

  @Test func everyTruncationThrows() {
    rounds(3) { random in
      let (pieces, times) = history(30, sources: 3, closings: true, &random)
      let bytes = encoded(pieces, times)
      for length in 0..<bytes.count {
        do {
          _ = try decoded(Array(bytes.prefix(length)), count: pieces.count, times)
        } catch is MalformedBytes {
          continue
        }
        throw Mismatch(description: "cut at \(length), and nothing is told")
      }
    }
  }

  /// Changed bytes are found by their checksum; whoever reads them without it must not trap.
  @Test func anyBytesAreReadOrRefused() {
    rounds(200) { random in
      let (pieces, times) = history(40, sources: 3, closings: true, &random)
      var bytes = encoded(pieces, times)
      for _ in 0..<random.within(1...4) {
        bytes[random.below(bytes.count)] = UInt8(random.below(256))
      }
      _ = try? decoded(bytes, count: pieces.count, times)
    }
  }
}
