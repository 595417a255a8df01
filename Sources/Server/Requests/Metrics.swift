import Synchronization

/// What the server counts of its requests; what the store knows itself is read when it is asked for.
final class Metrics: Sendable {
  /// How a query ended.
  enum Outcome: Int, CaseIterable, Sendable {
    case answered, refused, limited, cancelled, failed

    var label: String { "\(self)" }
  }

  /// From the chunk of a request to its durable commit.
  let appendSeconds = Histogram()
  let querySeconds = Histogram()
  /// That the disk is full is said by each request that brings something.
  let diskLine = RareLine()
  private let queries = Outcome.allCases.map { _ in Counter() }
  private let problems = Problem.Kind.allCases.map { _ in Counter() }
  /// By the first digit of the status.
  private let responses = (0..<5).map { _ in Counter() }

  func count(_ outcome: Outcome) { queries[outcome.rawValue].add() }
  func count(_ kind: Problem.Kind) { problems[Problem.Kind.allCases.firstIndex(of: kind)!].add() }
  func count(status: Int) { responses[min(max(status / 100, 1), 5) - 1].add() }

  var queriesByOutcome: [(label: String, count: Int)] {
    Outcome.allCases.map { ($0.label, queries[$0.rawValue].value) }
  }

  var problemsByKind: [(label: String, count: Int)] {
    zip(Problem.Kind.allCases, problems).map { ($0.rawValue, $1.value) }
  }

  var responsesByClass: [(label: String, count: Int)] {
    responses.enumerated().map { ("\($0.offset + 1)xx", $0.element.value) }
  }
}

/// Lets a line into the log now and then of what may happen with each request.
final class RareLine: Sendable {
  private static let interval = Duration.seconds(10)
  private let state = Mutex<(last: ContinuousClock.Instant?, leftOut: Int)>((nil, 0))

  /// How many were left out since the last one; nil when this one is to be.
  func admit(at now: ContinuousClock.Instant = .now) -> Int? {
    state.withLock { state in
      if let last = state.last, now - last < Self.interval {
        state.leftOut += 1
        return nil
      }
      defer { state = (now, 0) }
      return state.leftOut
    }
  }
}

/// A number that only rises.
final class Counter: Sendable {
  private let count = Atomic<Int>(0)
  var value: Int { count.load(ordering: .relaxed) }
  func add(_ more: Int = 1) { count.add(more, ordering: .relaxed) }
}

/// How many durations there were up to each bound.
final class Histogram: Sendable {
  /// In seconds, each about 2.5 times the one before.
  static let boundsSeconds = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
  ]

  private let counts = (0...boundsSeconds.count).map { _ in Counter() }
  private let sumNs = Counter()

  func add(_ duration: Duration) {
    let seconds = duration / .seconds(1)
    let place = Self.boundsSeconds.firstIndex { seconds <= $0 } ?? Self.boundsSeconds.count
    counts[place].add()
    sumNs.add(Int(duration / .nanoseconds(1)))
  }

  var sumSeconds: Double { Double(sumNs.value) / 1e9 }
  /// In the order of the bounds, those beyond all of them last.
  var values: [Int] { counts.map(\.value) }
}
