import Testing

@testable import Model

@Suite struct DecimalValueTests {
  @Test func integersOf64BitsAreExactHoweverTheyAreWritten() {
    let cases: [(String, Number)] = [
      ("0", .zero), ("-0", .zero), ("-0.00e5", .zero), ("0e999999999999999999999", .zero),
      ("007", Number(7 as Int64)), ("1e3", Number(1000 as Int64)),
      ("9007199254740993", Number(9_007_199_254_740_993 as Int64)),
      ("9007199254740993.00", Number(9_007_199_254_740_993 as Int64)),
      ("90071992547409930e-1", Number(9_007_199_254_740_993 as Int64)),
      ("9223372036854775807", Number(Int64.max)), ("-9223372036854775808", Number(Int64.min)),
      ("9223372036854775808", Number(UInt64(1) << 63)),
      ("18446744073709551615", Number(UInt64.max)),
    ]
    for (text, number) in cases { #expect(DecimalValue(text) == .number(number), "\(text)") }
  }

  @Test func otherNumbersAreTheNearestDouble() throws {
    for text in ["0.1", "-2.5", "1e-7", "18446744073709552000", "1e25", "-1e300", "1e+20"] {
      let number = try #require(Double(text).flatMap { Number($0) })
      #expect(DecimalValue(text) == .number(number), "\(text)")
    }
    // JavaScript writes this for a double.
    let written = try #require(Number(1.2345678901234568e20))
    #expect(DecimalValue("123456789012345680000") == .number(written))
  }

  @Test func integersThatDoublesDoNotGiveBackAreBeyond() {
    #expect(DecimalValue("18446744073709551617") == .beyond(0x1p64, isAbove: false))
    #expect(DecimalValue("18446744073709552001") == .beyond(0x1p64, isAbove: true))
    #expect(DecimalValue("-18446744073709551617") == .beyond(-0x1p64, isAbove: true))
    #expect(Number(decimal: "18446744073709551617") == Number(0x1p64))
    #expect(DecimalValue("18446744073709551617.0") == .beyond(0x1p64, isAbove: false))
    for text in [
      "-9223372036854775809", "-9223372036854775809.00", "-9.223372036854776e18",
      "-9223372036854776000", "-9223372036854776800",
    ] {
      #expect(DecimalValue(text) == .beyond(-0x1p63, isAbove: false), "\(text)")
    }
    // The next double below is one that no integer of 64 bits is.
    #expect(DecimalValue("-9223372036854777856") == .beyond(-0x1.0000000000001p63, isAbove: true))
    let below = Number(-9.223372036854778e18)
    #expect(DecimalValue("-9223372036854778000") == below.map { .number($0) })
  }

  @Test func digitsAreThoseOfTheValue() {
    #expect(DecimalValue.plainDigits("-12.50e3") == "-12500")
    #expect(DecimalValue.plainDigits("0012345678901234567891e2") == "1234567890123456789100")
    #expect(DecimalValue.plainDigits("-0.0") == "0")
    #expect(DecimalValue.plainDigits("1.5") == nil)
    #expect(DecimalValue.plainDigits("1e309") == nil)
  }

  @Test(arguments: ["", "-", ".", "e1", "1e", "1e+", "+1", "1x", "0x10", "nan", "inf", "1e999"])
  func whatIsNoDecimalIsRefused(_ text: String) {
    #expect(DecimalValue(text) == nil)
    #expect(Number(decimal: text) == nil)
  }

  @Test func textsOfNumbersAreReadBack() {
    rounds(10_000) { random in
      let word = random.word()
      let number =
        switch random.below(3) {
        case 0: Number(word)
        case 1: Number(Int64(bitPattern: word))
        default: Number(Double(bitPattern: word)) ?? .zero
        }
      guard number.double.isFinite else { return }
      try checkEqual(DecimalValue(number.description), .number(number), "\(number)")
    }
  }
}
