import Query
import Store
import Synchronization

/// Computes once for all who follow the same what has changed, and keeps the last of it for those who are a little behind.
///
/// A publication is computed from two states of the log, so whoever was away for longer is told the same by computing it
/// from the state that was known last: nothing is queued for anybody.
final class LiveFeed: Sendable {
  /// What there was to tell at a time.
  struct Publication: Sendable {
    var number: Int
    var rows: [LiveRow]
    /// The state that they are of.
    var asOfSeq: UInt64
    /// Whoever was told all up to this publication knows the rows as of this event.
    var toldSeq: UInt64
    /// Whether other rows may have changed than those that have other facts: the KPI or its stream is another now.
    var isReset = false
  }

  /// What a follower is to do next.
  enum News: Sendable {
    case publications([Publication])
    /// Publications were let go of that it has not had.
    case missed
    /// Nothing new: a moment to look whether the client is still there.
    case nothing
    /// There is nothing to follow any more; nil when the server stops.
    case ended(Problem?)
  }

  /// A row is told so often at most, until its bucket is final.
  static let rowInterval = Duration.milliseconds(100)
  /// Time from one look at the log to the next, at least; a query is asked again after longer.
  private static let kpiInterval = Duration.milliseconds(20)
  private static let queryInterval = Duration.milliseconds(100)
  private static let longestInterval = Duration.seconds(2)
  /// Looking takes this share of a processor at most.
  private static let shareOfTime = 4
  private static let maxKept = 64

  private struct State {
    var kept: [Publication] = []
    var lastNumber = 0
    /// As of which event all is told.
    var toldSeq: UInt64
    /// The state that was looked at last; rows of it may be held back.
    var seenSeq: UInt64
    var hasEnded = false
    var problem: Problem?
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  let followed: Followed
  private let looker: LiveLooker
  private let signal: CommitSignal
  private let state: Mutex<State>

  init(_ followed: Followed, from end: ChangesEnd, _ looker: LiveLooker, _ signal: CommitSignal) {
    (self.followed, self.looker, self.signal) = (followed, looker, signal)
    state = Mutex(State(toldSeq: end.state.seq, seenSeq: end.state.seq))
  }

  /// The last publication, and the state that was looked at for it: what has changed since is told after it.
  var position: (number: Int, seq: UInt64) {
    state.withLock { ($0.lastNumber, $0.seenSeq) }
  }

  /// What comes after publication `number`: at once where there is something, else at the next beat at the latest.
  func news(after number: Int) async -> News {
    if let news = known(after: number) { return news }
    await withCheckedContinuation { continuation in
      let isDue = state.withLock { state in
        if state.lastNumber > number || state.hasEnded { return true }
        state.waiting.append(continuation)
        return false
      }
      if isDue { continuation.resume() }
    }
    return known(after: number) ?? .nothing
  }

  private func known(after number: Int) -> News? {
    state.withLock { state in
      if state.lastNumber > number {
        guard let first = state.kept.first, first.number <= number + 1 else { return .missed }
        return .publications(state.kept.filter { $0.number > number })
      }
      return state.hasEnded ? .ended(state.problem) : nil
    }
  }

  /// Wakes the followers.
  func beat() {
    let waiting = state.withLock { state in
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  /// Looks at the log after commits, until `isWanted` says no.
  func run(from first: ChangesEnd, while isWanted: @Sendable () -> Bool) async {
    var pacing = RowPacing(interval: Self.rowInterval)
    var end = first
    while isWanted(), !signal.isStopped {
      if pacing.isEmpty { await signal.wait(after: end.state.seq) }
      if pacing.isEmpty, signal.seq <= end.state.seq { continue }
      let begin = ContinuousClock.now
      do {
        let (rows, now, isReset) = try await looker.look(followed, since: end)
        let due = isPaced ? pacing.due(rows, since: end.state.seq, at: .now) : rows
        end = now
        publish(
          Publication(
            number: 0, rows: due, asOfSeq: end.state.seq,
            toldSeq: pacing.firstUntold ?? end.state.seq, isReset: isReset))
      } catch {
        return self.end(signal.isStopped ? nil : Problem(error))
      }
      let took = ContinuousClock.now - begin
      let interval = min(max(shortestInterval, took * Self.shareOfTime), Self.longestInterval)
      try? await Task.sleep(for: interval)
    }
    self.end(nil)
  }

  private var isPaced: Bool { if case .kpi = followed { true } else { false } }
  private var shortestInterval: Duration { isPaced ? Self.kpiInterval : Self.queryInterval }

  private func publish(_ publication: Publication) {
    let isEmpty = publication.rows.isEmpty && !publication.isReset
    state.withLock { state in
      precondition(
        publication.toldSeq >= state.toldSeq, "followers are told of an earlier state")
      (state.toldSeq, state.seenSeq) = (publication.toldSeq, publication.asOfSeq)
      if isEmpty { return }
      state.lastNumber += 1
      var numbered = publication
      numbered.number = state.lastNumber
      state.kept.append(numbered)
      // What is large is not kept for those who are behind.
      while state.kept.count > Self.maxKept
        || state.kept.count > 1 && state.kept.reduce(0, { $0 + $1.rows.count }) > Followed.maxRows
      {
        state.kept.removeFirst()
      }
    }
    if !isEmpty { beat() }
  }

  private func end(_ problem: Problem?) {
    state.withLock { state in
      (state.hasEnded, state.problem) = (true, problem)
    }
    beat()
  }
}

/// Holds rows back that were told a moment ago, and gives them when they are due, as they are then.
struct RowPacing {
  private let interval: Duration
  private var toldAt: [LiveRow.Key: ContinuousClock.Instant] = [:]
  private var held: [LiveRow.Key: LiveRow] = [:]
  /// The state before the first row that is held back.
  private(set) var firstUntold: UInt64?

  init(interval: Duration) { self.interval = interval }

  /// Whether nothing is held back.
  var isEmpty: Bool { held.isEmpty }

  /// The rows to tell now, of those that have changed since event `seq` and those that were held back. That a bucket is
  /// final, or was restated, is told at once.
  mutating func due(
    _ rows: [LiveRow], since seq: UInt64, at now: ContinuousClock.Instant
  ) -> [LiveRow] {
    toldAt = toldAt.filter { now - $0.value < interval }
    var due: [LiveRow] = []
    for row in rows {
      if row.kind == .changed, toldAt[row.key] != nil {
        held[row.key] = row
      } else {
        held[row.key] = nil
        due.append(row)
      }
    }
    for (key, row) in held where toldAt[key] == nil {
      held[key] = nil
      due.append(row)
    }
    for row in due { toldAt[row.key] = now }
    firstUntold = held.isEmpty ? nil : firstUntold ?? seq
    return due.sorted { $0.key.timeNs < $1.key.timeNs }
  }
}
