import Bytes
import FileConnector
import Foundation
import Model
import Store

/// Reads an answer that does not end, a record on each line, and stores the records soon after they have come. When the answer
/// ends or breaks off it is asked for again; a record that has come before is known by its id then, as the stream says.
final class HTTPFollowing {
  private let store: Store
  private let hooks: any PollingHooks
  private let clock: @Sendable () -> Int64
  private let requester: Requester
  private let makeSettings: () throws -> HTTPSourceSettings
  private var settings: HTTPSourceSettings
  private var position = PollPosition()
  private var collected: AnswerContents.Contents
  /// When the first record came that is not stored.
  private var waitingSince: ContinuousClock.Instant?
  private var lastPiece = ContinuousClock.now

  /// When records are stored: at the first of these.
  private static let commitEvents = 4_096
  private static let commitAfter = Duration.milliseconds(250)

  init(
    _ store: Store, _ hooks: any PollingHooks, clock: @escaping @Sendable () -> Int64,
    _ requester: Requester, settings: @escaping () throws -> HTTPSourceSettings
  ) throws {
    (self.store, self.hooks, self.clock, self.requester) = (store, hooks, clock, requester)
    makeSettings = settings
    self.settings = try settings()
    if let noted = try store.progress(of: self.settings.name) {
      guard let position = PollPosition(noted.progress.position) else {
        throw PollFailure(
          "what is noted of \(self.settings.name) is no position of http: take another name")
      }
      self.position = position
    }
    collected = AnswerContents.Contents(nextRecord: position.nextRecord)
  }

  /// Returns when the hooks say so. Throws errors of the store and of the settings.
  func run() throws {
    var failures = 0
    while !hooks.hasToStop {
      settings = try makeSettings()
      let before = position.nextRecord
      do {
        try follow()
        failures = 0
        hooks.wait(seconds: Double(settings.everyNs) / 1e9)
      } catch is CancellationError {
        return
      } catch let failure as PollFailure {
        failures = position.nextRecord > before ? 1 : failures + 1
        hooks.fail(failure.description)
        var random = SystemRandomNumberGenerator()
        let pauseNs = PollBackoff.pauseNs(failure, failedPolls: failures, &random)
        hooks.wait(seconds: Double(pauseNs) / 1e9)
      }
    }
  }

  /// One answer, to its end.
  private func follow() throws {
    let request = try settings.paging.request(position.page, of: settings.request, item: nil)
    // A byte is enough for it to hand out the lines that there are.
    var lines = try BodyReader(.ndjson, targetChunkBytes: 1)
    lastPiece = .now
    do {
      try requester.follow(
        request, settings.limits, hasEnded: { try look(request) },
        piece: { piece in
          lastPiece = .now
          hooks.succeed()
          lines.add(piece)
          try collect(&lines)
        })
      // What has no line end is a line only where the answer has ended as it should.
      lines.finish()
      try collect(&lines)
    } catch {
      // What has come whole before is stored all the same.
      if error is PollFailure || error is CancellationError { try commit() }
      throw error
    }
    try commit()
  }

  private func collect(_ lines: inout BodyReader) throws {
    do {
      while let chunk = try lines.next() {
        settings.contents.add(chunk.documents(), to: &collected)
        if waitingSince == nil { waitingSince = .now }
        if collected.recordCount >= Self.commitEvents { try commit() }
      }
    } catch let error as BodyError {
      throw PollFailure("the answer cannot be read on: \(error)")
    }
    try commitIfDue()
  }

  /// Called now and then while nothing comes.
  private func look(_ request: PlannedRequest) throws -> Bool {
    try commitIfDue()
    let silenceMs = settings.limits.silenceMs
    if .now - lastPiece > .milliseconds(silenceMs) {
      let length = silenceMs < 1_000 ? "\(silenceMs) ms" : "\(silenceMs / 1_000) s"
      throw PollFailure("\(request.shownURL) has sent nothing for \(length): it is asked anew")
    }
    return false
  }

  private func commitIfDue() throws {
    if let waitingSince, .now - waitingSince >= Self.commitAfter { try commit() }
  }

  private func commit() throws {
    defer { waitingSince = nil }
    var after = position
    (after.nextRecord, after.polledNs) = (collected.nextRecord, clock())
    if let cursor = collected.last({ settings.paging.cursor(in: $0) }) {
      after.page = .cursor(cursor)
    }
    for (number, batch) in collected.batches.enumerated() {
      var documents = batch.documents
      // With the last one, so that no record is passed over that is in none yet.
      if number == collected.batches.count - 1 {
        documents.progress = SourceProgress(source: settings.name, position: after.text)
      }
      let result = try store.append(
        documents, to: batch.stream, source: settings.name, actor: "http")
      hooks.count(
        events: documents.documents.count + documents.refused.count,
        rejected: result.rejected.count, empty: 0)
    }
    position = after
    collected = AnswerContents.Contents(nextRecord: position.nextRecord)
  }
}
