/// Which sequence numbers blocks have. 16 bytes of memory for each run of events of one stream.
struct SeqCoverage {
  /// In no order.
  private var runs: [ClosedRange<UInt64>] = []

  /// Takes note of the events of a block: those of its pieces, where these could be read.
  mutating func add(_ pieces: [BlockPiece]?, orAllOf header: BlockHeader) {
    for piece in pieces ?? [] { add(piece.firstSeq...piece.lastSeq) }
    if pieces == nil, header.eventCount > 0 {
      add(header.firstSeq...header.firstSeq &+ UInt64(header.eventCount) - 1)
    }
  }

  private mutating func add(_ run: ClosedRange<UInt64>) {
    if let last = runs.last, last.upperBound + 1 == run.lowerBound {
      runs[runs.count - 1] = last.lowerBound...run.upperBound
    } else {
      runs.append(run)
    }
  }

  var lastSeq: UInt64? { runs.map(\.upperBound).max() }

  /// The numbers from 1 on, before `end`, that no block has. O(runs log runs).
  func gaps(before end: UInt64) -> [ClosedRange<UInt64>] {
    var gaps: [ClosedRange<UInt64>] = []
    var next: UInt64 = 1
    for run in ordered where next < end {
      if run.lowerBound > next { gaps.append(next...min(run.lowerBound, end) - 1) }
      next = max(next, run.upperBound + 1)
    }
    if next < end { gaps.append(next...end - 1) }
    return gaps
  }

  /// The numbers that two blocks have. O(runs log runs).
  var overlaps: [ClosedRange<UInt64>] {
    var overlaps: [ClosedRange<UInt64>] = []
    var next: UInt64 = 0
    for run in ordered {
      if run.lowerBound < next { overlaps.append(run.lowerBound...min(run.upperBound, next - 1)) }
      next = max(next, run.upperBound + 1)
    }
    return overlaps
  }

  private var ordered: [ClosedRange<UInt64>] {
    runs.sorted { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }
  }
}
