import Foundation
import Logging
import Query
import Store
import Synchronization
import Threads

/// Runs the sources that are defined and not paused: starts, stops and replaces them as definitions change.
///
/// One thread compares what runs with what is defined; each source has a thread of its own, so that one that takes long to
/// stop holds up nobody else but that thread.
final class SourceSupervisor: @unchecked Sendable {
  private let context: SourceContext
  /// By the kind of source.
  private let makers: [String: SourceFetcherMaker]
  private let thread = JoinableThread(named: "nilo.sources")
  private let condition = NSCondition()
  // Guarded by `condition`.
  private var hasNews = true
  private var isStopping = false
  private var runs: [SourceKey: SourceRun] = [:]

  /// What has to be run anew when it is another.
  private struct SourceKey: Hashable {
    var name: String
    var version: Int
    var resumedSeq: UInt64?
  }

  init(_ context: SourceContext, makers: [String: SourceFetcherMaker]) {
    (self.context, self.makers) = (context, makers)
  }

  /// Throws `ThreadError`.
  func start() throws {
    context.store.monitorSources(by: self)
    try thread.start { [self] in supervise() }
  }

  /// Stops all of them, and returns when nothing is on its way any more.
  func stop() {
    condition.withLock {
      isStopping = true
      condition.broadcast()
    }
    thread.join()
    let running = condition.withLock {
      defer { runs = [:] }
      return Array(runs.values)
    }
    for run in running { run.stop() }
    for run in running { run.join() }
    context.store.monitorSources(by: nil)
  }

  private func supervise() {
    while awaitNews() {
      do { try reconcile() } catch {
        context.logger.error("sources cannot be gone on with: \(error)")
        condition.withLock {
          hasNews = true
          if !isStopping { _ = condition.wait(until: Date(timeIntervalSinceNow: 1)) }
        }
      }
    }
  }

  /// Returns whether it is to go on.
  private func awaitNews() -> Bool {
    condition.withLock {
      while !hasNews, !isStopping { condition.wait() }
      hasNews = false
      return !isStopping
    }
  }

  private func reconcile() throws {
    let defined = try context.store.definedSources().filter { !$0.isPaused }
    let wanted = Dictionary(
      defined.map {
        (SourceKey(name: $0.name, version: $0.version, resumedSeq: $0.resumedSeq), $0)
      },
      uniquingKeysWith: { $1 })
    let ended = condition.withLock {
      let ended = runs.filter { wanted[$0.key] == nil }
      for key in ended.keys { runs[key] = nil }
      return Array(ended.values)
    }
    // Two that run under one name would note positions over each other.
    for run in ended { run.stop() }
    for run in ended { run.join() }
    for (key, source) in wanted where condition.withLock({ runs[key] == nil }) {
      let run = SourceRun(source, clock: context.clock, logger: context.logger)
      let maker = makers[source.definition.kind.value]
      try run.start { [context] in
        guard let maker else {
          throw SourceStopError("this server cannot fetch from \(source.definition.kind.value)")
        }
        return try maker(source, context)
      }
      condition.withLock { runs[key] = run }
    }
  }
}

extension SourceSupervisor: SourceMonitor {
  var statuses: [String: FetchStatus] {
    let running = condition.withLock { runs }
    return Dictionary(running.map { ($0.key.name, $0.value.status) }, uniquingKeysWith: { $1 })
  }

  func sourcesChanged() {
    condition.withLock {
      hasNews = true
      condition.broadcast()
    }
  }
}

extension SourceSupervisor {
  /// What fetches from each kind of source.
  static let fetchers: [String: SourceFetcherMaker] = [
    "kafka": { try KafkaFetcher($0, $1) }, "http": { try HTTPFetcher($0, $1) },
  ]
}
