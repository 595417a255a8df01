import Bytes
import Foundation
import Testing

@testable import EventLog

/// The rows of the columns of one kind (of events, or of facts) as one dictionary each.
private func rows(
  _ content: BlockContent, isElement: Bool, count: Int
) throws -> [[[UInt8]: Found]] {
  var rows = [[[UInt8]: Found]](repeating: [:], count: count)
  for (info, values) in content.columns where info.isElement == isElement {
    var next = 0
    for row in 0..<count where values.presence[row] {
      try check(next < values.count, "column \(info.path) has more rows than values")
      try check(
        rows[row][utf8(info.path.string)] == nil, "two values of \(info.path) in row \(row)")
      rows[row][utf8(info.path.string)] = found(values, next)
      next += 1
    }
    try checkEqual(next, values.count, "values of column \(info.path)")
  }
  return rows
}

private func found(_ values: ColumnValues, _ index: Int) -> Found? {
  switch values.kind {
  case .number, .real, .signed, .unsigned: return .number(values.number(index))
  case .bool: return .bool(values.integers[index] == 1)
  case .opaque: return .opaque(Array(values.strings.bytes[values.strings.range(index)]))
  case .string:
    var text: [UInt8] = []
    JSONText.unescape(values.strings.bytes.rawSpan, values.strings.range(index), into: &text)
    return .string(text)
  default: return nil
  }
}

/// Checks a block against what its documents were made to hold.
private func checkContent(
  _ content: BlockContent, _ documents: [[UInt8]], _ expected: [Expected], isExploded: Bool
) throws {
  try checkSame(content.documents, documents)
  try checkEqual(content.times, expected.map { $0.event.time! }, "times")
  let events = try rows(content, isElement: false, count: documents.count)
  for (index, event) in expected.enumerated() {
    try checkEqual(
      events[index], event.event.values,
      "columns of \(String(decoding: documents[index], as: UTF8.self))")
  }
  guard isExploded else { return }
  try checkEqual(content.factCounts, expected.map { Int64($0.facts.count) }, "fact counts")
  let facts = try rows(content, isElement: true, count: content.header.factCount)
  let wanted = expected.flatMap { event in event.facts.map { ($0, event.event.time!) } }
  try checkEqual(content.factTimes, wanted.map { $0.time ?? $1 }, "fact times")
  try checkEqual(facts, wanted.map(\.0.values), "columns of facts")
  let times = content.times + content.factTimes
  try checkEqual(content.header.minTimeNs, times.min()!, "earliest time")
  try checkEqual(content.header.maxTimeNs, times.max()!, "latest time")
}

@Suite struct ChainTests {
  /// Any stream of documents comes back byte for byte, with its columns, whatever is known before.
  @Test func randomStreamsComeBack() {
    rounds(100) { random in
      let definition = JSONGenerator.definition(&random)
      let generator = JSONGenerator(definition, &random)
      var pipeline = try Pipeline(definition)
      for _ in 0..<3 {
        try Self.checkBatch(generator, &pipeline, &random)
        if random.oneIn(4) { pipeline = try Self.reopened(pipeline) }
      }
    }
  }

  private static func checkBatch(
    _ generator: JSONGenerator, _ pipeline: inout Pipeline, _ random: inout SeededGenerator
  ) throws {
    let isExploded = pipeline.definition.explodePath != nil
    let made = (0..<random.within(1...80)).map { _ in generator.document(&random) }
    let gap = random.pick([[], [0x0A], [0xFF], utf8("\"}]")])
    var batch = pipeline.parse(made.map(\.0), gap: gap)
    try checkEqual(batch.rejected, [], "rejected")
    try checkEqual(batch.eventCount, made.count, "events")
    for (index, (_, expected)) in made.enumerated() {
      try checkEqual(batch.id(ofEvent: index), expected.id, "id of event \(index)")
    }
    for keepsWhole in [false, true] {
      let block = try pipeline.encode(batch, keepsWhole: keepsWhole)
      let content = try BlockContent(block.bytes, pipeline.schema)
      try checkContent(content, made.map(\.0), made.map(\.1), isExploded: isExploded)
      try checkEqual(content.positions, made.indices.map { Int64($0) }, "positions")
      if keepsWhole { try checkEqual(content.wholeCount, made.count, "whole documents") }
    }
    let share = random.pick([2, 4, 20])
    let removed = made.indices.filter { _ in random.below(share) > 0 }
    guard removed.count < made.count else { return }
    batch.remove(events: removed)
    let kept = made.indices.filter { !Set(removed).contains($0) }
    let content = try BlockContent(try pipeline.encode(batch).bytes, pipeline.schema)
    try checkContent(
      content, kept.map { made[$0].0 }, kept.map { made[$0].1 }, isExploded: isExploded)
    try checkEqual(content.positions, kept.map { Int64($0) }, "positions kept")
  }

  /// The same stream with a schema that was stored and read again.
  private static func reopened(_ pipeline: Pipeline) throws -> Pipeline {
    let state = pipeline.schema.snapshot()
    var bytes: [UInt8] = []
    for shape in state.trie.shapes { shape.encode(into: &bytes) }
    var reader = ByteReader(bytes.rawSpan)
    var shapes: [Shape] = []
    for _ in state.trie.shapes { shapes.append(try Shape(&reader)) }
    try check(shapes == state.trie.shapes && reader.isAtEnd, "shapes")
    return try Pipeline(
      pipeline.definition,
      schema: StreamSchema(
        columns: state.columns, shapes: shapes,
        fieldsWithoutColumn: state.fieldsWithoutColumn.sorted(), of: pipeline.definition))
  }

  /// Broken documents among good ones are rejected, each with its position and its first bytes.
  @Test func brokenDocumentsDoNotDisturbOthers() {
    rounds(60) { random in
      let definition = JSONGenerator.definition(&random)
      let generator = JSONGenerator(definition, &random)
      var pipeline = try Pipeline(definition)
      for _ in 0..<2 {
        var documents = (0..<30).map { _ in generator.document(&random).0 }
        let broken = documents.indices.filter { _ in random.oneIn(6) }
        for index in broken {
          documents[index].removeLast(random.within(1...documents[index].count))
          documents[index].append(UInt8(ascii: "{"))
        }
        let batch = pipeline.parse(documents, gap: [UInt8(ascii: "}")])
        try checkEqual(batch.rejected.map(\.position), broken.map { Int64($0) }, "rejected")
        let heads = broken.map { Array(documents[$0].prefix(1_024)) }
        try checkEqual(batch.rejected.map(\.head), heads, "heads")
        let good = documents.indices.filter { !broken.contains($0) }
        if good.isEmpty { continue }
        let block = try pipeline.encode(batch)
        try checkSame(try pipeline.documents(of: block), good.map { documents[$0] })
      }
    }
  }
}
