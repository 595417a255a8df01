import Bytes
import Hummingbird
import Model
import Store

/// What became of the documents of a request.
struct IngestAnswer: Sendable {
  /// Lists are cut here; the counts are whole.
  static let maxListed = 1_000

  private var accepted = 0
  private var (duplicateCount, rejectedCount, late) = (0, 0, 0)
  private var duplicates: [(index: Int64, seq: UInt64)] = []
  private var rejected: [(index: Int64, reason: String)] = []
  private var (firstSeq, lastSeq): (UInt64?, UInt64?)

  var documentCount: Int { accepted + duplicateCount + rejectedCount }
  /// Whether there were documents, and none of them is an event.
  var isRejected: Bool { rejectedCount > 0 && rejectedCount == documentCount }
  var hasCommitted: Bool { documentCount > 0 }

  mutating func add(_ result: AppendResult) {
    accepted += result.accepted
    late += result.late.count
    duplicateCount += result.duplicates.count
    rejectedCount += result.rejected.count
    for one in result.duplicates.prefix(Self.maxListed - duplicates.count) {
      duplicates.append((one.position, one.firstSeq))
    }
    for one in result.rejected.prefix(Self.maxListed - rejected.count) {
      rejected.append((one.position, one.reason))
    }
    firstSeq = firstSeq ?? result.firstSeq
    lastSeq = result.lastSeq ?? lastSeq
  }

  /// 200 when anything was taken or known, 422 when all was rejected.
  func response() -> Response {
    .json(status: isRejected ? .unprocessableContent : .ok, write)
  }

  func write(to writer: inout JSONObjectWriter) {
    writer.field("accepted", Int64(accepted))
    writer.field("duplicate_count", Int64(duplicateCount))
    writer.field(
      "duplicates",
      array: duplicates.map { one in
        jsonObject {
          $0.field("index", one.index)
          $0.field("seq", one.seq)
        }
      })
    writer.field("rejected_count", Int64(rejectedCount))
    writer.field(
      "rejected",
      array: rejected.map { one in
        jsonObject {
          $0.field("index", one.index)
          $0.field("reason", one.reason)
        }
      })
    writer.field("late", Int64(late))
    writer.field("first_seq", firstSeq)
    writer.field("last_seq", lastSeq)
  }
}
