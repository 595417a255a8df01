import Bytes
import Testing

@testable import EventLog

/// A column of optional texts, the slow and obvious way.
private struct Model {
  var rows: [String?] = []

  /// The same rows in a column builder, and the bytes that its places refer to.
  func builder(_ kind: SlotKind, isPlain: Bool) -> (ColumnBuilder, [UInt8]) {
    let column = StringColumn(rows.compactMap { $0 })
    var builder = ColumnBuilder(kind: kind, isPlain: isPlain)
    var next = 0
    for (row, text) in rows.enumerated() where text != nil {
      let range = column.ranges[next]
      let number = Int64(text!) ?? 0
      let isText = kind == .string || kind == .opaque
      builder.append(
        SlotValue(
          kind: kind, detail: UInt8(number & 7), column: 0,
          a: isText ? Int64(range.lowerBound) : number, b: UInt32(range.count)),
        row: row, column.bytes.rawSpan)
      next += 1
    }
    return (builder, column.bytes)
  }
}

/// What a builder holds, row by row.
private func rows(_ builder: ColumnBuilder, _ bytes: [UInt8], count: Int) throws -> [String?] {
  var next = 0
  let rows = (0..<count).map { row -> String? in
    let isPresent =
      builder.hasGaps
      ? row < builder.presence.capacity && builder.presence[row]
      : row < builder.values.count
    guard isPresent, next < builder.values.count else { return nil }
    defer { next += 1 }
    var value = builder.values[next]
    guard builder.kind == .string || builder.kind == .opaque else { return String(value) }
    if let entries = builder.dictionary?.entries { value = entries[Int(value)] }
    let start = Int(value >> 32)
    let range = start..<start + Int(value & 0xFFFF_FFFF)
    return String(decoding: bytes[range], as: UTF8.self)
  }
  try checkEqual(next, builder.values.count, "values used")
  if builder.kind == .number {
    try checkEqual(builder.scales.count, builder.values.count, "scales")
    for (value, scale) in zip(builder.values, builder.scales) {
      try checkEqual(UInt8(value & 7), scale, "scale of \(value)")
    }
  }
  return rows
}

@Suite struct ColumnBuilderTests {
  @Test(arguments: [SlotKind.string, .number, .bool, .opaque])
  func gapsAndRemovalsAreThoseOfTheModel(kind: SlotKind) {
    rounds(250) { random in
      var model = Model()
      let gaps = random.pick([0, 0, 1, 5, 9])
      let distinct = random.pick([2, 1_000])
      for _ in 0..<random.below(200) {
        model.rows.append(random.below(10) < gaps ? nil : String(random.below(distinct)))
      }
      if random.oneIn(3) { model.rows += [String?](repeating: nil, count: random.below(100)) }
      if random.oneIn(3) { model.rows.insert(nil, at: 0) }
      var (builder, bytes) = model.builder(kind, isPlain: random.oneIn(2))
      let count = model.rows.count
      try checkEqual(try rows(builder, bytes, count: count), model.rows, "rows")

      // Twice, since the second removal starts from what the first left.
      for _ in 0..<2 {
        let before = model.rows.count
        let removed = model.rows.indices.filter { _ in random.oneIn(random.pick([1, 2, 10])) }
        builder.remove(rows: removed, rowCount: before)
        for row in removed.reversed() { model.rows.remove(at: row) }
        try checkEqual(
          try rows(builder, bytes, count: model.rows.count), model.rows, "after \(removed)")
      }
    }
  }

  @Test func manyDistinctStringsDropTheDictionary() throws {
    let model = Model(rows: (0..<5_000).map { String($0) })
    let (builder, bytes) = model.builder(.string, isPlain: false)
    #expect(builder.isPlain)
    #expect(try rows(builder, bytes, count: 5_000) == model.rows)
    let few = Model(rows: (0..<5_000).map { String($0 % 100) })
    #expect(!few.builder(.string, isPlain: false).0.isPlain)
    #expect(few.builder(.string, isPlain: true).0.isPlain)
    // Many, but each often.
    let repeating = Model(rows: (0..<20_000).map { String($0 / 4) })
    #expect(!repeating.builder(.string, isPlain: false).0.isPlain)
  }

  @Test func arraysLoseTheElementsNamed() {
    rounds(500) { random in
      let values = Array(0..<random.below(30))
      let removed = values.filter { _ in random.oneIn(random.pick([1, 2, 5])) }
      var rest = values
      rest.remove(at: removed)
      try checkEqual(rest, values.filter { !removed.contains($0) }, "\(removed) removed")
    }
  }
}
