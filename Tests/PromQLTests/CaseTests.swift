import Bytes
import Foundation
import PromQL
import Testing

/// The cases of `cases/*.txt`: a question, `----`, and its answer; a line `====` parts two cases, lines with `#` are
/// comments. NILO_REWRITE=1 writes the answers anew.
///
/// `load 1h` and series below it make the data; a value is of one bucket and stands at its end, `6/2` is one of cells with a
/// sum and a count, `_` is none. `parse` shows an expression in its one form, `at 2h` evaluates it at one time, and
/// `from 1h to 4h step 1h` at many.
@Suite struct PromQLCaseTests {
  private static let folder = AnswerCases.folder(beside: #filePath)
  static let files = AnswerCases.names(in: folder, suffix: ".txt")

  @Test func thereAreCases() { #expect(Self.files.count >= 5) }

  @Test(arguments: files)
  func file(_ name: String) throws {
    var source = TableSource(stepMs: 1)
    try AnswerCases(Self.folder.appendingPathComponent(name)).check { one in
      if one.answer == nil {
        source = try Self.load(one.uncommented)
        return ""
      }
      return Self.answer(one.uncommented, source)
    }
  }

  // MARK: Data

  private static func load(_ text: String) throws -> TableSource {
    let lines = text.split(separator: "\n")
    var source = TableSource(
      stepMs: try #require(PromQLDuration.ms(String(lines[0].dropFirst("load ".count)))))
    for line in lines.dropFirst() {
      let words = line.split(separator: " ").map(String.init)
      var labels = Labels()
      for matcher in try PromQLParser.selector(words[0]) { labels[matcher.name] = matcher.value }
      let cells = try words.dropFirst().map { word -> TableSource.Cell? in
        if word == "_" { return nil }
        let parts = word.split(separator: "/")
        return TableSource.Cell(
          sum: try #require(Double(parts[0])),
          count: parts.count == 2 ? try #require(Double(parts[1])) : 1)
      }
      source.series.append(
        TableSource.Series(labels: labels, cells: cells, isAverage: line.contains("/")))
    }
    return source
  }

  // MARK: Answers

  private static func answer(_ question: String, _ source: TableSource) -> String {
    do {
      if question.hasPrefix("parse ") {
        let text = try PromQLParser.parse(String(question.dropFirst("parse ".count))).canonicalText
        let again = try PromQLParser.parse(text).canonicalText
        return again == text ? text : "\(text)\nread again: \(again)"
      }
      let words = question.split(separator: " ", maxSplits: 6).map(String.init)
      if words[0] == "at" {
        let timeMs = try #require(PromQLDuration.ms(words[1]))
        return try answer(
          words.dropFirst(2).joined(separator: " "), TimeGrid(atMs: timeMs), source)
      }
      let times = try [1, 3, 5].map { try #require(PromQLDuration.ms(words[$0])) }
      let grid = TimeGrid(fromMs: times[0], throughMs: times[1], stepMs: times[2])
      return try answer(words[6], grid, source)
    } catch {
      return "\(error)"
    }
  }

  private static func answer(
    _ text: String, _ grid: TimeGrid, _ source: TableSource
  ) throws -> String {
    var evaluator = Evaluator(source, grid, maxValues: 1_000)
    var lines: [String] = []
    switch try evaluator.evaluate(try PromQLParser.parse(text)) {
    case .scalar(let values): lines = [values.map(PromQLNumber.text).joined(separator: " ")]
    case .text(let text): lines = [text.string.debugDescription]
    case .vector(let series):
      lines = series.map { one in
        let values = one.values.map { $0.map(PromQLNumber.text) ?? "_" }
        return "\(Self.text(one.labels)) \(values.joined(separator: " "))"
      }
    case .range(let series):
      lines = series.map { one in
        let samples = zip(one.timesMs, one.values).map {
          "\(PromQLNumber.text($1))@\(PromQLTime.text($0))"
        }
        return "\(Self.text(one.labels)) \(samples.joined(separator: " "))"
      }
    }
    lines += evaluator.warnings.map { "warning: \($0)" }
    return lines.isEmpty ? "nothing" : lines.joined(separator: "\n")
  }

  private static func text(_ labels: Labels) -> String {
    let pairs = labels.pairs.filter { $0.name != Labels.metricName }
      .map { "\($0.name)=\($0.value.debugDescription)" }
    return "\(labels[Labels.metricName]){\(pairs.joined(separator: ","))}"
  }
}
