import Foundation
import Language
import Query
import Store
import Testing
import Workloads

/// The examples of `docs/language.md` run, one after the other, on one store.
@Suite struct PageTests {
  private static let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../docs/language.md").standardized

  private static func blocks() throws -> [String] {
    try String(contentsOf: page, encoding: .utf8).components(separatedBy: "```nql\n")
      .dropFirst().map { $0.components(separatedBy: "```")[0] }
  }

  /// What the page shows and there is not yet.
  private static func isThere(_ body: Statement.Body) -> Bool {
    switch body {
    case .prove, .verifyFile, .verifyLog, .explainChange, .backfill: false
    case .defineStream(let definition): definition.sources.isEmpty
    default: true
    }
  }

  @Test func examples() throws {
    let directory = TemporaryDirectory()
    try TestData.weather.copy(to: directory.path)
    let store = try Store(directory: directory.path)
    defer { store.close() }
    _ = try store.append(TestData.fleetLines(), to: "fleet")
    var options = QueryOptions(nowNs: 1_388_534_400_000_000_000)
    options.parameters = [
      "city": .text("JFK"), "low": .number(20), "from": .text("2013-06-01"),
    ]
    var count = 0
    for block in try Self.blocks() {
      for statement in try Parser.statements(block) where Self.isThere(statement.body) {
        count += 1
        let run = Result { try QueryEngine(store).run(statement, of: block, options) }
        #expect(throws: Never.self, "\(statement.text)") { try run.get() }
        // An answer can be written in each form.
        guard let answer = try? run.get() else { continue }
        // What was read from JSON is written as what it was written from.
        let read = try Answer(json: AnswerRenderer(.json).bytes(answer))
        for format in AnswerFormat.allCases {
          let text = String(decoding: AnswerRenderer(format).bytes(answer), as: UTF8.self)
          let again = String(decoding: AnswerRenderer(format).bytes(read), as: UTF8.self)
          #expect(again == text, "\(format) of \(statement.text)")
        }
      }
    }
    #expect(count >= 60)
  }

  /// The tables of columns of lists have what the program answers, in its order.
  @Test func columnsOfLists() throws {
    let directory = TemporaryDirectory()
    try TestData.weather.copy(to: directory.path)
    let store = try Store(directory: directory.path)
    defer { store.close() }
    let section = try #require(
      try String(contentsOf: Self.page, encoding: .utf8)
        .components(separatedBy: "\n### Columns of lists\n").dropFirst().first
    ).components(separatedBy: "\n## ")[0]
    var told: [String: [String]] = [:]
    for part in section.components(separatedBy: "\n**").dropFirst() {
      let lines = ("**" + part).components(separatedBy: "\n")
      let columns = lines.filter { $0.hasPrefix("| `") }.flatMap(Self.columns)
      let statements = lines[0].components(separatedBy: "**")
      for index in stride(from: 1, to: statements.count, by: 2) {
        told[statements[index]] = columns
      }
    }
    let lists = Show.Subject.allCases.map { "SHOW \($0.rawValue.uppercased())" } + ["DESCRIBE"]
    #expect(told.keys.sorted() == lists.sorted())
    for list in lists {
      let needsName = ["SHOW CREATE", "DESCRIBE"].contains(list)
      let answer = try #require(
        try QueryEngine(store).run(needsName ? "\(list) weather" : list, QueryOptions(nowNs: 0))
          .last)
      #expect(answer.columns.map { "\($0.name) \($0.kind)" } == told[list], "\(list)")
    }
  }

  /// The columns of a row of a table, `name kind`: several may share a kind, or have one each.
  private static func columns(_ row: String) -> [String] {
    let cells = row.components(separatedBy: "|")
    let names = cells[1].components(separatedBy: "`").enumerated().filter { $0.offset % 2 == 1 }
      .map(\.element)
    let kinds = cells[2].components(separatedBy: ",").map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    return names.enumerated().map { "\($1) \(kinds.count == 1 ? kinds[0] : kinds[$0])" }
  }
}
