import Bytes
import Testing

@testable import EventLog

/// Columns of integers as they come, and as they should not.
enum IntegerColumn: CaseIterable {
  case constant, rising, steady, random, small, outliers, extremes, noise, sawtooth

  func values(_ count: Int, _ random: inout SeededGenerator) -> [Int64] {
    let base = Int64(bitPattern: random.word())
    let step = Int64(random.below(1_000_000))
    return (0..<count).map { index in
      switch self {
      case .constant: base
      case .rising: base &+ Int64(index) &* step &+ Int64(random.below(100))
      case .steady: base &+ Int64(index) &* step
      case .random: Int64(bitPattern: random.next())
      case .small: Int64(random.within(-3...3))
      case .outliers: random.oneIn(50) ? Int64(bitPattern: random.word()) : Int64(random.below(9))
      case .extremes: random.pick([.min, .max, 0, -1, 1, .min + 1, .max - 1] as [Int64])
      case .noise: base &+ Int64(bitPattern: random.word())
      case .sawtooth: Int64(index % 97) &* step &- base
      }
    }
  }
}

private func encoded(_ values: [Int64]) -> [UInt8] {
  var bytes: [UInt8] = []
  IntegerCoding.encode(values, into: &bytes)
  return bytes
}

@Suite struct IntegerCodingTests {
  static let counts = [
    0, 1, 2, 3, 63, 64, 65, 1_023, 1_024, 1_025, 2_047, 2_048, 2_049, 5_000,
  ]

  @Test(arguments: IntegerColumn.allCases)
  func columnsComeBack(column: IntegerColumn) {
    rounds(3) { random in
      for count in Self.counts + [random.below(5_001)] {
        let values = column.values(count, &random)
        let bytes = [7] + encoded(values)
        var reader = ByteReader(bytes.rawSpan)
        try reader.advance(by: 1)
        var decoded: [Int64] = [1, 2, 3]
        try IntegerCoding.decode(&reader, count: count, into: &decoded)
        try check(decoded == values, "\(column), \(count) values differ")
        try check(reader.isAtEnd, "\(column), \(count) values: bytes left over")
      }
    }
  }

  /// A column whose character changes along the way.
  @Test func mixturesComeBack() {
    rounds(20) { random in
      var values: [Int64] = []
      while values.count < 12_000 {
        values += random.pick(IntegerColumn.allCases).values(random.below(1_500), &random)
      }
      let bytes = encoded(values)
      var reader = ByteReader(bytes.rawSpan)
      var decoded: [Int64] = []
      try IntegerCoding.decode(&reader, count: values.count, into: &decoded)
      try check(decoded == values, "\(values.count) values differ")
    }
  }

  @Test(arguments: IntegerColumn.allCases)
  func everyTruncationThrows(column: IntegerColumn) {
    rounds(2) { random in
      let values = column.values(random.within(2...1_100), &random)
      let bytes = encoded(values)
      for length in 0..<bytes.count where length < 200 || random.oneIn(20) {
        let read = decodes(bytes, prefix: length, count: values.count)
        try check(!read, "\(column): \(length) of \(bytes.count) bytes were read")
      }
    }
  }

  /// Damaged bytes may give other values, but no trap.
  @Test func changedBytesDoNotTrap() {
    rounds(200) { random in
      let column = random.pick(IntegerColumn.allCases)
      let values = column.values(random.within(1...1_100), &random)
      var bytes = encoded(values)
      for _ in 0..<random.within(1...3) {
        bytes[random.oneIn(2) ? random.below(min(12, bytes.count)) : random.below(bytes.count)] =
          UInt8(random.below(256))
      }
      _ = decodes(bytes, prefix: bytes.count, count: values.count)
    }
  }

  private func decodes(_ bytes: [UInt8], prefix: Int, count: Int) -> Bool {
    var reader = ByteReader(bytes.rawSpan(0..<prefix))
    var decoded: [Int64] = []
    do throws(MalformedBytes) {
      try IntegerCoding.decode(&reader, count: count, into: &decoded)
      return true
    } catch {
      return false
    }
  }

  /// What the coding is for; without these a coding that stores all 64 bits would pass.
  @Test func regularColumnsAreSmall() {
    var random = SeededGenerator(seed: 1)
    #expect(encoded([Int64](repeating: .min, count: 5_000)).count <= 11)
    #expect(encoded(IntegerColumn.steady.values(1_024, &random)).count < 40)
    #expect(encoded(IntegerColumn.small.values(1_024, &random)).count < 1_024 * 3 / 8 + 20)
    let outliers = (0..<1_024).map { $0 == 500 ? Int64.max : Int64($0 % 2) }
    #expect(encoded(outliers).count < 128 + 40)
  }
}
