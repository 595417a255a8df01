/// Events of a block that came in together: of one source, at one time, with numbers that follow each other.
///
/// A block is written with one piece. One that was merged from others has theirs, in the order of the log.
package struct BlockPiece: Sendable, Equatable {
  package var firstSeq: UInt64
  package var eventCount: Int
  /// Wall clock at the append, in nanoseconds since the epoch.
  package var receivedNs: Int64
  /// How far the event time of the source had got with it; nil while no event counted. See ``SourceReach``.
  package var reachNs: Int64?
  /// The stream's watermark before it: what finality was judged by.
  package var watermarkBeforeNs: Int64?
  /// The stream's watermark after it.
  package var watermarkNs: Int64?
  /// Where the documents came from, such as a file's path.
  package var source: String
  /// Who appended them; empty when not told.
  package var actor: String

  package var lastSeq: UInt64 { firstSeq + UInt64(eventCount) - 1 }

  /// The numbers of its events.
  var seqs: Range<UInt64> { firstSeq..<firstSeq + UInt64(eventCount) }
}

/// The sequence numbers of a block's events, in order.
package struct EventSeqs: Sendable {
  package let count: Int
  private let firstSeq: UInt64
  /// One for each event, when they do not follow each other; else empty.
  private let all: [UInt64]

  package init(_ pieces: [BlockPiece]) { self.init(pieces.map(\.seqs)) }

  /// Those of pieces, in order.
  init(_ pieces: [Range<UInt64>]) {
    count = pieces.reduce(0) { $0 + $1.count }
    firstSeq = pieces.first?.lowerBound ?? 0
    guard let last = pieces.last, last.upperBound - firstSeq != UInt64(count) else {
      all = []
      return
    }
    var seqs: [UInt64] = []
    seqs.reserveCapacity(count)
    for piece in pieces { seqs.append(contentsOf: piece) }
    all = seqs
  }

  /// The number of an event by its place in the block, from 0 to before ``count``. O(1).
  @inline(__always)
  package subscript(event: Int) -> UInt64 {
    all.isEmpty ? firstSeq + UInt64(event) : all[event]
  }

  /// How many of the events come before `seq`. O(log n).
  package func count(before seq: UInt64) -> Int {
    if all.isEmpty { return seq <= firstSeq ? 0 : Int(min(seq - firstSeq, UInt64(count))) }
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if all[middle] < seq { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Which event has the number; nil when none has. O(log n).
  func index(of seq: UInt64) -> Int? {
    let index = count(before: seq)
    return index < count && self[index] == seq ? index : nil
  }
}
