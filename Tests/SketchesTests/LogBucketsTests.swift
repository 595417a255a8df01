import Testing

@testable import Sketches

@Suite struct LogBucketsTests {
  /// Whether the representative is near enough, computed without the relative error's own rounding.
  private func checkNear(_ value: Double) throws {
    let key = LogBuckets.key(value)
    let got = LogBuckets.value(ofKey: key)
    // Halves, as the greatest doubles have no room for a difference of signs.
    let off = abs(got / 2 - value / 2)
    try check(off <= 0.01 * abs(value / 2), "\(value) in \(key) is \(got)")
    try checkEqual(LogBuckets.key(-value), -key, "key of \(-value)")
    try checkEqual(LogBuckets.value(ofKey: -key), -got, "value of \(-key)")
    try checkEqual(LogBuckets.key(got), key, "key of the representative of \(key)")
  }

  @Test func representativesAreWithinOnePercent() {
    rounds(20_000) { random in
      let value = Double(bitPattern: random.next() & 0x7FFF_FFFF_FFFF_FFFF)
      if value.isNormal { try checkNear(value) }
      let usual = Double.random(in: 0.001..<10_000, using: &random)
      try checkNear(usual)
    }
  }

  @Test func edgesOfBucketsAreWithinOnePercent() throws {
    for exponent in [-1022, -1021, -500, -2, -1, 0, 1, 9, 52, 1022, 1023] {
      for step in 0...35 as ClosedRange<UInt64> {
        let significand = LogBuckets.lowerBound(ofStep: step)
        if step == 35 {
          #expect(significand == 2)
          continue
        }
        let edge = Double(sign: .plus, exponent: exponent, significand: significand)
        let wanted = Int32(40_000 + 35 * exponent) + Int32(step)
        #expect(LogBuckets.key(edge) == wanted)
        try checkNear(edge)
        if edge > .leastNormalMagnitude {
          #expect(LogBuckets.key(edge.nextDown) == wanted - 1)
          try checkNear(edge.nextDown)
        }
      }
    }
  }

  @Test func boundsAreLessThanTwoErrorsApart() {
    for step in 0..<35 as Range<UInt64> {
      let lower = LogBuckets.lowerBound(ofStep: step)
      let upper = LogBuckets.lowerBound(ofStep: step + 1)
      #expect((upper - lower) / (upper + lower) < LogBuckets.relativeError)
    }
  }

  @Test func keysGrowWithValues() {
    rounds(5_000) { random in
      let value = Double(bitPattern: random.next())
      guard value.isFinite else { return }
      try check(LogBuckets.key(value) <= LogBuckets.key(value.nextUp), "after \(value)")
      let near = value * Double.random(in: 0.97..<1.03, using: &random)
      let (low, high) = (min(value, near), max(value, near))
      try check(LogBuckets.key(low) <= LogBuckets.key(high), "\(low) and \(high)")
      let other = Double(bitPattern: random.next())
      guard other.isFinite else { return }
      try check((value < other) || LogBuckets.key(value) >= LogBuckets.key(other), "\(other)")
    }
  }

  @Test func specialValues() {
    #expect(LogBuckets.key(0) == 0)
    #expect(LogBuckets.key(-0.0) == 0)
    #expect(LogBuckets.key(.leastNonzeroMagnitude) == 0)
    #expect(LogBuckets.key(-Double.leastNormalMagnitude.nextDown) == 0)
    #expect(LogBuckets.key(.leastNormalMagnitude) == LogBuckets.minNormalKey)
    #expect(LogBuckets.key(.greatestFiniteMagnitude) == LogBuckets.maxFiniteKey)
    #expect(LogBuckets.key(.infinity) == LogBuckets.maxFiniteKey + 1)
    #expect(LogBuckets.value(ofKey: 0) == 0)
    #expect(LogBuckets.value(ofKey: LogBuckets.minNormalKey - 1) == 0)
    #expect(LogBuckets.value(ofKey: .max) == .infinity)
    #expect(LogBuckets.value(ofKey: .min) == -.infinity)
  }

  /// Keys are stored, so they may never change.
  @Test func knownKeys() {
    let values: [Double] = [1, 1.02, 1.5, 2, 3.14159, 10, 100, 1e6, 0.1, -42, 1e300]
    #expect(
      values.map { LogBuckets.key($0) }
        == [
          40_000, 40_000, 40_020, 40_035, 40_057, 40_116, 40_232, 40_697, 39_883, -40_188,
          74_880,
        ])
    #expect(LogBuckets.value(ofKey: 40_000) == 1.0099842513872368)
    #expect(LogBuckets.value(ofKey: 40_697) == 998748.1961970101)
  }
}
