import Foundation
import Model
import Projections
import Query
import Store

/// Writes the cells of all KPIs as far as the events are.
func writeCells(_ directory: String) throws {
  let store = try Store(directory: directory)
  try store.projections.writeCells()
  say("done")
  store.close()
}

/// Follows the steps that come in, one a line, and says of each when it is done and how far the log is.
///
/// `limits` are those of cells: memory, facts of a batch, work, and bytes of a page. As a model it writes no cells before
/// the end, merges no blocks, and tells the answers after each step.
func followSteps(_ directory: String, limits: [String], isModel: Bool) throws {
  let store = try Store(
    directory: directory, mergesBlocks: !isModel, cellLimits: CellLimits(ofTexts: limits))
  defer { store.close() }
  while let line = readLine() {
    let words = line.split(separator: " ", maxSplits: 2).map(String.init)
    switch words[0] {
    case "append":
      _ = try store.append(words[2].components(separatedBy: "\t"), to: words[1])
    case "cells": if !isModel { try store.projections.writeCells() }
    case "compact": if !isModel { _ = try store.compact() }
    default: _ = try QueryEngine(store).run(line, QueryOptions(nowNs: 0))
    }
    if isModel { try sayAnswers(store) }
    say("step \(try store.statistics().lastSeq)")
  }
}

/// Tells for each line that comes in what all KPIs are, as one who only reads sees it.
func readCells(_ directory: String) throws {
  let store = try Store(directory: directory, mode: .readOnly)
  defer { store.close() }
  while readLine() != nil {
    try sayAnswers(store)
    say("asked")
  }
}

private func sayAnswers(_ store: Store) throws {
  for kpi in ["ends", "rates", "sums", "windows"] {
    let text = "SELECT *, facts, revision FROM \(kpi)"
    guard let answer = try QueryEngine(store).run(text, QueryOptions(nowNs: 0)).first else {
      continue
    }
    let rows = String(decoding: AnswerRenderer(.csv).bytes(answer), as: UTF8.self)
      .split(separator: "\n").joined(separator: ";")
    say("answer \(answer.meta.asOfSeq ?? 0) \(kpi) \(rows)")
  }
}

extension CellLimits {
  /// Without texts those of a program that never writes cells unasked.
  fileprivate init(ofTexts texts: [String]) {
    self.init()
    unwrittenSeconds = 1 << 30
    guard let numbers = Optional(texts.compactMap { Int($0) }), numbers.count == 4 else { return }
    (memoryBytes, batchFacts) = (numbers[0], 1...numbers[1])
    (unwrittenWork, pageSize) = (numbers[2], PageSize(target: numbers[3]))
  }
}
