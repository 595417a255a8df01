import Testing

@testable import Model

/// The decimal text of `mantissa / 10^scale`.
private func text(_ mantissa: Int64, _ scale: Int) -> String {
  let digits = padded(Int(mantissa.magnitude), scale + 1)
  let point = digits.index(digits.endIndex, offsetBy: -scale)
  let number = scale == 0 ? digits : "\(digits[..<point]).\(digits[point...])"
  return (mantissa < 0 ? "-" : "") + number
}

@Suite struct EpochTests {
  @Test(
    arguments: [
      (0, 0, 0), (1, 0, 1_000_000_000), (-1, 0, -1_000_000_000), (5, 1, 500_000_000),
      (-5, 1, -500_000_000), (1_700_000_000, 0, 1_700_000_000_000_000_000),
      (1_700_000_000_123, 0, 1_700_000_000_123_000_000),
      (1_700_000_000_123_456, 0, 1_700_000_000_123_456_000),
      (1_700_000_000_123_456_789, 0, 1_700_000_000_123_456_789),
      (-1_700_000_000_123_456_789, 0, -1_700_000_000_123_456_789),
      (1_700_000_000_123_456_789, 9, 1_700_000_000_123_456_789),
      (1_700_000_000_123_456, 3, 1_700_000_000_123_456_000),
      (1_700_000_000_123_456_789, 3, 1_700_000_000_123_456_789),
      (.max, 0, .max), (-.max, 0, -.max),
    ] as [(Int64, Int, Int64)])
  func knownEpochs(mantissa: Int64, scale: Int, ns: Int64) throws {
    let time = try #require(TimeParser.epoch(mantissa: mantissa, scale: scale))
    #expect(time.ns == ns)
    #expect(time.format.isEpoch)
    #expect(written(time) == text(mantissa, scale))
  }

  @Test func magnitudeGivesTheUnit() {
    func unit(_ value: Int64) -> TimeFormat.EpochUnit? {
      TimeParser.epoch(mantissa: value, scale: 0)?.format.unit
    }
    #expect(unit(9_223_372_036) == .seconds)
    #expect(unit(100_000_000_000) == .milliseconds)
    #expect(unit(9_223_372_036_854) == .milliseconds)
    #expect(unit(100_000_000_000_000) == .microseconds)
    #expect(unit(9_223_372_036_854_775) == .microseconds)
    #expect(unit(100_000_000_000_000_000) == .nanoseconds)
    #expect(unit(-100_000_000_000) == .milliseconds)
  }

  @Test func outOfRangeIsRefused() {
    #expect(TimeParser.epoch(mantissa: 9_223_372_037, scale: 0) == nil)
    #expect(TimeParser.epoch(mantissa: 99_999_999_999, scale: 0) == nil)
    #expect(TimeParser.epoch(mantissa: 9_223_372_036_855, scale: 0) == nil)
    #expect(TimeParser.epoch(mantissa: 9_223_372_036_854_776, scale: 0) == nil)
    #expect(TimeParser.epoch(mantissa: 1, scale: 19) == nil)
  }

  @Test func finerThanNanosecondsIsIrreproducible() throws {
    let fine = try #require(TimeParser.epoch(mantissa: 12_345_678_901, scale: 10))
    #expect(fine.ns == 1_234_567_890)
    #expect(fine.format == .irreproducible)
    let zeros = try #require(TimeParser.epoch(mantissa: 10_000_000_000, scale: 10))
    #expect(zeros.format == .irreproducible)
    let halfNanosecond = try #require(
      TimeParser.epoch(mantissa: 1_000_000_000_000_000_005, scale: 1))
    #expect(halfNanosecond.format == .irreproducible)
  }

  /// Never a trap; and what is exact comes back byte for byte, with the right instant.
  @Test func randomEpochs() {
    rounds(20_000) { random in
      let scale = random.within(0...19)
      let mantissa =
        Int64(bitPattern: random.word() & 0x7FFF_FFFF_FFFF_FFFF) * (random.oneIn(2) ? -1 : 1)
      guard let time = TimeParser.epoch(mantissa: mantissa, scale: scale) else { return }
      guard time.format != .irreproducible else { return }
      try checkEqual(written(time), text(mantissa, scale), "\(mantissa)e-\(scale)")
      // ns * 10^scale == mantissa * unit, in 128 bits.
      let power = (0..<scale).reduce(Int64(1)) { value, _ in value * 10 }
      let left = time.ns.multipliedFullWidth(by: power)
      let right = mantissa.multipliedFullWidth(by: time.format.unit.nanoseconds)
      try check(left == right, "\(mantissa)e-\(scale) is \(time.ns) ns")
    }
  }

  @Test func nearTheRangesEdgesNothingTraps() {
    for scale in 0...19 {
      for unit in [1, 1_000, 1_000_000, 1_000_000_000] as [Int64] {
        for step in -20...20 as ClosedRange<Int64> {
          let power = (0..<min(scale, 18)).reduce(Int64(1)) { value, _ in value * 10 }
          let edge = (Int64.max / unit).multipliedReportingOverflow(by: power)
          let base = edge.overflow ? Int64.max - 20 : edge.partialValue
          let (mantissa, overflow) = base.addingReportingOverflow(step)
          if overflow { continue }
          _ = TimeParser.epoch(mantissa: mantissa, scale: scale)
          _ = TimeParser.epoch(mantissa: -mantissa, scale: scale)
        }
      }
    }
  }
}
