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
        for format in AnswerFormat.allCases {
          _ = AnswerRenderer(format).bytes(answer)
        }
      }
    }
    #expect(count >= 60)
  }
}
