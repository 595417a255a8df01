import Bytes
import Testing

@testable import Sketches

/// A column beside the sketches that its rows have to be.
private struct Model {
  var column = QuantileColumn()
  var sketches: [QuantileSketch] = []

  mutating func appendRow() {
    column.appendRow()
    sketches.append(QuantileSketch())
  }

  mutating func add(_ values: [Double], to row: Int) {
    let keys = values.map(LogBuckets.key)
    column.add(keys.span, to: row)
    for value in values { sketches[row].add(value) }
  }

  func bytes(_ row: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    column.encode([Int32(row)], into: &bytes)
    return bytes
  }

  /// The column of what was written of some rows.
  static func read(_ bytes: [UInt8], rows: Int) throws -> QuantileColumn {
    var column = QuantileColumn()
    var reader = ByteReader(bytes.rawSpan)
    let stored = try QuantileRows(&reader, count: rows)
    try check(reader.isAtEnd, "\(bytes.count - reader.offset) bytes are left")
    for row in 0..<rows { try stored.append(row, in: bytes.rawSpan, to: &column) }
    return column
  }

  /// Quantiles that are searched in what was written of all rows.
  func checkSearched(_ bytes: [UInt8]) throws {
    var reader = ByteReader(bytes.rawSpan)
    let stored = try QuantileRows(&reader, count: sketches.count)
    for row in sketches.indices {
      for q in [0, 0.1, 0.5, 0.95, 0.99, 1] {
        let share = try #require(Share(q))
        let got = try stored.quantile(
          share, row, ofCount: sketches[row].count, in: bytes.rawSpan)
        let wanted = sketches[row].quantile(share)
        try checkEqual(got.isNaN ? nil : got, wanted, "quantile \(q) of \(row)")
      }
    }
  }

  func checkRows() throws {
    for row in sketches.indices {
      try checkEqual(column.sketch(row), sketches[row], "row \(row)")
      try checkEqual(column.valueCount(row), sketches[row].count, "values of row \(row)")
      for q in [0, 0.1, 0.5, 0.95, 0.99, 1] {
        let share = try #require(Share(q))
        let (got, wanted) = (column.quantile(share, row), sketches[row].quantile(share))
        try checkEqual(got, wanted, "quantile \(q) of \(row)")
      }
    }
  }
}

@Suite struct QuantileColumnTests {
  /// Numbers near each other or far apart, of one sign or both.
  private static func values(_ random: inout SeededGenerator) -> [Double] {
    let kind = random.below(5)
    return (0..<random.below(40)).map { _ in
      switch kind {
      case 0: 20 + Double(random.below(1_000)) / 100
      case 1: Double(random.below(400)) / 10 - 20
      case 2: -Double(random.below(100)) / 8
      case 3: Double(sign: .plus, exponent: random.below(60) - 30, significand: 1.3)
      default:
        random.oneIn(3) ? 0 : Double(bitPattern: random.next() & 0x7FDF_FFFF_FFFF_FFFF)
      }
    }
  }

  @Test func rowsAreSketches() {
    rounds(200) { random in
      var model = Model()
      for _ in 0..<5 { model.appendRow() }
      for _ in 0..<20 {
        let (row, other) = (random.below(5), random.below(5))
        switch random.below(4) {
        case 0 where row != other:
          model.column.mergeRow(other, into: row)
          model.sketches[row].merge(model.sketches[other])
        case 1:
          let copy = model.column
          model.column.merge(other, of: copy, into: row)
          model.sketches[row].merge(model.sketches[other])
        default: model.add(Self.values(&random), to: row)
        }
      }
      try model.checkRows()
    }
  }

  /// What a row is written as depends on what it holds, not on how it came there.
  @Test func bytesAreAFunctionOfTheValues() {
    rounds(200) { random in
      let values = (0..<4).flatMap { _ in Self.values(&random) }
      var model = Model()
      model.appendRow()
      model.appendRow()
      model.add(values, to: 0)
      for value in values.shuffled(using: &random) { model.add([value], to: 1) }
      let bytes = model.bytes(0)
      try checkEqual(model.bytes(1), bytes, "in another order")
      var read = Model()
      read.column = try Model.read(bytes, rows: 1)
      read.sketches = [model.sketches[0]]
      try read.checkRows()
      try checkEqual(read.bytes(0), bytes, "written again")
    }
  }

  /// Rows of all kinds beside each other, some of them empty, and added to after they were read.
  @Test func manyRowsAreReadAsTheyWere() {
    rounds(100) { random in
      var model = Model()
      let rows = 1 + random.below(40)
      for row in 0..<rows {
        model.appendRow()
        for _ in 0..<random.below(4) { model.add(Self.values(&random), to: row) }
      }
      var bytes: [UInt8] = []
      model.column.encode((0..<Int32(rows)).map { $0 }[...], into: &bytes)
      try model.checkSearched(bytes)
      model.column = try Model.read(bytes, rows: rows)
      try model.checkRows()
      for _ in 0..<10 { model.add(Self.values(&random), to: random.below(rows)) }
      try model.checkRows()
    }
  }

  /// Counters grow from one byte to four, and windows in both directions, beside others.
  @Test func countersAndWindowsGrow() {
    rounds(20) { random in
      var model = Model()
      for _ in 0..<4 { model.appendRow() }
      for _ in 0..<40 {
        let row = random.below(4)
        let value = Double(1 + random.below(50)) * (random.oneIn(4) ? -1 : 1)
        // Some more than a counter of 32 bits counts.
        for _ in 0..<random.pick([0, 1, 7]) where model.column.valueCount(row) < 1 << 34 {
          model.column.mergeRow(row, into: row)
          let copy = model.sketches[row]
          model.sketches[row].merge(copy)
        }
        model.add(Array(repeating: value, count: random.below(300)), to: row)
      }
      try model.checkRows()
      let before = model.column.byteCount
      try check(before < 64 << 10, "four rows take \(before) bytes")
    }
  }

  @Test func damagedBytesAreRefusedOrReadable() {
    rounds(300) { random in
      var model = Model()
      model.appendRow()
      model.add(Self.values(&random), to: 0)
      var bytes = model.bytes(0)
      if random.oneIn(2) { bytes.removeLast(random.below(bytes.count + 1)) }
      if !bytes.isEmpty { bytes[random.below(bytes.count)] ^= UInt8(1 << random.below(8)) }
      if let column = try? Model.read(bytes, rows: 1) {
        _ = Share(0.5).flatMap { column.quantile($0, 0) }
      }
      var reader = ByteReader(bytes.rawSpan)
      if let share = Share(0.5), let stored = try? QuantileRows(&reader, count: 1) {
        _ = try? stored.quantile(share, 0, ofCount: 20, in: bytes.rawSpan)
      }
    }
  }

  /// More values than a counter of 32 bits can count.
  @Test func countersDoNotOverflow() throws {
    var column = QuantileColumn()
    column.appendRow()
    let keys: [Int32] = [40_000, 40_001]
    column.add(keys.span, to: 0)
    for _ in 0..<34 { column.mergeRow(0, into: 0) }
    #expect(column.valueCount(0) == 2 << 34)
    #expect(column.sketch(0).counts == [1 << 34, 1 << 34])
    let share = try #require(Share(0.25))
    #expect(column.quantile(share, 0) == LogBuckets.value(ofKey: 40_000))
  }

  @Test func bytesAreTheKnownOnes() {
    var model = Model()
    for _ in 0..<3 { model.appendRow() }
    model.add([1, 1, 1.05], to: 0)
    model.add([-1, 0, 1], to: 1)
    #expect(model.bytes(0).hex == "0080f1040006" + "0002017f13")
    #expect(model.bytes(1).hex == "7f7f7f0d7f03fff004c0b802c0b802010101")
    #expect(model.bytes(2).hex == "7f7f7f00")
  }
}
