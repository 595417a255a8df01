import Bytes
import LMDB
import Model

/// How far a stream and its sources had got, batch by batch, judged anew by the times that their events have now: as if
/// they came in a second time, each when it did.
struct StreamReplay {
  /// An opening or closing of one of the stream's sources that is on record.
  struct Turn {
    var seq: UInt64
    var change: SourceChange
  }

  private(set) var clock = StreamClock()
  private var reaches: [Text: SourceReach] = [:]
  private var turns: ArraySlice<Turn>
  private let latenessNs: Int64

  /// `turns` are those of the stream, in the order of the log.
  init(_ turns: [Turn], latenessNs: Int64) {
    self.turns = turns[...]
    self.latenessNs = latenessNs
  }

  func reach(of source: String) -> SourceReach { reaches[Text(source)] ?? SourceReach() }

  /// Takes note of the openings and closings before event `seq`; gives what each closing leaves. What is on record of how
  /// far a source had got is of other times: it is what it has got to by these. O(openings and closings).
  mutating func turn(before seq: UInt64, of streamId: UInt32) -> [ClosingMark] {
    var marks: [ClosingMark] = []
    while let next = turns.first, next.seq < seq {
      turns.removeFirst()
      let name = next.change.source
      var reach = reach(of: name)
      if next.change.kind == .open {
        clock.open(name, at: reach.timeNs)
        continue
      }
      let endNs = reach.atEndNs
      clock.close(name, at: endNs, closedNs: next.change.changedNs)
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

/// The openings and closings of the sources of all streams.
struct SourceTurns {
  private var byName: [String: [StreamReplay.Turn]] = [:]

  init() {}

  /// Reads them from the stream `own` of closings. O(openings and closings).
  init(
    of own: EventStream, _ store: BlockStore, _ transaction: borrowing ReadTransaction
  ) throws {
    for document in try store.documents(of: own, after: 0, transaction) {
      guard let change = SourceChange(document) else { continue }
      byName[change.stream, default: []].append(
        StreamReplay.Turn(seq: document.seq, change: change))
    }
  }

  /// Those of one stream, in the order of the log. One of the same name that was dropped had no events, and so no source to
  /// close; but it may have had some to open.
  subscript(_ stream: StreamDefinition) -> [StreamReplay.Turn] {
    (byName[stream.name] ?? []).filter { $0.change.streamId ?? stream.id == stream.id }
  }
}
