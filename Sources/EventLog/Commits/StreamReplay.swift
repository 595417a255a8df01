import Bytes
import LMDB
import Model

/// How far a stream and its sources had got, batch by batch, judged anew by the times that their events have now: as if
/// they came in a second time, each when it did.
struct StreamReplay {
  /// A closing of one of the stream's sources that is on record.
  struct Closing {
    var seq: UInt64
    var closing: SourceClosing
  }

  private(set) var clock = StreamClock()
  private var reaches: [Text: SourceReach] = [:]
  private var closings: ArraySlice<Closing>
  private let latenessNs: Int64

  /// `closings` are those of the stream, in the order of the log.
  init(_ closings: [Closing], latenessNs: Int64) {
    self.closings = closings[...]
    self.latenessNs = latenessNs
  }

  func reach(of source: String) -> SourceReach { reaches[Text(source)] ?? SourceReach() }

  /// Takes note of the closings before event `seq`; gives what each leaves. What is on record of how far a source had
  /// got is of other times: it is what it has got to by these. O(closings).
  mutating func close(before seq: UInt64, of streamId: UInt32) -> [ClosingMark] {
    var marks: [ClosingMark] = []
    while let next = closings.first, next.seq < seq {
      closings.removeFirst()
      let name = next.closing.source
      var reach = reach(of: name)
      let endNs = reach.atEndNs
      clock.close(name, at: endNs, closedNs: next.closing.closedNs)
      if let endNs { reach.end(at: endNs) }
      reaches[Text(name)] = reach
      marks.append(
        ClosingMark(streamId: streamId, seq: next.seq, watermarkNs: clock.watermarkNs))
    }
    return marks
  }

  /// The piece with what is known of its events by their `times`. O(events).
  mutating func judge(_ piece: BlockPiece, _ times: ArraySlice<Int64>) -> BlockPiece {
    var judge = SourceJudge(
      reach(of: piece.source), streamNs: clock.watermarkNs, receivedNs: piece.receivedNs,
      latenessNs: latenessNs)
    for (offset, timeNs) in times.enumerated() {
      judge.judge(timeNs, seq: piece.firstSeq + UInt64(offset))
    }
    reaches[Text(piece.source)] = judge.reach
    var judged = piece
    judged.reachNs = judge.reach.timeNs
    judged.watermarkBeforeNs = clock.watermarkNs
    clock.advance(piece.source, to: judged.reachNs, receivedNs: piece.receivedNs)
    judged.watermarkNs = clock.watermarkNs
    return judged
  }
}

extension StreamReplay.Closing {
  /// The closings of all streams' sources, by the streams' names, in the order of the log. O(closings).
  static func all(
    of own: EventStream, _ store: BlockStore, _ transaction: borrowing ReadTransaction
  ) throws -> [String: [StreamReplay.Closing]] {
    var closings: [String: [StreamReplay.Closing]] = [:]
    for document in try store.documents(of: own, after: 0, transaction) {
      guard let closing = SourceClosing(document) else { continue }
      closings[closing.stream, default: []].append(
        StreamReplay.Closing(seq: document.seq, closing: closing))
    }
    return closings
  }
}
