import Foundation

/// What `crash-writer` is told to do to a store with KPIs, line by line, and what they are after each step.
struct CellSteps {
  private(set) var steps: [String] = []
  /// The last event after each step.
  private(set) var lastSeqs: [UInt64] = []
  /// For each last event the answers of a store that has no later ones, by KPI.
  private(set) var answers: [UInt64: [String: String]] = [:]

  private static let kpis = [
    "DEFINE KPI sums AS count(*), sum(value), avg(value), min(value), max(value), p90(value) FROM alpha "
      + "GROUP BY device_id EVERY 1m",
    "DEFINE KPI ends AS first(value), last(value), stddev(value), distinct(event_id), top(device_id, 3) "
      + "FROM alpha WHERE value > 20000 EVERY 1h",
    "DEFINE KPI rates AS increase(value), rate(value), delta(value) FROM alpha GROUP BY device_id "
      + "EVERY 1m LATENESS 10s",
    "DEFINE KPI windows AS count(*), avg(value), distinct(device_id) FROM alpha EVERY 1m ROLLING 5m",
  ]

  /// Makes the store `before` with KPIs and a few events, and steps that go on with it: events of two streams, late ones
  /// and repeated ones among them, KPIs that come, change and go, rebuilds, and writing and merging in between.
  init(_ count: Int, in workspace: Workspace, _ random: inout SeededGenerator) throws {
    var script = Script(batches: 1, streams: ["alpha"], &random)
    script.extend(batches: 1, streams: ["beta"], &random)
    script.extend(batches: count, streams: ["alpha", "alpha", "beta"], &random)
    let batches = script.batches.map {
      "append \($0.stream) \($0.documents.joined(separator: "\t"))"
    }
    let begin = try Child.following(
      Array(batches[..<2]) + Self.kpis + ["cells"], "steps", workspace.path("before"), in: workspace
    )
    try check(begin.count == 7, "the store was not made: \(begin)")
    var version = 1
    for (index, batch) in batches[2...].enumerated() {
      steps.append(batch)
      switch index % 12 {
      case 2: steps.append("DEFINE KPI other AS sum(value) FROM alpha GROUP BY device_id EVERY 5m")
      case 5:
        let least = random.below(50_000)
        steps.append(
          "REDEFINE KPI ends AS last(value), stddev(value) FROM alpha WHERE value > \(least) EVERY 30m"
        )
        version += 1
      case 7: steps.append("SWITCH KPI ends TO VERSION \(version)")
      case 9: steps.append("DROP KPI other")
      case 11:
        steps.append(
          "REBUILD KPI \(random.pick(["sums", "rates"])) SINCE '2024-06-01T00:09:00' UNTIL '2024-06-01T00:14:00'"
        )
      default: break
      }
      if random.oneIn(4) { steps.append("cells") }
      if random.oneIn(6) { steps.append("compact") }
    }
    try runModel(in: workspace)
  }

  /// Tells the steps to a store that gets nothing else.
  private mutating func runModel(in workspace: Workspace) throws {
    try workspace.copy("before", to: "model")
    defer { workspace.remove("model") }
    var latest: [String: String] = [:]
    for line in try Child.following(steps, "model", workspace.path("model"), in: workspace) {
      if let answer = CellAnswer(line) {
        latest[answer.kpi] = answer.rows
      } else if let seq = Self.seq(ofStep: line) {
        lastSeqs.append(seq)
        answers[seq] = latest
      }
    }
    try checkEqual(lastSeqs.count, steps.count, "steps of the model")
  }

  static func seq(ofStep line: String) -> UInt64? {
    line.hasPrefix("step ") ? UInt64(line.dropFirst(5)) : nil
  }

  /// The first step that a store has not taken whose last event is `seq`.
  func next(after seq: UInt64) throws -> Int {
    let taken = lastSeqs.lastIndex { $0 <= seq }
    let reached = taken.map { lastSeqs[$0] } ?? seq
    try checkEqual(reached, seq, "the last event of a store that was killed")
    return taken.map { $0 + 1 } ?? 0
  }

  /// Throws unless what was answered is right as of the event that it states; gives that event.
  ///
  /// `withRevisions` unless the log may have gone on since: how often a row was corrected is told as of the last event, or not
  /// at all.
  @discardableResult
  func verify(_ answer: CellAnswer, withRevisions: Bool, _ who: String) throws -> UInt64 {
    guard let expected = answers[answer.seq] else {
      // Before the first step, or a stream has just been made.
      try check(answer.seq < lastSeqs[0], "\(who) answers as of event \(answer.seq)")
      return answer.seq
    }
    var (found, wanted) = (answer.rows, expected[answer.kpi])
    if !withRevisions {
      (found, wanted) = (
        CellAnswer.withoutRevisions(found), wanted.map(CellAnswer.withoutRevisions)
      )
    }
    try checkEqual(found, wanted, "\(answer.kpi) as of \(answer.seq), \(who)")
    return answer.seq
  }
}

/// What `crash-writer` says that a KPI is.
struct CellAnswer {
  let seq: UInt64
  let kpi: String
  let rows: String

  init?(_ line: String) {
    let words = line.split(separator: " ", maxSplits: 3).map(String.init)
    guard words.count == 4, words[0] == "answer", let seq = UInt64(words[1]) else { return nil }
    (self.seq, kpi, rows) = (seq, words[2], words[3])
  }

  /// The column before the last one left out.
  static func withoutRevisions(_ rows: String) -> String {
    rows.split(separator: ";").map { row in
      var columns = row.split(separator: ",", omittingEmptySubsequences: false)
      columns.remove(at: columns.count - 2)
      return columns.joined(separator: ",")
    }.joined(separator: ";")
  }
}

extension Child {
  /// What `crash-writer` says of some steps, once it has come to their end.
  static func following(
    _ steps: [String], _ command: String, _ store: String, in workspace: Workspace
  ) throws -> [String] {
    let path = try workspace.write("steps", steps.map { "\($0)\n" }.joined())
    let child = try Child(
      Child.writer, [command, store, "-"], in: workspace,
      input: try FileHandle(forReadingFrom: URL(fileURLWithPath: path)))
    let ended = try child.wait()
    try checkEqual(ended.status, 0, "exit status: \(ended)")
    return ended.lines
  }
}

/// A `crash-writer` that is told one line after the other.
final class Conversation {
  let child: Child
  private let input = Pipe()
  private var heard = 0

  init(_ arguments: [String], in workspace: Workspace) throws {
    child = try Child(Child.writer, arguments, in: workspace, input: input)
  }

  /// Says a line, and gives what is said up to the line that begins with `end`; what there is when the program ends before.
  func tell(_ line: String, until end: String) throws -> [String] {
    try input.fileHandleForWriting.write(contentsOf: Data("\(line)\n".utf8))
    while true {
      let isRunning = child.isRunning
      let lines = child.lines
      if let last = lines[heard...].firstIndex(where: { $0.hasPrefix(end) }) {
        defer { heard = last + 1 }
        return Array(lines[heard...last])
      }
      if !isRunning { return Array(lines[heard...]) }
      pause(microseconds: 500)
    }
  }

  func end() throws -> Ended {
    try input.fileHandleForWriting.close()
    return try child.wait()
  }
}
