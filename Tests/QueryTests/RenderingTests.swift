import Bytes
import Foundation
import TestSupport
import Testing

@testable import Query

/// Answers as bytes: rows are written in runs, and numbers by the shortest text that gives them back.
@Suite struct RenderingTests {
  private func text(_ number: Double) -> String {
    var pieces = Pieces()
    pieces.append(number)
    return String(decoding: pieces.bytes, as: UTF8.self)
  }

  /// Numbers of few decimals have a way of their own, which gives what the others' gives.
  @Test func numbersAreTheirShortestText() {
    let edges: [Double] = [
      0.1, 0.001, 0.000_999, 0.001_001, 0.000_001, 1e-5, 123.456_789, 999_999_999.999_999,
      1_000_000_000.5, 0.3, 0.1 + 0.2, 1 / 3, 2.5, -2.25, -0.001, 5e-324,
      1.797_693_134_862_315_7e308, 21.533_333_333_333_335,
    ]
    for number in edges { #expect(text(number) == number.description) }
    rounds(20) { random in
      for _ in 0..<2_000 {
        let digits = Double(random.within(-2_000_000...2_000_000))
        let scale = random.pick([10, 100, 1_000, 10_000, 1e5, 1e6, 1e7, 3, 7, 1e9])
        // Those beside it have no short text.
        let number = random.pick([digits / scale, (digits / scale).nextUp, digits * scale + 0.1])
        if Int64(exactly: number) != nil { continue }
        try checkEqual(text(number), number.description, "of few decimals or beside one")
        let any = Double(bitPattern: UInt64(random.within(0...Int.max)))
        if any.isFinite, Int64(exactly: any) == nil, UInt64(exactly: any) == nil {
          try checkEqual(text(any), any.description, "any")
        }
      }
    }
  }

  /// Cells are put together to the same rows in runs of any length.
  @Test func runsGiveTheRows() {
    rounds(10) { random in
      let rowCount = random.pick([0, 1, 2, 7, 255, 256, 257, 3_000])
      let answer = Self.answer(rowCount, &random)
      for format in [AnswerFormat.json, .ndjson, .objects, .csv, .tsv] {
        let renderer = AnswerRenderer(format)
        var whole: [UInt8] = []
        for piece in renderer.pieces(of: answer) {
          try check(!piece.isEmpty, "a piece is empty")
          whole += piece
        }
        if rowCount == 0 { continue }
        let rows = (0..<rowCount).map { Self.row($0, of: answer, format) }
        let separator = format == .json || format == .objects ? ",\n" : "\n"
        let wanted = rows.joined(separator: separator)
        try check(
          String(decoding: whole, as: UTF8.self).contains(wanted),
          "\(format): \(String(decoding: whole.prefix(600), as: UTF8.self))\n\(wanted.prefix(600))")
      }
    }
  }

  /// Memory for a piece, also when rows become long after many short ones.
  @Test func piecesStaySmall() {
    var texts = [Text?](repeating: "short", count: 2_000)
    for row in 1_500..<1_520 { texts[row] = Text(String(repeating: "x", count: 300_000)) }
    let answer = Answer(columns: [Answer.Column(name: "t", kind: .text, values: .texts(texts))])
    let sizes = AnswerRenderer(.json).pieces(of: answer).map(\.count)
    #expect(sizes.reduce(0, +) > 20 * 300_000)
    #expect(sizes.allSatisfy { $0 < 300_000 + 100_000 }, "\(sizes)")
  }

  private static func answer(_ rowCount: Int, _ random: inout SeededGenerator) -> Answer {
    func column<Value>(_ value: (inout SeededGenerator) -> Value) -> [Value] {
      (0..<rowCount).map { _ in value(&random) }
    }
    let words: [Text?] = ["a", "", nil, "x\"y", "back\\slash", "tab\tand\nline", "ünï", "a,b"]
    var columns: [Answer.Column] = []
    func add(_ kind: Answer.Column.Kind, _ values: ValueColumn) {
      columns.append(Answer.Column(name: "c\(columns.count)", kind: kind, values: values))
    }
    add(.time, .times(column { Int64($0.below(3)) * 1_000_000_000 }))
    add(.text, .texts(column { $0.pick(words) }))
    add(.number, .numbers(column { $0.oneIn(5) ? .nan : Double($0.below(9_000)) / 8 }))
    add(.integer, .integers(column { Int64($0.within(-5...5)) }))
    add(.boolean, .values(column { $0.pick([.null, .bool(true), .integer(7), .text("z")]) }))
    return Answer(columns: columns)
  }

  /// The same by the values, one by one.
  private static func row(_ row: Int, of answer: Answer, _ format: AnswerFormat) -> String {
    let cells = answer.columns.map { cell($0.values[row], format) }
    switch format {
    case .json: return "[" + cells.joined(separator: ",") + "]"
    case .csv: return cells.joined(separator: ",")
    case .tsv: return cells.joined(separator: "\t")
    default:
      return "{" + zip(answer.columns, cells).map { "\"\($0.name)\":\($1)" }.joined(separator: ",")
        + "}"
    }
  }

  private static func cell(_ value: QueryValue, _ format: AnswerFormat) -> String {
    let isText = format == .csv || format == .tsv
    switch value {
    case .null: return isText ? "" : "null"
    case .bool(let value): return "\(value)"
    case .integer(let value): return "\(value)"
    case .number(let value): return value == value.rounded() ? "\(Int(value))" : "\(value)"
    case .time(let ns):
      return isText
        ? "1970-01-01T00:00:0\(ns / 1_000_000_000)Z"
        : "\"1970-01-01T00:00:0\(ns / 1_000_000_000)Z\""
    case .text(let text): return cell(text.string, format)
    default: return "?"
    }
  }

  private static func cell(_ text: String, _ format: AnswerFormat) -> String {
    if format == .tsv {
      return text.replacing("\\", with: "\\\\").replacing("\t", with: "\\t").replacing(
        "\n", with: "\\n")
    }
    if format == .csv {
      let isPlain = !text.isEmpty && !text.contains { ",\"\n".contains($0) }
      return isPlain ? text : "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
    let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      .replacing("\t", with: "\\t").replacing("\n", with: "\\n")
    return "\"\(escaped)\""
  }
}
