import LMDB

/// Compares the watermarks that the block index, the pieces of merged blocks and the marks of closings have with what the
/// sources and their closings give, one after the other.
struct ClockCheck {
  fileprivate struct Replay {
    let name: String
    var clock = StreamClock()
    /// Closings after the last block.
    var closings: ArraySlice<Closing>
    /// After a first difference all others follow from it.
    var isDifferent = false
  }

  fileprivate struct Closing {
    var seq: UInt64
    var closing: SourceClosing
    var mark: ClosingMark?
  }

  private var replays: [UInt32: Replay] = [:]

  init() {}

  /// `streams` are all there are. O(closings).
  init(
    _ streams: [EventStream], _ log: EventLog, _ transaction: borrowing ReadTransaction
  ) throws {
    var marks: [UInt32: [UInt64: ClosingMark]] = [:]
    var cursor = try transaction.cursor(log.tables.watermarks)
    while try cursor.next() {
      let mark = try ClosingMark(key: cursor.key, value: cursor.value)
      marks[mark.streamId, default: [:]][mark.seq] = mark
    }
    var closings: [String: [(seq: UInt64, closing: SourceClosing)]] = [:]
    if let own = streams.first(where: { $0.definition.id == StreamDefinition.closings.id }) {
      for document in try log.store.documents(of: own, after: 0, transaction) {
        guard let closing = SourceClosing(document) else { continue }
        closings[closing.stream, default: []].append((document.seq, closing))
      }
    }
    for stream in streams {
      let id = stream.definition.id
      // A stream of the same name that was dropped had no events, and so no source to close.
      let own = (closings[stream.name] ?? []).map {
        Closing(seq: $0.seq, closing: $0.closing, mark: marks[id]?[$0.seq])
      }
      replays[id] = Replay(name: stream.name, closings: own[...])
    }
  }

  /// Takes note of the next block of a stream; gives what is wrong. O(pieces).
  mutating func add(_ pieces: [BlockPiece], of stream: EventStream) -> DamageError? {
    guard var replay = replays.removeValue(forKey: stream.definition.id) else { return nil }
    defer { replays[stream.definition.id] = replay }
    for piece in pieces where !replay.isDifferent {
      if let damage = replay.close(before: piece.firstSeq) { return damage }
      let beforeNs = replay.clock.watermarkNs
      replay.clock.advance(piece.source, to: piece.reachNs, receivedNs: piece.receivedNs)
      if piece.watermarkBeforeNs != beforeNs || piece.watermarkNs != replay.clock.watermarkNs {
        return replay.differ("a block", piece.firstSeq)
      }
    }
    return nil
  }

  /// What is wrong after the last block of each stream. O(closings).
  mutating func differences(_ streams: [(EventStream, StreamTotals)]) -> [DamageError] {
    streams.compactMap { stream, totals -> DamageError? in
      guard var replay = replays.removeValue(forKey: stream.definition.id), !replay.isDifferent
      else { return nil }
      if let damage = replay.close(before: .max) { return damage }
      if totals.watermarkNs == replay.clock.watermarkNs { return nil }
      return DamageError(what: "totals of stream \(stream.name): its watermark")
    }
  }
}

extension ClockCheck.Replay {
  fileprivate mutating func close(before seq: UInt64) -> DamageError? {
    while let next = closings.first, next.seq < seq {
      let closing = next.closing
      clock.close(closing.source, at: closing.reachNs, closedNs: closing.closedNs)
      closings.removeFirst()
      guard let mark = next.mark, mark.watermarkNs == clock.watermarkNs else {
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
