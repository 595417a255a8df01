import Foundation
import Query
import Store
import Testing

/// Numbers at the edges of 64 bits and of doubles, in random columns and blocks; answers are those of Python's integers
/// and fractions.
@Suite struct IntegerTests {
  @Test func answersAreThoseOfPython() {
    rounds(20) { random in
      let rows = (0..<random.within(1...40)).map { _ in Row(&random) }
      let directory = TemporaryDirectory()
      let store = try Store(directory: directory.path)
      defer { store.close() }
      var rest = rows.indices[...]
      while let first = rest.first {
        let part = rest.prefix(random.within(1...rows.count))
        _ = try store.append(part.map { rows[$0].document(second: $0) }, to: "s")
        rest = rest[(first + part.count)...]
      }
      let questions = Self.questions(rows, &random)
      guard let wanted = try Self.python(rows, questions.map(\.name)) else { return }
      for (question, wanted) in zip(questions, wanted) {
        var got = try Self.lines(question.text, store)
        if question.isSet { got.sort() }
        let lines = question.isSet ? wanted.sorted() : wanted
        try checkEqual(got, lines, question.text)
      }
    }
  }

  private struct Row {
    var key: String
    var value: String
    var count: String

    init(_ random: inout SeededGenerator) {
      key = random.pick(["a", "b"])
      value = number(&random)
      count = String(random.pick(edges) &+ UInt64(random.below(4)))
    }

    func document(second: Int) -> String {
      #"{"time":\#(1_717_200_000 + second * 600),"device":"\#(key)","v":\#(value),"w":\#(count)}"#
    }
  }

  private struct Question {
    var name: [String]
    var text: String
    /// Rows have no order.
    var isSet = false
  }

  private static func questions(_ rows: [Row], _ random: inout SeededGenerator) -> [Question] {
    var questions = [
      Question(
        name: ["groups"], text: "SELECT count(*) AS n FROM s GROUP BY v", isSet: true),
      Question(
        name: ["ends"],
        text: "SELECT min(v) AS lo, max(v) AS hi, first(v) AS f, last(v) AS l, sum(v) AS s "
          + "FROM s GROUP BY device"),
      Question(
        name: ["arithmetic"],
        text: "SELECT v + w AS a, v - w AS b, v * w AS c FROM s SINCE '2024-06-01'"),
    ]
    for name in ["=", "!=", "<", ">="] {
      let literal = random.oneIn(2) ? random.pick(rows).value : number(&random)
      questions.append(
        Question(
          name: [name, literal], text: "SELECT count(*) AS n FROM s WHERE v \(name) \(literal)"))
    }
    let (low, high) = (random.pick(rows).value, number(&random))
    questions.append(
      Question(
        name: ["in", low, high], text: "SELECT count(*) AS n FROM s WHERE v IN (\(low), \(high))"))
    questions.append(
      Question(
        name: ["between", low, high],
        text: "SELECT count(*) AS n FROM s WHERE v BETWEEN \(low) AND \(high)"))
    return questions
  }

  /// The rows of an answer as CSV; of facts without their times.
  private static func lines(_ text: String, _ store: Store) throws -> [String] {
    var renderer = AnswerRenderer(.csv)
    renderer.hasFooter = false
    var answers: [Answer] = []
    try QueryEngine(store).run(text, QueryOptions(nowNs: 0)) { _, answer in
      answers.append(answer)
    }
    guard var answer = answers.first else { return [] }
    if answer.columns.first?.name == "time" { answer.columns.removeFirst() }
    return String(decoding: renderer.bytes(answer), as: UTF8.self)
      .split(separator: "\n").dropFirst().map(String.init)
  }

  /// What each question is answered by the script; nil without a Python.
  private static func python(_ rows: [Row], _ names: [[String]]) throws -> [[String]]? {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("nilo-integers-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    let encoder = JSONEncoder()
    var lines = try rows.map { try encoder.encode([$0.key, $0.value, $0.count]) }
    lines.append(try encoder.encode(["queries": names]))
    try Data(lines.joined(separator: Data("\n".utf8))).write(to: file)
    let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", here.appendingPathComponent("integers.py").path, file.path]
    process.standardOutput = output
    try process.run()
    let text = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    // 127: env found no Python.
    if process.terminationStatus == 127 { return nil }
    try checkEqual(process.terminationStatus, 0, "exit of integers.py")
    return try text.split(separator: UInt8(ascii: "\n")).map {
      try JSONDecoder().decode([String].self, from: $0)
    }
  }
}

/// What is at an edge, or a few below it.
private let edges: [UInt64] = [
  0, 1 << 53 - 2, 1_234_567_890_123_456_781, 1 << 63 - 2, 1 << 63, .max - 3,
]

/// An integer of 64 bits near an edge, or half of one more; in one of its spellings.
private func number(_ random: inout SeededGenerator) -> String {
  let whole = random.pick(edges) &+ UInt64(random.below(4))
  let isNegative = whole <= 1 << 63 && random.oneIn(3)
  let digits = (isNegative ? "-" : "") + String(whole)
  return switch random.below(8) {
  case 0: digits + ".0"
  case 1: digits + "e0"
  case 2 where whole < 1 << 50: digits + ".5"
  default: digits
  }
}
