import Testing

@testable import Model

/// Numbers since the epoch by their text: any digits, any exponent.
@Suite struct EpochTextTests {
  @Test(
    arguments: [
      ("1.7172E9", 1_717_200_000_000_000_000), ("1704067200e0", 1_704_067_200_000_000_000),
      ("1e9", 1_000_000_000_000_000_000), ("17172e5", 1_717_200_000_000_000_000),
      ("1717200000000e-3", 1_717_200_000_000_000_000), ("1e-3", 1_000_000), ("-0", 0),
      ("-0.0", 0), ("0e99999999999999999999", 0), ("1e-99999999999999999999", 0),
      ("1704067200.123456789012345678901", 1_704_067_200_123_456_789),
      ("1704067200.0000000000000000001", 1_704_067_200_000_000_000),
      ("1704067200000000000.5", 1_704_067_200_000_000_000),
      ("-1704067200.1234567899", -1_704_067_200_123_456_789),
      ("1.704067200000123E12", 1_704_067_200_000_123_000),
      // The years 1678 to 2261.
      ("-9214560000", -9_214_560_000_000_000_000),
      ("9214646399.9999999999", 9_214_646_399_999_999_999), ("0.000000001", 1),
      ("0.0000000009", 0),
    ] as [(String, Int64)])
  func knownTexts(text: String, ns: Int64) { #expect(number(text) == ns) }

  @Test(arguments: [
    "9223372036854775808", "-9223372036854775809", "9214646400", "-9214560000.000000001",
    "9214646400000000000", "9223372036.854775808", "99999999999",
    "1e100", "1e99999999999999999999", "99999999999999999999", "", "-", "1.", ".5", "1e", "1e+",
    "+1", "1x", "0x1", "1e5.5",
  ])
  func refuses(text: String) { #expect(number(text) == nil) }

  /// The same number in other spellings is the same instant, and what fits an integer is as ``TimeParser/epoch``
  /// has it.
  @Test func spellingsAgree() {
    rounds(5_000) { random in
      let scale = random.within(0...18)
      let mantissa = Int64(random.word() >> 1) * (random.oneIn(2) ? -1 : 1)
      let unit = random.oneIn(5) ? nil : random.pick(TimeFormat.EpochUnit.allCases)
      let wanted = TimeParser.epoch(mantissa: mantissa, scale: scale, unit: unit)
        .flatMap { Timestamp.wholeYears.contains($0.ns) ? $0.ns : nil }
      let shift = random.within(-30...30)
      let reading = TimeReading(unit: unit)
      let text = "\(mantissa)e\(-scale)"
      try checkEqual(number(text, reading), wanted, text)
      let zeros = String(repeating: "0", count: max(shift, 0))
      let moved = "\(mantissa)\(zeros)E\(-scale - max(shift, 0))"
      try checkEqual(number(moved, reading), wanted, moved)
      let fraction = "\(mantissa).\(zeros)e\(-scale)"
      if shift > 0 { try checkEqual(number(fraction, reading), wanted, fraction) }
    }
  }

  @Test func theUnitCanBeGiven() {
    let milliseconds = TimeReading(unit: .milliseconds)
    #expect(number("86400000", milliseconds) == 86_400_000_000_000)
    #expect(number("86400000") == 86_400_000_000_000_000)
    let time = TimeParser(milliseconds).parse(mantissa: 86_400_000, scale: 0)
    #expect(time.map(written) == "86400000")
    #expect(parsed("86400000", milliseconds)?.ns == 86_400_000_000_000)
    #expect(parsed("86400000") == nil)
    let seconds = TimeReading(zone: .utc, unit: .seconds)
    #expect(parsed("20240601", seconds)?.ns == 20_240_601_000_000_000)
    #expect(parsed("2024-06-01", seconds)?.ns == 1_717_200_000_000_000_000)
    #expect(number("1704067200000", seconds) == nil)
    #expect(refusal("1704067200000", seconds) == .outOfRange(.seconds))
    #expect(TimeFormat.EpochUnit(abbreviation: "us") == .microseconds)
    #expect(TimeFormat.EpochUnit(abbreviation: "m") == nil)
  }
}
