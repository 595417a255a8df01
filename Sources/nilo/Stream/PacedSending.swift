import Bytes
import Foundation
import Replay

/// One run of `nilo stream`: documents that are due are sent together.
struct PacedSending {
  private let documents: DocumentSequence
  private var pace: Pace
  private let sink: any DocumentSink
  private let limit: UInt64
  private var progress = Progress()
  private let start = ContinuousClock.now
  private var waiting: (document: [UInt8], due: ContinuousClock.Instant)?
  private var taken: UInt64 = 0
  /// The field that was named for the time.
  private let timePath: String?
  private var isUntimedTold = false

  /// What is late is caught up with in requests of this size.
  private static let maxDocuments = 1_000
  private static let maxBytes = 1 << 20

  init(
    _ documents: DocumentSequence, _ pace: Pace, timePath: String?, to sink: any DocumentSink,
    limit: UInt64?
  ) {
    (self.documents, self.pace, self.sink) = (documents, pace, sink)
    (self.timePath, self.limit) = (timePath, limit ?? .max)
  }

  /// A document without a time has no pace, which is seldom meant.
  private mutating func tellUntimed(_ document: [UInt8]) {
    isUntimedTold = true
    progress.wipe()
    let names = ((try? JSONReader.value(document))?.names ?? []).prefix(10).joined(separator: ", ")
    let wanted =
      timePath.map { "no time in \($0)" } ?? "none of \(Pace.timeNames.joined(separator: ", "))"
    printNote(
      "document \(Wording.count(taken)) has \(wanted), and is sent with the one before it, as are others without; it has: "
        + "\(names); --time names the field with the time")
  }

  /// Documents that were left out, since the file's structure is broken there.
  var refused: UInt64 { documents.refusedCount }

  /// Ends with the file, the limit or a signal. Throws ``FileError``, and what the sink throws.
  mutating func run() throws {
    defer { progress.wipe() }
    while !Interruption.isRequested, try fill(), let first = waiting {
      sleep(until: first.due)
      if Interruption.isRequested { return }
      try sink.send(try takeDue())
      progress.update(share: nil, events: sink.outcome.sent)
    }
  }

  private mutating func fill() throws -> Bool {
    if waiting != nil { return true }
    guard taken < limit, let next = try documents.next() else { return false }
    taken += 1
    waiting = (next.bytes, pace.due(next))
    if pace.untimedCount == 1, !isUntimedTold { tellUntimed(next.bytes) }
    return true
  }

  private mutating func takeDue() throws -> [[UInt8]] {
    var due: [[UInt8]] = []
    var byteCount = 0
    let now = ContinuousClock.now
    while let next = waiting, next.due <= now, due.count < Self.maxDocuments,
      due.isEmpty || byteCount + next.document.count <= Self.maxBytes
    {
      due.append(next.document)
      byteCount += next.document.count
      waiting = nil
      _ = try fill()
    }
    return due
  }

  private func sleep(until due: ContinuousClock.Instant) {
    while .now < due, !Interruption.isRequested {
      Thread.sleep(forTimeInterval: min(0.1, max(0, (due - .now) / .seconds(1))))
    }
  }

  private var elapsedSeconds: Double { (ContinuousClock.now - start) / .seconds(1) }

  var json: [UInt8] {
    jsonObject { json in
      json.field("sent", sink.outcome.sent)
      json.field("accepted", sink.outcome.accepted)
      json.field("duplicates", sink.outcome.duplicates)
      json.field("rejected", sink.outcome.rejected)
      json.field("unreadable", refused)
      json.field("without_time", pace.untimedCount)
      json.field("retries", sink.outcome.retries)
      json.field("elapsed_s", seconds: elapsedSeconds)
    }
  }

  var text: String {
    var rows = [("sent", Wording.count(sink.outcome.sent))]
    for (name, count) in [
      ("accepted", sink.outcome.accepted), ("duplicates", sink.outcome.duplicates),
      ("rejected", sink.outcome.rejected), ("unreadable", refused),
      ("without time", pace.untimedCount), ("retries", sink.outcome.retries),
    ] where count > 0 {
      rows.append((name, Wording.count(count)))
    }
    rows.append(("time", Wording.seconds(elapsedSeconds)))
    return Wording.table(rows)
  }
}

extension JSONValue {
  /// The names of an object's fields.
  fileprivate var names: [String] {
    guard case .object(let fields) = self else { return [] }
    return fields.map(\.name)
  }
}
