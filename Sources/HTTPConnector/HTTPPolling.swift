import Bytes
import Checksum
import Foundation
import Model
import Store

/// Asks for the items of a source again and again, and stores what has come, each answer once: the position is committed with
/// its records.
///
/// One thread asks for one item after the other. One that fails is tried again by itself, and holds up no other.
public final class HTTPPolling {
  private let store: Store
  private let hooks: any PollingHooks
  private let clock: @Sendable () -> Int64
  private let makeSettings: () throws -> HTTPSourceSettings
  private var settings: HTTPSourceSettings
  private let requester: Requester
  private var items: [PolledItem] = []
  /// Items of which no poll has come to its end so far.
  private var expected = ExpectedSources()

  /// `settings` are made anew for each poll, so that secrets may change meanwhile. `clock` gives the wall clock, in
  /// nanoseconds since 1970. Throws what `settings` does.
  public init(
    _ store: Store, _ hooks: any PollingHooks, clock: @escaping @Sendable () -> Int64,
    settings: @escaping () throws -> HTTPSourceSettings
  ) throws {
    (self.store, self.hooks, self.clock, makeSettings) = (store, hooks, clock, settings)
    self.settings = try settings()
    requester = Requester(hooks, clock: clock)
  }

  /// Returns when the hooks say so; what has come is durable then. Throws errors of the store and of the settings: to be run
  /// again, it begins from what the store has.
  public func run() throws {
    if settings.isEndless {
      return try HTTPFollowing(store, hooks, clock: clock, requester, settings: makeSettings).run()
    }
    let names: [String?] = settings.items.isEmpty ? [nil] : settings.items
    items = try names.map { try begin($0) }
    expected = ExpectedSources(items.map(\.source))
    while !hooks.hasToStop {
      guard let next = items.indices.min(by: { items[$0].due < items[$1].due }) else { return }
      let left = items[next].due - .now
      if left > .zero {
        hooks.wait(seconds: left / .seconds(1))
        continue
      }
      settings = try makeSettings()
      do {
        try poll(next)
      } catch is CancellationError {
        return
      }
      report()
    }
  }

  /// An item, due when its last poll says.
  private func begin(_ item: String?) throws -> PolledItem {
    let source = settings.source(item)
    var state = PolledItem(name: item, source: source, position: PollPosition())
    guard let noted = try store.progress(of: source) else { return state }
    guard let position = PollPosition(noted.progress.position) else {
      throw PollFailure("what is noted of \(source) is no position of http: take another name")
    }
    state.position = position
    if let polledNs = position.polledNs, !position.isWithinPoll, position.begun == nil {
      // A clock that was set back does not make it wait for longer than usual.
      let leftNs = min(max(0, polledNs + settings.everyNs - clock()), settings.everyNs)
      state.due = .now + .nanoseconds(leftNs)
    }
    return state
  }

  private func report() {
    if let failure = items.lazy.compactMap(\.failure).first {
      hooks.fail(failure)
    } else {
      hooks.succeed()
    }
    let isCaughtUp = items.allSatisfy { $0.failure == nil && !$0.position.isWithinPoll }
    hooks.note(lag: isCaughtUp ? 0 : nil)
  }

  // MARK: A poll

  private func poll(_ index: Int) throws {
    let begin = ContinuousClock.now
    do {
      try readPages(index)
      if !items[index].position.isWithinPoll {
        try expected.arrive([items[index].source], in: store)
      }
      items[index].succeed(dueAgain: begin + .nanoseconds(settings.everyNs))
    } catch let failure as PollFailure {
      var random = SystemRandomNumberGenerator()
      items[index].fail(failure, &random)
    }
  }

  /// Reads the pages of one poll, or those that are left of it.
  private func readPages(_ index: Int) throws {
    let paging = settings.paging
    var seen: Set<PageRequest> = []
    repeat {
      let page = items[index].position.page
      if !seen.insert(page).inserted {
        try startOver(index)
        throw PollFailure("the pages of \(items[index].source) lead back to one that was read")
      }
      if seen.count > paging.maxPages {
        throw PollFailure(
          "there are more than \(paging.maxPages) pages; it goes on after them, or max_pages may be raised"
        )
      }
      let request = try paging.request(page, of: settings.request, item: items[index].name)
      let validators = items[index].position.isWithinPoll ? nil : items[index].position.validators
      do {
        try take(try requester.answer(to: request, validators, settings.limits), page, index)
      } catch let failure as PollFailure {
        // Where a page that a server has named is not there any more, the next poll begins with the first.
        if case .url = page, let status = failure.status, [400, 404, 410].contains(status) {
          try startOver(index)
        }
        throw failure
      }
    } while items[index].position.isWithinPoll && !hooks.hasToStop
  }

  private func startOver(_ index: Int) throws {
    items[index].position.page = .first
    items[index].position.isWithinPoll = false
    try note(items[index].position, index)
  }

  private func note(_ position: PollPosition, _ index: Int) throws {
    let source = items[index].source
    try store.setProgress(SourceProgress(source: source, position: position.text))
    items[index].position = position
  }

  // MARK: An answer

  private func take(_ answer: Answer, _ page: PageRequest, _ index: Int) throws {
    var position = items[index].position
    if !position.isWithinPoll { position.polledNs = clock() }
    if answer.head.status == 304 { return try note(position, index) }
    let hash = Self.hash(answer.body)
    // The same bytes again are the same events again.
    if hash == position.answerHash { return try note(position, index) }
    let isKnown = items[index].isKnown(hash, of: page)
    if let stream = settings.keptIn, !isKnown, items[index].keptHash != hash {
      try KeptAnswers(store: store, stream: stream).keep(
        answer, source: items[index].source, item: items[index].name, receivedNs: clock())
      items[index].keptHash = hash
    }
    var contents: AnswerContents.Contents
    do throws(PollFailure) {
      contents = try settings.contents.documents(of: answer.body, from: position.nextRecord)
    } catch {
      throw PollFailure("the answer of \(answer.request.shownURL) cannot be used: \(error)")
    }
    let next = try settings.paging.next(after: answer, page, recordCount: contents.recordCount)
    var after = position
    after.nextRecord = contents.nextRecord
    (after.page, after.isWithinPoll, after.begun) = (next.page, !next.isDone, nil)
    after.answerHash = settings.paging.kind == .none ? hash : nil
    // They are of use where the next poll begins with the same request.
    if next.page == page || page == .first && !settings.paging.goesOn {
      after.validators = Validators(answer.head)
    } else if settings.paging.goesOn {
      after.validators = nil
    }
    if isKnown { contents.batches = [] }
    try commit(contents, hash, before: position, after: after, index)
    items[index].know(hash, of: page)
  }

  /// Batch by batch, each with how far the answer is committed: where it is cut off, and comes again as it was, the rest is.
  private func commit(
    _ contents: AnswerContents.Contents, _ hash: String, before: PollPosition,
    after: PollPosition, _ index: Int
  ) throws {
    let source = items[index].source
    let isBegun = before.begun?.hash == hash
    var between = before
    for (number, batch) in contents.batches.enumerated() {
      if isBegun, number < before.begun?.batchCount ?? 0 { continue }
      between.begun = PollPosition.Begun(hash: hash, batchCount: number + 1)
      let isLast = number == contents.batches.count - 1
      var documents = batch.documents
      documents.progress = SourceProgress(
        source: source, position: (isLast ? after : between).text)
      try expected.announce(to: batch.stream, in: store, before: documents, of: source)
      let result = try store.append(documents, to: batch.stream, source: source, actor: "http")
      hooks.count(
        events: documents.documents.count + documents.refused.count,
        rejected: result.rejected.count, empty: 0)
    }
    if contents.batches.isEmpty {
      hooks.count(events: 0, rejected: 0, empty: 1)
      try note(after, index)
    }
    items[index].position = after
  }

  private static func hash(_ body: [UInt8]) -> String {
    // Unsafe for types with padding only.
    let (high, low) = unsafe checksum128(body.span.bytes)
    return String(high, radix: 16) + "-" + String(low, radix: 16)
  }
}

/// An item of a source between its polls.
struct PolledItem {
  let name: String?
  let source: String
  var position: PollPosition
  var due = ContinuousClock.now
  /// Why the last poll has brought nothing; nil when it has gone well.
  private(set) var failure: String?
  private var failedPolls = 0
  /// The hash of the answer that was kept last.
  var keptHash: String?
  /// Those of the pages, as they were read last since the program was started.
  private var pageHashes: [PageRequest: String] = [:]

  /// A list of more pages is not remembered.
  private static let mostPages = 10_000

  init(name: String?, source: String, position: PollPosition) {
    (self.name, self.source, self.position) = (name, source, position)
  }

  /// Whether a page is as it was.
  func isKnown(_ hash: String, of page: PageRequest) -> Bool { pageHashes[page] == hash }

  mutating func know(_ hash: String, of page: PageRequest) {
    if pageHashes.count >= Self.mostPages { pageHashes = [:] }
    pageHashes[page] = hash
  }

  mutating func succeed(dueAgain: ContinuousClock.Instant) {
    (failure, failedPolls, due) = (nil, 0, dueAgain)
  }

  mutating func fail(_ failure: PollFailure, _ random: inout some RandomNumberGenerator) {
    self.failure = failure.description
    failedPolls += 1
    due = .now + .nanoseconds(PollBackoff.pauseNs(failure, failedPolls: failedPolls, &random))
  }
}

/// How long to wait after polls that have failed.
enum PollBackoff {
  static let firstNs: Int64 = 1_000_000_000
  static let longestNs: Int64 = 300_000_000_000

  /// Anything up to a bound that doubles with each failure ("full jitter": Brooker, Exponential Backoff and Jitter, 2015), so
  /// that those who failed together do not come back together; after what the server has asked for, if it has.
  static func pauseNs(
    _ failure: PollFailure, failedPolls: Int, _ random: inout some RandomNumberGenerator
  ) -> Int64 {
    let boundNs = min(firstNs << Int64(min(max(failedPolls, 1) - 1, 20)), longestNs)
    return (failure.retryAfterNs ?? 0) + .random(in: 0...boundNs, using: &random)
  }
}
