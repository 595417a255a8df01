import Foundation
import Language
import Model
import Query
import Store

/// A file of cases. It begins with lines that say what is asked:
///
///     # a comment
///     data weather             a sample, or `data inline NAME` and the documents up to an empty line
///     clock 2014-01-01         what NOW is
///     run DEFINE KPI ...       a statement on one line
///
/// Cases follow, each after a line `====`: a text, `----`, and its answer. Comments in the text say more:
///
///     -- param city=JFK        a parameter: a number, true, false or a text
///     -- format json           tsv if there is none
///     -- meta                  the footer as well
///     -- hide time             a column of wall clock times, which are shown as "then"
struct CaseFile {
  struct Case {
    var text: String
    var answer: String
  }

  var header: String
  var data: [String] = []
  var documents: [String] = []
  var setup: [String] = []
  var nowNs: Int64 = 0
  var cases: [Case] = []

  init(_ text: String) throws {
    var blocks = AnswerCases.blocks(text)
    header = blocks.removeFirst()
    try readHeader()
    cases = blocks.map { block in
      let one = AnswerCases.read(block)
      return Case(text: one.question, answer: one.answer ?? "")
    }
  }

  private mutating func readHeader() throws {
    var isInline = false
    for line in header.components(separatedBy: "\n") {
      let words = line.split(separator: " ", maxSplits: 1).map(String.init)
      if isInline, !line.isEmpty {
        documents.append(line)
        continue
      }
      isInline = false
      guard words.count == 2, !line.hasPrefix("#") else { continue }
      switch words[0] {
      case "data":
        data = words[1].split(separator: " ").map(String.init)
        isInline = data.first == "inline"
      case "clock": nowNs = Timestamp(words[1])?.ns ?? 0
      case "run": setup.append(words[1])
      default: throw CaseError(description: "unknown line of a header: \(line)")
      }
    }
  }

  /// Makes the store that is asked. Inline documents are appended so many at a time, and each time are a block.
  func makeStore(in path: String, batchSize: Int = .max) throws {
    if let sample = data.first.flatMap(TestData.init(rawValue:)) { try sample.copy(to: path) }
    let store = try Store(directory: path)
    defer { store.close() }
    if data.count == 2 {
      var rest = documents[...]
      while !rest.isEmpty {
        _ = try store.append(Array(rest.prefix(batchSize)), to: data[1])
        rest = rest.dropFirst(batchSize)
      }
    }
    for statement in setup {
      _ = try QueryEngine(store).run(statement, QueryOptions(nowNs: nowNs))
    }
  }

  /// The file with other answers.
  func text(_ answers: [String]) -> String {
    let blocks = zip(cases, answers).map { "====\n\($0.text)\n----\n\($1)\n" }
    return header + "\n" + blocks.joined()
  }
}

struct CaseError: Error, CustomStringConvertible { var description: String }

extension CaseFile.Case {
  /// The words after `-- name`, one for each such comment.
  private func directives(_ name: String) -> [String] {
    text.components(separatedBy: "\n").filter { $0.hasPrefix("-- \(name)") }
      .map { String($0.dropFirst(4 + name.utf8.count)) }
  }

  var hasMeta: Bool { !directives("meta").isEmpty }
  var format: AnswerFormat { directives("format").first.flatMap(AnswerFormat.init) ?? .tsv }

  func options(nowNs: Int64) -> QueryOptions {
    var options = QueryOptions(nowNs: nowNs)
    for pair in directives("param") {
      let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
      let text = parts.count > 1 ? parts[1] : ""
      options.parameters[Text(parts[0])] =
        Self.number(text) ?? Bool(text).map(QueryValue.bool) ?? .text(Text(text))
    }
    for pair in directives("limit") {
      let parts = pair.split(separator: "=").map(String.init)
      switch parts[0] {
      case "rows": options.limits.maxRows = Int(parts[1]) ?? 0
      case "cells": options.limits.maxCells = Int(parts[1]) ?? 0
      case "seconds": options.limits.maxSeconds = Double(parts[1]) ?? 0
      default: break
      }
    }
    return options
  }

  private static func number(_ text: String) -> QueryValue? {
    if case .number(let number)? = DecimalValue(text) { return QueryValue(number) }
    return nil
  }

  /// Answers of all statements, or the error.
  func run(
    _ text: String, _ store: Store, _ options: QueryOptions, rowsOnly: Bool = false
  ) -> String {
    var lines: [String] = []
    do {
      try QueryEngine(store).run(text, options) { _, answer in
        lines.append(rendered(answer, rowsOnly: rowsOnly))
      }
    } catch {
      lines.append("error: \(error)")
    }
    return lines.joined(separator: "\n")
  }

  private func rendered(_ answer: Answer, rowsOnly: Bool) -> String {
    var answer = answer
    answer.meta.elapsedSeconds = nil
    // When events came is another time in each run.
    let hidden = Set(directives("hide") + ["received"])
    for index in answer.columns.indices where hidden.contains(answer.columns[index].name) {
      answer.columns[index].values = .texts(Array(repeating: "then", count: answer.rowCount))
    }
    var renderer = AnswerRenderer(format)
    if rowsOnly {
      answer.meta = Answer.Meta()
      renderer.hasFooter = false
    }
    var text = String(decoding: renderer.bytes(answer), as: UTF8.self)
    if text.hasSuffix("\n") { text.removeLast() }
    if rowsOnly || format.isForPeople || format == .json { return text }
    if let message = answer.message { text += (text.isEmpty ? "" : "\n") + message }
    for note in answer.meta.notes { text += "\nnote: \(note)" }
    if hasMeta { text += "\nmeta: \(answer.footer())" }
    return text
  }
}
