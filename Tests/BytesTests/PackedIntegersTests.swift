import Testing

@testable import Bytes

@Suite struct PackedIntegersTests {
  /// Columns that are alike, spread, of one step, or anything.
  static func values(_ random: inout SeededGenerator, count: Int) -> [Int64] {
    let kind = random.below(6)
    let base = Int64(bitPattern: random.word())
    let bits = UInt64(random.below(65))
    let step = Int64(1 + random.below(1_000_000))
    return (0..<count).map { _ in
      switch kind {
      case 0: base
      case 1: 0
      case 2: base &+ Int64(bitPattern: bits == 0 ? 0 : random.next() >> (64 - bits))
      case 3: base &+ Int64(random.below(1_000)) &* step
      case 4: random.pick([.min, .max, 0, -1, 1])
      default: Int64(bitPattern: random.next())
      }
    }
  }

  @Test func everyValueComesBack() {
    rounds(400) { random in
      let values = Self.values(&random, count: random.below(100))
      var bytes = (0..<random.below(9)).map { _ in UInt8(random.below(256)) }
      let before = bytes.count
      bytes.append(packed: values)
      let end = bytes.count
      // What follows must not show through.
      bytes.append(contentsOf: repeatElement(0xFF, count: random.below(10)))
      var reader = ByteReader(bytes.rawSpan)
      try reader.advance(by: before)
      let column = try PackedIntegers(&reader, count: values.count)
      try checkEqual(reader.offset, end, "the end")
      try checkEqual(column.values(in: bytes.rawSpan), values, "all at once")
      for index in values.indices.shuffled(using: &random) {
        try checkEqual(column.value(index, in: bytes.rawSpan), values[index], "value \(index)")
      }
      let some = values.indices.filter { _ in random.oneIn(2) }
      for rows in [some, Array(some.prefix(1)), Array(values.indices)] {
        let found = column.values(rows.map { Int32($0) }, in: bytes.rawSpan)
        try checkEqual(rows.indices.map { found[$0] }, rows.map { values[$0] }, "some")
      }
    }
  }

  /// Values that are not there take no bits, and what they are makes no difference.
  @Test func absentValuesReadAsTheLeast() {
    rounds(200) { random in
      let count = 1 + random.below(60)
      var values = Self.values(&random, count: count)
      let isPresent = values.map { _ in !random.oneIn(3) }
      var bytes: [UInt8] = []
      bytes.append(packed: values, where: isPresent)
      for index in values.indices where !isPresent[index] {
        values[index] = Int64(bitPattern: random.next())
      }
      var others: [UInt8] = []
      others.append(packed: values, where: isPresent)
      try checkEqual(others, bytes, "the bytes")
      var reader = ByteReader(bytes.rawSpan)
      let column = try PackedIntegers(&reader, count: count)
      let least = zip(values, isPresent).filter(\.1).map(\.0).min() ?? 0
      for index in values.indices {
        try checkEqual(
          column.value(index, in: bytes.rawSpan), isPresent[index] ? values[index] : least,
          "value \(index)")
      }
    }
  }

  @Test func bytesAreTheKnownOnes() {
    func bytes(_ values: [Int64]) -> [UInt8] {
      var bytes: [UInt8] = []
      bytes.append(packed: values)
      return bytes
    }
    #expect(bytes([]) == [0x7F])
    #expect(bytes([0, 0]) == [0x7F])
    #expect(bytes([3, 3]) == [0, 6])
    #expect(bytes([3, 4, 6]) == [2, 6, 0b11_01_00])
    #expect(bytes([-20, -10, 10]) == [0x82, 39, 10, 0b11_01_00])
    #expect(bytes([.min, .max]).count == 1 + 10 + 10 + 1)
  }

  @Test func damagedBytesAreRefusedOrReadable() {
    rounds(300) { random in
      let values = Self.values(&random, count: 1 + random.below(40))
      var bytes: [UInt8] = []
      bytes.append(packed: values)
      if random.oneIn(2) { bytes.removeLast(random.below(bytes.count + 1)) }
      if !bytes.isEmpty { bytes[random.below(bytes.count)] ^= UInt8(1 << random.below(8)) }
      var reader = ByteReader(bytes.rawSpan)
      guard let column = try? PackedIntegers(&reader, count: values.count) else { return }
      try checkEqual(column.values(in: bytes.rawSpan).count, values.count, "how many there are")
    }
  }
}

@Suite struct PackedRunsTests {
  @Test func everyRunComesBack() {
    rounds(200) { random in
      let length = random.pick([0, 3, 40])
      let runs = (0..<1 + random.below(50)).map { _ in
        (0..<random.below(length + 1)).map { _ in UInt8(random.below(256)) }
      }
      var bytes: [UInt8] = [1, 2, 3]
      var ends: [Int] = []
      for run in runs { ends.append((ends.last ?? 0) + run.count) }
      bytes.append(runs: runs.flatMap { $0 }, ends: ends)
      let end = bytes.count
      bytes.append(contentsOf: [9, 9, 9, 9])
      var reader = ByteReader(bytes.rawSpan)
      try reader.advance(by: 3)
      let packed = try PackedRuns(&reader, count: runs.count)
      try checkEqual(reader.offset, end, "the end")
      try checkEqual(packed.isEmpty, runs.allSatisfy(\.isEmpty), "whether there are bytes")
      for row in runs.indices.shuffled(using: &random) {
        try checkEqual(
          Array(bytes[try packed.range(row, in: bytes.rawSpan)]), runs[row], "run \(row)")
      }
    }
  }
}
