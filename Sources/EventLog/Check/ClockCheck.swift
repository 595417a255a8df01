import LMDB

/// Compares the watermarks that the block index, the pieces of merged blocks and the marks of closings have with what the
/// sources, their openings and their closings give, one after the other.
struct ClockCheck {
  fileprivate struct Replay {
    let name: String
    let streamId: UInt32
    var clock = StreamClock()
    /// Openings and closings after the last block.
    var turns: ArraySlice<StreamReplay.Turn>
    /// What each closing has left, by the seqs of their records.
    let marks: [UInt64: ClosingMark]
    /// Of events before facts were read anew, until they are passed; the event that did it.
    var anew: (replay: StreamReplay, sinceSeq: UInt64)?
    /// After a first difference all others follow from it.
    var isDifferent = false
  }

  private var replays: [UInt32: Replay] = [:]

  init() {}

  /// `streams` are all there are. O(openings and closings).
  init(
    _ streams: [EventStream], _ log: EventLog, _ transaction: borrowing ReadTransaction
  ) throws {
    var marks: [UInt32: [UInt64: ClosingMark]] = [:]
    var cursor = try transaction.cursor(log.tables.watermarks)
    while try cursor.next() {
      let mark = try ClosingMark(key: cursor.key, value: cursor.value)
      marks[mark.streamId, default: [:]][mark.seq] = mark
    }
    var turns = SourceTurns()
    if let own = streams.first(where: { $0.definition.id == StreamDefinition.closings.id }) {
      turns = try SourceTurns(of: own, log.store, transaction)
    }
    for stream in streams {
      let id = stream.definition.id
      var own = turns[stream.definition][...]
      var anew: (StreamReplay, UInt64)?
      if let sinceSeq = stream.definition.factsSinceSeq {
        let before = own.prefix { $0.seq < sinceSeq }
        own = own.dropFirst(before.count)
        // They were judged by the lateness of then.
        let then = try log.definition(of: stream, asOf: sinceSeq, transaction)
        anew = (StreamReplay(Array(before), latenessNs: then.latenessNs), sinceSeq)
      }
      replays[id] = Replay(
        name: stream.name, streamId: id, turns: own, marks: marks[id] ?? [:], anew: anew)
    }
  }

  /// Whether the times of the events of a block have to be known.
  static func needsTimes(_ header: BlockHeader, of stream: EventStream) -> Bool {
    header.firstSeq < stream.definition.factsSinceSeq ?? 0
  }

  /// Takes note of the next block of a stream, with the times of its events where they are needed; gives what is wrong.
  /// O(pieces), and O(events) with times.
  mutating func add(
    _ pieces: [BlockPiece], _ times: [Int64], of stream: EventStream
  ) -> DamageError? {
    guard var replay = replays.removeValue(forKey: stream.definition.id) else { return nil }
    defer { replays[stream.definition.id] = replay }
    var start = 0
    for piece in pieces where !replay.isDifferent {
      let end = start + piece.eventCount
      if let damage = replay.add(piece, times.isEmpty ? [] : times[start..<end]) { return damage }
      start = end
    }
    return nil
  }

  /// What is wrong after the last block of each stream. O(closings).
  mutating func differences(_ streams: [(EventStream, StreamTotals)]) -> [DamageError] {
    streams.compactMap { stream, totals -> DamageError? in
      guard var replay = replays.removeValue(forKey: stream.definition.id), !replay.isDifferent
      else { return nil }
      if let damage = replay.turn(before: .max) { return damage }
      if totals.watermarkNs == replay.clock.watermarkNs { return nil }
      return DamageError(what: "totals of stream \(stream.name): its watermark")
    }
  }
}

extension ClockCheck.Replay {
  fileprivate mutating func add(_ piece: BlockPiece, _ times: ArraySlice<Int64>) -> DamageError? {
    if let damage = turn(before: piece.firstSeq) { return damage }
    if let judged = anew?.replay.judge(piece, times) {
      return judged == piece ? nil : differ("a block", piece.firstSeq)
    }
    let beforeNs = clock.watermarkNs
    clock.advance(piece.source, to: piece.reachNs, receivedNs: piece.receivedNs)
    let isSame = piece.watermarkBeforeNs == beforeNs && piece.watermarkNs == clock.watermarkNs
    return isSame ? nil : differ("a block", piece.firstSeq)
  }

  fileprivate mutating func turn(before seq: UInt64) -> DamageError? {
    if let sinceSeq = anew?.sinceSeq {
      for mark in anew?.replay.turn(before: min(seq, sinceSeq), of: streamId) ?? []
      where marks[mark.seq] != mark {
        return differ("a closing", mark.seq)
      }
      if seq < sinceSeq { return nil }
      clock = anew?.replay.clock ?? clock
      anew = nil
    }
    while let next = turns.first, next.seq < seq {
      let change = next.change
      turns.removeFirst()
      if change.kind == .open {
        clock.open(change.source, at: change.reachNs)
        continue
      }
      clock.close(change.source, at: change.reachNs, closedNs: change.changedNs)
      guard let mark = marks[next.seq], mark.watermarkNs == clock.watermarkNs else {
        return differ("a closing", next.seq)
      }
    }
    return nil
  }

  fileprivate mutating func differ(_ what: String, _ seq: UInt64) -> DamageError {
    isDifferent = true
    return DamageError(
      what: "watermark of stream \(name) at \(what) is not what its sources give", firstSeq: seq)
  }
}
