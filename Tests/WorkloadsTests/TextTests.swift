import Testing

@testable import Workloads

@Suite struct TextTests {
  private func text(_ append: (inout [UInt8]) -> Void) -> String {
    var bytes: [UInt8] = []
    append(&bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test(arguments: [
    (0, "0"), (7, "7"), (10, "10"), (-10, "-10"), (1_717_200_000_123, "1717200000123"),
    (.max, "9223372036854775807"), (.min, "-9223372036854775808"),
  ])
  func decimal(value: Int, expected: String) {
    #expect(text { $0.append(decimal: value) } == expected)
  }

  @Test(arguments: [
    (0, "0.00"), (5, "0.05"), (-5, "-0.05"), (2_137, "21.37"), (-2_000, "-20.00"),
    (101_325, "1013.25"),
  ])
  func hundredths(value: Int, expected: String) {
    #expect(text { $0.append(hundredths: value) } == expected)
  }

  @Test(arguments: [(0, "0.0"), (452, "45.2"), (1_000, "100.0"), (-3, "-0.3")])
  func tenths(value: Int, expected: String) {
    #expect(text { $0.append(tenths: value) } == expected)
  }

  @Test(arguments: [
    (0, "0.0"), (1, "0.0001"), (1_230, "0.123"), (30_000, "3.0"), (-12_005, "-1.2005"),
    (10_500, "1.05"),
  ])
  func trimmed(value: Int, expected: String) {
    #expect(text { $0.append(trimmedTenThousandths: value) } == expected)
  }

  @Test func hexadecimal() {
    #expect(
      text {
        $0.append(ascii: "<0000000000000000>")
        $0.overwrite(at: 1, hexOf: 0x09f8_6d08_1884_c7de)
      } == "<09f86d081884c7de>")
  }

  @Test(arguments: [
    (0, 1970, 1, 1), (11_016, 2000, 2, 29), (19_875, 2024, 6, 1), (47_540, 2100, 2, 28),
    (47_541, 2100, 3, 1), (2_567_655, 9000, 1, 1),
  ])
  func civilDate(ofDay: Int, year: Int, month: Int, day: Int) {
    #expect(TimestampText.civilDate(ofDay: ofDay) == (year, month, day))
  }

  @Test func everyDayFollowsTheLast() {
    var last = TimestampText.civilDate(ofDay: 0)
    for day in 1..<50_000 {
      let date = TimestampText.civilDate(ofDay: day)
      let isLeap = last.year % 4 == 0 && (last.year % 100 != 0 || last.year % 400 == 0)
      let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      if last.day < lengths[last.month - 1] {
        #expect(date == (last.year, last.month, last.day + 1))
      } else if last.month < 12 {
        #expect(date == (last.year, last.month + 1, 1))
      } else {
        #expect(date == (last.year + 1, 1, 1))
      }
      last = date
    }
  }
}
