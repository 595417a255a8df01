import Bytes
import EventLog
import Foundation
import Query
import Sketches
import Store
import Synchronization

/// Commits small blocks while two threads that do not rest ask of a KPI, and one rebuilds it: each answer has to be the one
/// of the state of the log that it says it is of. True when all are.
///
/// What readers have of cells is shared with those that are changed, and copied before a change by checks that the
/// compiler sees to. So this tells something of optimised builds, which `nilo-bench` is one of.
func hammer(seconds: Double) throws -> Bool {
  let directory = FileManager.default.temporaryDirectory
    .appending(path: "nilometer-hammer-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: directory) }
  let store = try Store(directory: directory.appending(path: "store").path())
  defer { store.close() }
  return try Hammer(store).run(seconds)
}

private final class Hammer: Sendable {
  private struct Tally {
    var answers = 0
    var rebuilds = 0
    var wrong: [String] = []
  }

  private static let items = """
    count(*) AS n, sum(v) AS total, min(v) AS low, max(v) AS high, stddev(v) AS dev, p95(v) AS p95, \
    distinct(u) AS users, top(u, 3) AS most, first(v) AS first, last(v) AS last
    """

  private let store: Store
  private let isOver = Atomic(false)
  private let tally = Mutex(Tally())
  /// By commits, of cells and of groups. They are there before the commit is.
  private let wanted = Mutex<(cells: [[String]], groups: [[String]])>(([], []))
  /// Of the last event before the first commit of ``run(_:)``.
  private let baseSeq: UInt64

  /// Makes the stream and its KPI, of one commit.
  init(_ store: Store) throws {
    self.store = store
    var state = HammerState()
    baseSeq = try Self.commit(state.next(), to: store)
    wanted.withLock { $0 = ([state.cellLines], [state.groupLines]) }
    let kpi = "DEFINE KPI hammered AS \(Self.items) FROM events GROUP BY d EVERY 1h"
    _ = try QueryEngine(store).run(kpi, QueryOptions(nowNs: 0))
  }

  private static func commit(_ documents: [String], to store: Store) throws -> UInt64 {
    let result = try store.append(documents, to: "events", source: "hammer")
    guard let last = result.lastSeq, result.accepted == documents.count else {
      throw CocoaError(.fileWriteUnknown)
    }
    return last
  }

  func run(_ seconds: Double) throws -> Bool {
    let threads = DispatchGroup()
    loop(threads) { try self.ask("SELECT * FROM hammered", { $0.cells }) }
    loop(threads) { try self.ask("SELECT \(Self.items) FROM events GROUP BY d", { $0.groups }) }
    loop(threads) {
      let reports = try self.store.projections.rebuild(named: [], verify: true)
      self.tally.withLock { tally in
        tally.rebuilds += 1
        for report in reports where !report.differences.isEmpty {
          tally.wrong.append("a rebuild differs: \(report.differences)")
        }
      }
    }
    var commits = 0
    do {
      defer {
        isOver.store(true, ordering: .relaxed)
        threads.wait()
      }
      var state = HammerState()
      _ = state.next()
      let end = ContinuousClock.now + .seconds(seconds)
      while ContinuousClock.now < end, tally.withLock({ $0.wrong.isEmpty }) {
        let documents = state.next()
        wanted.withLock {
          $0.cells.append(state.cellLines)
          $0.groups.append(state.groupLines)
        }
        _ = try Self.commit(documents, to: store)
        commits += 1
      }
    }
    let done = tally.withLock { $0 }
    report([
      ("commits", Double(commits)), ("answers", Double(done.answers)),
      ("rebuilds", Double(done.rebuilds)), ("wrong", Double(done.wrong.count)),
    ])
    for one in done.wrong.prefix(3) {
      FileHandle.standardError.write(Data("nilo-bench: \(one)\n".utf8))
    }
    return done.wrong.isEmpty
  }

  /// Runs `body` until all is over, on a thread of its own.
  private func loop(_ threads: DispatchGroup, _ body: @escaping @Sendable () throws -> Void) {
    threads.enter()
    Thread {
      while !self.isOver.load(ordering: .relaxed) {
        do { try body() } catch { self.tally.withLock { $0.wrong.append("\(error)") } }
      }
      threads.leave()
    }.start()
  }

  private func ask(
    _ query: String, _ part: (borrowing (cells: [[String]], groups: [[String]])) -> [[String]]
  ) throws {
    let answer = try QueryEngine(store).run(query, QueryOptions(nowNs: 0))[0]
    let seq = answer.meta.asOfSeq ?? 0
    let commit = seq < baseSeq ? 0 : Int(seq - baseSeq) / HammerState.eventCount
    let wanted = wanted.withLock { part($0)[commit] }
    let got = Self.lines(answer)
    tally.withLock { tally in
      tally.answers += 1
      for (got, wanted) in zip(got, wanted) where got != wanted {
        tally.wrong.append("\(query)\n  after \(commit) commits, got \(got)\n  wanted \(wanted)")
      }
      if got.count != wanted.count {
        tally.wrong.append("\(query): \(got.count) rows after \(commit) commits")
      }
    }
  }

  /// The rows as ``HammerState`` writes them, in order.
  private static func lines(_ answer: Answer) -> [String] {
    func values(_ name: String) -> ValueColumn? {
      answer.columns.first { $0.name == name }?.values
    }
    let names = ["n", "total", "low", "high", "dev", "p95", "users", "most", "first", "last"]
    let columns = names.map { (values($0), $0 == "dev" ? HammerState.roundedDigits : 15) }
    let start = answer.columns.first { $0.kind == .time }?.values
    let group = values("d")
    return (0..<answer.rowCount).map { row in
      var cells = [text(group?[row], 15)]
      if case .time(let ns)? = start?[row] { cells.insert("\(ns / 1_000_000_000)", at: 0) }
      return (cells + columns.map { text($0.0?[row], $0.1) }).joined(separator: " ")
    }.sorted()
  }

  private static func text(_ value: QueryValue?, _ digits: Int) -> String {
    switch value {
    case .integer(let value)?: HammerState.text(Double(value))
    case .number(let value)?: HammerState.text(value, digits)
    case .text(let value)?: "\(value)"
    case .top(let entries)?: entries.map { "\($0.value):\($0.count)" }.joined(separator: ",")
    default: "NULL"
    }
  }
}

/// What the commits so far add up to.
private struct HammerState {
  /// Of a commit.
  static let eventCount = 200
  private static let (hours, groups, users) = (4, 5, 150)
  private static let startSeconds = 1_717_200_000

  private struct Sums {
    var count = 0
    var sum = 0
    var squares = 0
    /// How often each value is among them, in quarters.
    var counts = [Int](repeating: 0, count: 2_000)
    var users = [Int](repeating: 0, count: HammerState.users)
    var first: Int?
    var last = 0

    mutating func add(_ value: Int, _ user: Int) {
      count += 1
      sum += value
      squares += value * value
      counts[value] += 1
      users[user] += 1
      first = first ?? value
      last = value
    }

    /// Those of the hour that follows.
    mutating func add(_ other: Sums) {
      count += other.count
      sum += other.sum
      squares += other.squares
      for index in counts.indices { counts[index] += other.counts[index] }
      for index in users.indices { users[index] += other.users[index] }
      first = first ?? other.first
      last = other.last
    }

    /// The bucket of the value that has 95 % of the others below it.
    private var percentile: Double {
      let rank = 95 * (count - 1) / 100
      var (value, seen) = (0, counts[0])
      while seen <= rank {
        value += 1
        seen += counts[value]
      }
      return LogBuckets.value(ofKey: LogBuckets.key(Double(value) / 4))
    }

    private var most: String {
      let entries = users.indices.filter { users[$0] > 0 }.map { ("u\($0)", users[$0]) }
        .sorted { $0.1 != $1.1 ? $0.1 > $1.1 : $0.0 < $1.0 }
      return entries.prefix(3).map { "\($0):\($1)" }.joined(separator: ",")
    }

    var line: String {
      func quarters(_ value: Int?) -> String { HammerState.text(Double(value ?? 0) / 4) }
      let spread = Double(squares) - Double(sum) * Double(sum) / Double(count)
      let deviation = (spread / Double(count - 1)).squareRoot() / 4
      return [
        HammerState.text(Double(count)), quarters(sum), quarters(counts.firstIndex { $0 > 0 }),
        quarters(counts.lastIndex { $0 > 0 }),
        HammerState.text(deviation, HammerState.roundedDigits), HammerState.text(percentile),
        "\(users.count { $0 > 0 })", most, quarters(first), quarters(last),
      ].joined(separator: " ")
    }
  }

  /// Of what is computed by roots.
  static let roundedDigits = 9

  static func text(_ value: Double, _ digits: Int = 15) -> String {
    String(format: "%.\(digits)g", value)
  }

  private var commits = 0
  /// By hours, then by groups.
  private var cells = [Sums](repeating: Sums(), count: hours * groups)

  /// The documents of the next commit. What they are is the same in each run.
  mutating func next() -> [String] {
    var documents: [String] = []
    for place in 0..<Self.eventCount {
      let cell = place % cells.count
      let (hour, group) = (cell / Self.groups, cell % Self.groups)
      let value = (place * 7 + commits * 131 + group * 17) % 2_000
      let user = (place * place + commits * 3 + place) % Self.users
      cells[cell].add(value, user)
      let seconds = Self.startSeconds + 3_600 * hour + place / cells.count
      let shown = Double(value) / 4
      documents.append(
        #"{"ts":\#(seconds),"d":"g\#(group)","v":\#(shown),"u":"u\#(user)"}"#)
    }
    commits += 1
    return documents
  }

  /// Each cell as a line.
  var cellLines: [String] {
    cells.indices.map { cell in
      "\(Self.startSeconds / 3_600 * 3_600 + 3_600 * (cell / Self.groups)) g\(cell % Self.groups) \(cells[cell].line)"
    }.sorted()
  }

  /// Each group as a line.
  var groupLines: [String] {
    (0..<Self.groups).map { group in
      var sums = Sums()
      for hour in 0..<Self.hours { sums.add(cells[hour * Self.groups + group]) }
      return "g\(group) \(sums.line)"
    }.sorted()
  }
}
