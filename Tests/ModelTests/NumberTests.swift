import Bytes
import Testing

@testable import Model

@Suite struct NumberTests {
  /// In rising order; numbers in one list are equal.
  private static let ranks: [[Number]] = [
    [number(-.infinity)], [number(-1e300)], [number(-0x1p63.nextUp.nextUp * 4)],
    [number(-0x1p63), Number(Int64.min)], [Number(Int64.min + 1)], [number(-2.5)],
    [Number(-2 as Int64), number(-2)], [number(-0.5)], [number(-5e-324)],
    [.zero, Number(0 as UInt64), number(0), number(-0.0)], [number(5e-324)],
    [number(1), Number(1 as Int64), Number(1 as UInt64)], [number(1.5)],
    [Number(9_007_199_254_740_992 as Int64), number(0x1p53)],
    [Number(9_007_199_254_740_993 as Int64), Number(9_007_199_254_740_993 as UInt64)],
    [Number(9_007_199_254_740_994 as Int64), number(0x1p53 + 2)],
    [Number(Int64.max), Number(UInt64(Int64.max))], [number(0x1p63), Number(UInt64(1) << 63)],
    [Number(UInt64.max - 1)], [Number(UInt64.max)], [number(0x1p64)], [number(1e300)],
    [number(.infinity)],
  ]

  private static func number(_ value: Double) -> Number {
    guard let number = Number(value) else { preconditionFailure("NaN") }
    return number
  }

  @Test func valuesAloneAreComparedAndHashed() {
    for (leftRank, left) in Self.ranks.enumerated() {
      for (rightRank, right) in Self.ranks.enumerated() {
        for (one, other) in left.flatMap({ one in right.map { (one, $0) } }) {
          #expect((one == other) == (leftRank == rightRank), "\(one) == \(other)")
          #expect((one < other) == (leftRank < rightRank), "\(one) < \(other)")
          if leftRank == rightRank {
            #expect(one.hashValue == other.hashValue, "hash of \(one)")
            #expect(one.description == other.description)
          }
        }
      }
    }
    #expect(MemoryLayout<Number>.stride == 16)
  }

  /// Integers near each other and near doubles, compared in a wider integer.
  @Test func orderIsThatOfExactValues() {
    rounds(20_000) { random in
      let whole = Self.integer(&random)
      let double = random.oneIn(2) ? Double(whole) : Double(whole) + Double(random.within(-3...3))
      let (left, right) = (Self.number(ofInteger: whole), Self.number(double))
      let exact = Int128(double)
      try checkEqual(left == right, whole == exact, "\(whole) == \(double)")
      try checkEqual(left < right, whole < exact, "\(whole) < \(double)")
      try checkEqual(right < left, exact < whole, "\(double) < \(whole)")
      let other = Self.integer(&random)
      let number = Self.number(ofInteger: other)
      try checkEqual(left < number, whole < other, "\(whole) < \(other)")
      let half = Double(whole >> 14) + 0.5
      try checkEqual(
        left < Self.number(half), Double(whole) < half, "\(whole) < \(half)")
    }
  }

  @Test func bytesAreReadBack() {
    rounds(5_000) { random in
      let number =
        random.oneIn(2)
        ? Self.number(ofInteger: Self.integer(&random))
        : Number(Double(bitPattern: random.next())) ?? .zero
      var bytes: [UInt8] = []
      number.encode(into: &bytes)
      var reader = ByteReader(bytes.rawSpan)
      try checkEqual(try Number(&reader), number, "\(number)")
      try check(reader.isAtEnd, "bytes left of \(number)")
      if number.int64.map({ (-64..<64).contains($0) }) ?? false {
        try checkEqual(bytes.count, 2, "bytes of \(number)")
      }
      let cut = Array(bytes.dropLast())
      var cutReader = ByteReader(cut.rawSpan)
      if let read = try? Number(&cutReader) { throw Mismatch(description: "cut: \(read)") }
    }
  }

  @Test func bytesOfAnotherFormAreRefused() {
    var oneAsUnsigned: [UInt8] = [1]
    oneAsUnsigned.append(varint: 1)
    var oneAsReal: [UInt8] = [2]
    oneAsReal.append(littleEndian: (1.0).bitPattern)
    var notANumber: [UInt8] = [2]
    notANumber.append(littleEndian: Double.nan.bitPattern)
    for bytes in [oneAsUnsigned, oneAsReal, notANumber, [3, 0]] {
      #expect(throws: MalformedBytes.self) {
        var reader = ByteReader(bytes.rawSpan)
        _ = try Number(&reader)
      }
    }
  }

  @Test func doublesAreTheNearest() {
    #expect(Number(9_007_199_254_740_993 as Int64).double == 0x1p53)
    #expect(Number(9_007_199_254_740_995 as Int64).double == 0x1p53 + 4)
    #expect(Number(UInt64.max).double == 0x1p64)
    #expect(Self.number(0.1).double == 0.1)
    #expect(Number(Double.nan) == nil)
  }

  @Test func integersAreHandedOutWhereTheyFit() {
    #expect(Self.number(3).int64 == 3)
    #expect(Self.number(-3).uint64 == nil)
    #expect(Number(UInt64.max).int64 == nil)
    #expect(Number(UInt64.max).uint64 == .max)
    #expect(Self.number(0.5).int64 == nil && !Self.number(0.5).isInteger)
    #expect(!Self.number(0x1p64).isInteger && Self.number(0x1p63).isInteger)
  }

  @Test func textHasAllDigitsOfIntegers() {
    #expect(Number(UInt64.max).description == "18446744073709551615")
    #expect(Number(Int64.min).description == "-9223372036854775808")
    #expect(Self.number(-0.0).description == "0")
    #expect(Self.number(1e18).description == "1000000000000000000")
    #expect(Self.number(21.5).description == "21.5")
    #expect(Self.number(0x1p64).description == "1.8446744073709552e+19")
  }

  /// One of 64 bits, small or near the ends as often as not.
  private static func integer(_ random: inout SeededGenerator) -> Int128 {
    let word = random.word()
    switch random.below(4) {
    case 0: return Int128(word)
    case 1: return Int128(Int64(bitPattern: word))
    case 2: return Int128(UInt64.max - word % 5000)
    default: return Int128(Int64.min) + Int128(word % 5000)
    }
  }

  private static func number(ofInteger value: Int128) -> Number {
    value < 0 ? Number(Int64(value)) : Number(UInt64(value))
  }
}
