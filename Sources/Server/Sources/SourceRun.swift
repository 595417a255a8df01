import Foundation
import Logging
import Query
import Threads

/// One source while it is fetched from: its thread, its pauses after failures, its state and its figures.
final class SourceRun: @unchecked Sendable {
  let source: DefinedSource
  private let clock: @Sendable () -> Int64
  private let logger: Logger
  private let thread = JoinableThread(named: "nilo.source")
  private let condition = NSCondition()
  // Guarded by `condition`.
  private var current: FetchStatus
  private var isStopping = false
  private var failedAttempts = 0
  private var rate = EventRate()
  /// Said of a source that runs, and yet brings nothing; nil when its last documents were not all rejected.
  private var rejection: String?
  /// What somebody should look at, though it goes on.
  private var warning: String?
  /// Said of a source that runs, and yet cannot read all that it is to read.
  private var unread: String?

  init(_ source: DefinedSource, clock: @escaping @Sendable () -> Int64, logger: Logger) {
    (self.source, self.clock, self.logger) = (source, clock, logger)
    current = FetchStatus(.starting, sinceNs: clock())
  }

  /// Calls the fetcher until ``stop()``. `make` makes it, anew for each attempt: what its options refer to may be there the
  /// next time. Throws `ThreadError`.
  func start(_ make: @escaping @Sendable () throws -> any SourceFetcher) throws {
    try thread.start { [self] in
      while !hasToStop {
        do {
          try make().fetch(self)
        } catch let stop as SourceStopError {
          note(.stopped, stop.description)
          logger.error("source \(source.name) has stopped: \(stop)")
          awaitStop()
        } catch {
          pause(after: "\(error)")
        }
      }
    }
  }

  /// Tells the fetcher to end. ``join()`` waits for it.
  func stop() {
    condition.withLock {
      isStopping = true
      condition.broadcast()
    }
  }

  /// Returns when the fetcher has ended: what it has not committed will be fetched again.
  func join() { thread.join() }

  /// How it gets on.
  var status: FetchStatus {
    condition.withLock {
      var status = current
      status.eventsPerSecond = rate.perSecond(nowNs: clock())
      if status.state == .running { status.failure = unread ?? rejection ?? warning }
      return status
    }
  }

  // MARK: For fetchers

  /// Whether the fetcher is to return.
  var hasToStop: Bool { condition.withLock { isStopping } }

  /// Takes note that all is well: it is connected, or something was committed.
  func succeed() {
    condition.withLock {
      failedAttempts = 0
      if current.state != .running {
        (current.state, current.failure, current.sinceNs) = (.running, nil, clock())
      }
    }
  }

  /// Takes note that something has failed which the fetcher tries again by itself.
  func fail(_ failure: String) {
    if status.failure != failure {
      logger.warning("source \(source.name) will be tried again: \(failure)")
    }
    note(.waiting, failure)
  }

  /// Takes note of what was committed.
  func count(events: Int, rejected: Int, empty: Int = 0) {
    condition.withLock {
      current.empty += UInt64(empty)
      current.events += UInt64(events)
      current.rejected += UInt64(rejected)
      rate.add(events, nowNs: clock())
      if events > 0 {
        rejection =
          rejected < events
          ? nil : "all of the last \(events) documents were rejected: SHOW REJECTED says why"
      }
    }
  }

  /// How much there is that was not fetched yet; nil when that is not known any more.
  func note(lag: UInt64?) { condition.withLock { current.lag = lag } }

  /// What somebody should look at, though it goes on; nil when there is nothing any more.
  func note(warning: String?) {
    let isNew = condition.withLock {
      defer { self.warning = warning }
      return warning != nil && warning != self.warning
    }
    if isNew, let warning { logger.warning("source \(source.name): \(warning)") }
  }

  /// What cannot be read for now while the rest is, and why; nil when all is.
  func note(unread: String?) {
    let isNew = condition.withLock {
      defer { self.unread = unread }
      return unread != nil && unread != self.unread
    }
    if isNew, let unread { logger.warning("source \(source.name): \(unread)") }
  }

  /// Waits for so long, or until it is to stop. Returns whether it may go on.
  @discardableResult
  func wait(seconds: Double) -> Bool {
    let end = Date(timeIntervalSinceNow: seconds)
    return condition.withLock {
      while !isStopping, condition.wait(until: end) {}
      return !isStopping
    }
  }

  // MARK: Failures

  private func note(_ state: FetchStatus.State, _ failure: String) {
    condition.withLock {
      // Since when it has not worked, however often it was tried.
      if current.state != state { current.sinceNs = clock() }
      (current.state, current.failure) = (state, failure)
    }
  }

  private func pause(after failure: String) {
    note(.waiting, failure)
    let attempts = condition.withLock {
      failedAttempts += 1
      return failedAttempts
    }
    var random = SystemRandomNumberGenerator()
    let pauseNs = min(Backoff.pauseNs(afterAttempts: attempts, &random), Self.longestPauseNs)
    logger.warning("source \(source.name) will be tried again: \(failure)")
    wait(seconds: Double(pauseNs) / 1e9)
  }

  /// A source that is back is not left waiting for much longer than this.
  private static let longestPauseNs: Int64 = 60_000_000_000

  private func awaitStop() {
    condition.withLock { while !isStopping { condition.wait() } }
  }
}

/// How many events came in the last seconds.
struct EventRate {
  /// Over so many seconds, without the one that has begun.
  static let seconds = 10
  /// By second, modulo their number and the one that has begun.
  private var counts = [Int](repeating: 0, count: seconds + 1)
  private var lastSecond: Int64 = 0

  /// Adds events that came now. O(seconds since the last call, `seconds` at most).
  mutating func add(_ events: Int, nowNs: Int64) {
    advance(to: nowNs)
    counts[index(lastSecond)] += events
  }

  /// The mean over the last whole seconds.
  mutating func perSecond(nowNs: Int64) -> Double {
    advance(to: nowNs)
    let whole = counts.reduce(0, +) - counts[index(lastSecond)]
    return Double(whole) / Double(Self.seconds)
  }

  private func index(_ second: Int64) -> Int { Int(second % Int64(counts.count)) }

  private mutating func advance(to nowNs: Int64) {
    // A clock that was set back adds to the second that there is.
    let second = max(lastSecond, nowNs / 1_000_000_000)
    for passed in 0..<min(second - lastSecond, Int64(counts.count)) {
      counts[index(second - passed)] = 0
    }
    lastSecond = second
  }
}
