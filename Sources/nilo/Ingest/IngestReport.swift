import Bytes
import Store

/// What `nilo ingest` prints at its end.
extension IngestRun {
  /// Events that were read, new or not.
  private var eventsPerSecond: Double {
    let events = total.accepted + total.duplicates
    return elapsedSeconds > 0 ? (Double(events) / elapsedSeconds).rounded() : 0
  }

  /// Whoever follows files is told to stop in the end.
  private var isInterrupted: Bool { Interruption.isRequested && !isFollowing }

  var json: [UInt8] {
    jsonObject { json in
      json.field("stream", stream)
      json.field("files", Int64(fileCount))
      json.field("continued", Int64(continuedCount))
      json.field("unchanged", Int64(unchangedCount))
      json.field("accepted", total.accepted)
      json.field("duplicates", total.duplicates)
      json.field("differing", total.differing)
      json.field("rejected", total.rejected)
      json.field("late", total.late)
      json.field("ahead", total.ahead)
      json.field("first_seq", total.firstSeq)
      json.field("last_seq", total.lastSeq)
      json.field("bytes", total.bytes)
      json.field("elapsed_s", seconds: elapsedSeconds)
      json.field("events_per_s", Int64(eventsPerSecond))
      json.field("interrupted", isInterrupted)
    }
  }

  var text: String {
    var rows = [
      ("stream", stream),
      ("files", Wording.count(fileCount)),
    ]
    if continuedCount > 0 { rows.append(("continued", Wording.count(continuedCount))) }
    if unchangedCount > 0 { rows.append(("unchanged", Wording.count(unchangedCount))) }
    rows += [
      ("accepted", Wording.count(total.accepted)),
      ("duplicates", Wording.count(total.duplicates)),
    ]
    if total.differing > 0 { rows.append(("differing", Wording.count(total.differing))) }
    rows += [
      ("rejected", Wording.count(total.rejected)), ("late", Wording.count(total.late)),
    ]
    if total.ahead > 0 {
      rows.append(("ahead", "\(Wording.count(total.ahead)); see nilo ledger --kind ahead"))
    }
    if let first = total.firstSeq, let last = total.lastSeq {
      rows.append(("seq", "\(Wording.count(first)) to \(Wording.count(last))"))
    }
    rows += [
      ("bytes", Wording.bytes(total.bytes)),
      ("time", Wording.seconds(elapsedSeconds)),
      ("rate", "\(Wording.count(Int64(eventsPerSecond))) events/s"),
    ]
    let end = isInterrupted ? "\ninterrupted: all that is counted here is stored" : ""
    return Wording.table(rows) + end
  }
}
