import Testing

@testable import Model

@Suite struct NumberArithmeticTests {
  /// Results that have 64 bits are those of wider integers; others the nearest doubles of them.
  @Test func integersAreComputedWithExactly() {
    rounds(20_000) { random in
      let (left, right) = (Self.integer(&random), Self.integer(&random))
      let (a, b) = (Self.number(left), Self.number(right))
      try checkEqual(a.adding(b), Self.number(left + right), "\(left) + \(right)")
      try checkEqual(a.subtracting(b), Self.number(left - right), "\(left) - \(right)")
      try checkEqual(a.negated, Self.number(-left), "-\(left)")
      try checkEqual(a.magnitude, Self.number(left < 0 ? -left : left), "|\(left)|")
      let (product, isOver) = left.multipliedReportingOverflow(by: right)
      let times = isOver ? Number(Double(UInt128(left) * UInt128(right))) : Self.number(product)
      try checkEqual(a.multiplied(by: b), times, "\(left) * \(right)")
      if right != 0, left % right == 0 {
        try checkEqual(a.divided(by: b), Self.number(left / right), "\(left) / \(right)")
      }
    }
  }

  @Test func whatHasNoValueIsNil() throws {
    let large = try #require(Number(1e308))
    #expect(large.multiplied(by: large) == nil)
    #expect(large.adding(large) == nil)
    #expect(Number.zero.divided(by: .zero) == nil)
    #expect(Number(1 as Int64).divided(by: .zero) == nil)
    #expect(Number(1 as Int64).divided(by: Number(4 as Int64)) == Number(0.25))
  }

  @Test func integersThatNoDoubleHoldsAreTold() {
    #expect(Number(9_007_199_254_740_993 as Int64).isBeyondDoubles)
    #expect(Number(Int64.max).isBeyondDoubles && Number(UInt64.max).isBeyondDoubles)
    #expect(!Number(9_007_199_254_740_992 as Int64).isBeyondDoubles)
    #expect(!Number(Int64.min).isBeyondDoubles && !Number(UInt64(1) << 63).isBeyondDoubles)
  }

  private static func integer(_ random: inout SeededGenerator) -> Int128 {
    let word = random.word()
    return random.oneIn(2) ? Int128(word) : Int128(Int64(bitPattern: word))
  }

  private static func number(_ value: Int128) -> Number {
    if let signed = Int64(exactly: value) { return Number(signed) }
    return UInt64(exactly: value).map { Number($0) } ?? Number(Double(value)) ?? .zero
  }
}
