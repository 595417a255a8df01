import Bytes
import Hummingbird
import Store

/// What became of the documents of a request, as its client is told.
struct IngestAnswer: Sendable {
  var outcome = RequestOutcome()
  /// What was decided about the body.
  var notes: [String] = []
  /// What may be wrong with it as a whole, where documents were rejected.
  var hint: String?

  /// Whether there were documents, and none of them is an event.
  var isRejected: Bool {
    outcome.rejectedCount > 0 && outcome.rejectedCount == outcome.documentCount
  }

  /// 200 when anything was taken or known, 422 when all was rejected.
  func response() -> Response {
    .json(status: isRejected ? .unprocessableContent : .ok, write)
  }

  func write(to writer: inout JSONObjectWriter) {
    writer.field("accepted", Int64(outcome.accepted))
    writer.field("duplicate_count", Int64(outcome.duplicateCount))
    writer.field(
      "duplicates",
      array: outcome.duplicates.map { one in
        jsonObject {
          $0.field("index", one.position)
          $0.field("seq", one.seq)
        }
      })
    writer.field("rejected_count", Int64(outcome.rejectedCount))
    writer.field(
      "rejected",
      array: outcome.rejected.map { one in
        jsonObject {
          $0.field("index", one.position)
          $0.field("reason", HTTPWords.told(one.reason))
        }
      })
    writer.field("late", Int64(outcome.late))
    writer.field("ahead", Int64(outcome.ahead))
    writer.field("first_seq", outcome.firstSeq)
    writer.field("last_seq", outcome.lastSeq)
    if !notes.isEmpty { writer.field("notes", strings: notes.map(HTTPWords.told)) }
    if outcome.rejectedCount > 0, let hint { writer.field("hint", hint) }
  }
}
