import Query
import ServiceLifecycle
import Store
import Synchronization

/// All that is followed, by how many.
final class LiveHub: Service, Sendable {
  private struct Entry {
    var feed: LiveFeed
    var followers: Int
  }

  private struct State {
    var feeds: [Followed: Entry] = [:]
    var followers = 0
  }

  /// So often followers look whether their clients are still there.
  private static let beatInterval = Duration.seconds(1)

  let looker: LiveLooker
  let maxFollowers: Int
  private let signal: CommitSignal
  private let listener: CommitListener
  private let state = Mutex(State())

  init(_ store: Store, _ looker: LiveLooker, maxFollowers: Int) {
    (self.looker, self.maxFollowers) = (looker, maxFollowers)
    let signal = CommitSignal(seq: 0)
    self.signal = signal
    listener = store.listen { signal.didCommit(through: $0) }
  }

  /// Open subscriptions.
  var followerCount: Int { state.withLock { $0.followers } }
  var isStopped: Bool { signal.isStopped }

  /// A place at the feed of what is followed. Throws a ``Problem`` of kind `tooBusy` when there are too many, and what is wrong
  /// with the query.
  func join(_ followed: Followed) async throws -> LivePlace {
    try admit()
    do {
      if let feed = joined(followed) { return LivePlace(at: feed, of: self) }
      let end = try await looker.end(of: followed)
      let made = LiveFeed(followed, from: end, looker, signal)
      let (feed, isNew) = state.withLock { state in
        let isNew = state.feeds[followed] == nil
        state.feeds[followed, default: Entry(feed: made, followers: 0)].followers += 1
        return (state.feeds[followed]?.feed ?? made, isNew)
      }
      if isNew { start(feed, from: end) }
      return LivePlace(at: feed, of: self)
    } catch {
      state.withLock { $0.followers -= 1 }
      throw error
    }
  }

  private func admit() throws(Problem) {
    let isAdmitted = state.withLock { state in
      guard state.followers < maxFollowers else { return false }
      state.followers += 1
      return true
    }
    if isAdmitted { return }
    var problem = Problem(
      .tooBusy, "\(maxFollowers) subscriptions are open (limits.subscriptions); close some")
    problem.retryAfterSeconds = 10
    throw problem
  }

  private func joined(_ followed: Followed) -> LiveFeed? {
    state.withLock { state in
      guard state.feeds[followed] != nil else { return nil }
      state.feeds[followed]?.followers += 1
      return state.feeds[followed]?.feed
    }
  }

  private func start(_ feed: LiveFeed, from end: ChangesEnd) {
    Task { [self] in
      await feed.run(from: end) { self.isFollowed(feed) }
      // One that has ended is not for those who come now.
      state.withLock { state in
        if state.feeds[feed.followed]?.feed === feed { state.feeds[feed.followed] = nil }
      }
    }
  }

  private func isFollowed(_ feed: LiveFeed) -> Bool {
    state.withLock { $0.feeds[feed.followed]?.feed === feed }
  }

  fileprivate func leave(_ feed: LiveFeed) {
    state.withLock { state in
      state.followers -= 1
      guard state.feeds[feed.followed]?.feed === feed else { return }
      state.feeds[feed.followed]?.followers -= 1
      if state.feeds[feed.followed]?.followers == 0 { state.feeds[feed.followed] = nil }
    }
  }

  /// Wakes all who wait, again and again, until the server stops; then it ends all subscriptions.
  func run() async throws {
    await withGracefulShutdownHandler {
      while !signal.isStopped, !Task.isCancelled {
        try? await Task.sleep(for: Self.beatInterval)
        beat()
      }
      stop()
    } onGracefulShutdown: {
      self.stop()
    }
  }

  private func beat() {
    signal.beat()
    for entry in state.withLock({ Array($0.feeds.values) }) { entry.feed.beat() }
  }

  private func stop() {
    listener.cancel()
    signal.stop()
    beat()
  }
}

/// The place of one follower at a feed: it is left when nobody holds it any more, also where the answer is never written, as
/// that to HEAD.
final class LivePlace: Sendable {
  let feed: LiveFeed
  private let hub: LiveHub

  fileprivate init(at feed: LiveFeed, of hub: LiveHub) { (self.feed, self.hub) = (feed, hub) }
  deinit { hub.leave(feed) }
}

/// Looks into the store, on threads that may block.
struct LiveLooker: Sendable {
  let store: Store
  let pool: BlockingPool
  let limits: QueryLimits
  let clock: @Sendable () -> Int64

  /// The state of the log now. Throws what is wrong with a query.
  func end(of followed: Followed) async throws -> ChangesEnd {
    try await pool.run {
      let engine = QueryEngine(store)
      if case .query(let text, let timeZone) = followed {
        var options = QueryOptions(nowNs: clock())
        options.timeZone = timeZone
        try engine.checkFollowed(Followed.select(text), of: text, options)
      }
      return try engine.end(of: followed.target)
    }
  }

  /// What has changed since. Where the KPI or its stream is another now, other rows may have changed than can be told.
  func look(
    _ followed: Followed, since earlier: ChangesEnd
  ) async throws -> (rows: [LiveRow], end: ChangesEnd, isReset: Bool) {
    var options = QueryOptions(nowNs: clock())
    options.limits = limits
    return try await pool.run { [options] in
      let engine = QueryEngine(store)
      let begin = try engine.end(of: followed.target)
      if !begin.isOfSameDefinition(as: earlier) { return ([], begin, true) }
      let (rows, end) = try followed.changes(engine, since: earlier.state, options)
      // It may have been changed meanwhile.
      return end.isOfSameDefinition(as: earlier) ? (rows, end, false) : ([], end, true)
    }
  }

  /// The same for a client that knows the rows as of an event.
  func look(
    _ followed: Followed, sinceSeq seq: UInt64
  ) async throws -> (rows: [LiveRow], end: ChangesEnd, isReset: Bool) {
    let earlier: ChangesEnd? = try await pool.run {
      try QueryEngine(store).end(of: followed.target, asOf: seq)
    }
    guard let earlier else { return ([], try await end(of: followed), true) }
    return try await look(followed, since: earlier)
  }
}
