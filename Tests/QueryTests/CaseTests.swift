import Foundation
import Language
import Query
import Store
import Testing

/// The cases of `cases/*.nqltest`. Each query is a property as well: its answer is the same when it was printed and read
/// again, when it is computed from columns alone, after the store was opened again, after cells were rebuilt, when each
/// document came alone, and after the blocks of these were merged.
/// NILO_REWRITE=1 writes the answers anew.
@Suite struct CaseTests {
  private static let folder = AnswerCases.folder(beside: #filePath)
  static let files = AnswerCases.names(in: folder, suffix: ".nqltest")

  @Test func thereAreCases() { #expect(Self.files.count >= 5) }

  @Test(arguments: files)
  func file(_ name: String) throws {
    let url = Self.folder.appendingPathComponent(name)
    let file = try CaseFile(String(contentsOf: url, encoding: .utf8))
    let directory = TemporaryDirectory()
    try file.makeStore(in: directory.path)
    var store = try Store(directory: directory.path)
    var answers: [String] = []
    for one in file.cases {
      let got = one.run(one.text, store, one.options(nowNs: file.nowNs))
      answers.append(got)
      if !AnswerCases.isRewriting { #expect(Text(got) == Text(one.answer), "\(name): \(one.text)") }
      checkVariants(one, file, store, name)
    }
    // Statements that change something leave other answers behind.
    if !file.cases.contains(where: { $0.changesSomething }) {
      let before = file.cases.map { rows($0, file, store) }
      store.close()
      store = try Store(directory: directory.path)
      check(file, store, before, "\(name), opened again")
      let kpis = try store.snapshot().kpis.map(\.name)
      for kpi in Set(kpis) {
        _ = try QueryEngine(store).run(
          "REBUILD KPI \(Name(kpi).canonicalText)", QueryOptions(nowNs: file.nowNs))
      }
      check(file, store, before, "\(name), rebuilt")
      if !file.documents.isEmpty {
        let single = TemporaryDirectory()
        try file.makeStore(in: single.path, batchSize: 1)
        let other = try Store(directory: single.path)
        defer { other.close() }
        check(file, other, before, "\(name), one document a block")
        let report = try other.compact()
        #expect(report.blocksAfter < report.blocksBefore || file.documents.count < 3, "\(name)")
        check(file, other, before, "\(name), merged")
        for report in try other.projections.rebuild(named: [], verify: true) {
          #expect(report.differences.isEmpty, "\(name), merged: cells of \(report.name)")
        }
        #expect(try other.check().damages == [], "\(name), merged")
      }
    }
    store.close()
    if AnswerCases.isRewriting {
      try file.text(answers).write(to: url, atomically: true, encoding: .utf8)
    }
  }

  private func rows(_ one: CaseFile.Case, _ file: CaseFile, _ store: Store) -> String {
    one.run(one.text, store, one.options(nowNs: file.nowNs), rowsOnly: true)
  }

  private func check(_ file: CaseFile, _ store: Store, _ before: [String], _ what: String) {
    for (one, wanted) in zip(file.cases, before) where one.isOfRows {
      #expect(Text(rows(one, file, store)) == Text(wanted), "\(what): \(one.text)")
    }
  }

  private func checkVariants(
    _ one: CaseFile.Case, _ file: CaseFile, _ store: Store, _ name: String
  ) {
    guard one.isOfRows else { return }
    var options = one.options(nowNs: file.nowNs)
    let wanted = one.run(one.text, store, options, rowsOnly: true)
    if wanted.contains("error: ") { return }
    if let statements = try? Parser.statements(one.text) {
      let printed = statements.map(\.canonicalText).joined(separator: ";\n")
      let again = one.run(printed, store, options, rowsOnly: true)
      #expect(Text(again) == Text(wanted), "\(name), printed and read again: \(printed)")
    }
    options.path = .columns
    let columns = one.run(one.text, store, options, rowsOnly: true)
    #expect(Text(columns) == Text(wanted), "\(name), from columns: \(one.text)")
  }
}

extension CaseFile.Case {
  private var bodies: [Statement.Body] {
    ((try? Parser.statements(text)) ?? []).map(\.body)
  }

  /// Whether it consists of queries alone.
  var isOfRows: Bool {
    bodies.allSatisfy { if case .select = $0 { true } else { false } }
  }

  var changesSomething: Bool {
    bodies.contains { body in
      switch body {
      case .defineKpi, .redefineKpi, .defineStream, .alterStream, .dropStream, .dropKpi, .switchKpi,
        .defineSchedule, .dropSchedule, .defineAlert, .dropAlert, .defineSource, .dropSource,
        .pauseSource, .resumeSource:
        true
      default: false
      }
    }
  }
}
