import Testing

@testable import Model

@Suite struct TimestampTests {
  @Test func descriptionsAreReadBack() {
    let range = -9_214_560_000_000_000_000...9_214_646_399_999_999_999 as ClosedRange<Int64>
    rounds(2_000) { random in
      let step = random.pick([1, 1_000, 1_000_000, 1_000_000_000] as [Int64])
      let ns = Int64.random(in: range, using: &random) / step * step
      let text = Timestamp(ns: ns).description
      try checkEqual(Timestamp(text)?.ns, ns, text)
      let fraction = text.split(separator: ".").dropFirst().first?.count ?? 1
      let shortest =
        ns % 1_000_000_000 == 0 ? 1 : ns % 1_000_000 == 0 ? 4 : ns % 1_000 == 0 ? 7 : 10
      try checkEqual(fraction, shortest, "digits of the fraction and Z in \(text)")
    }
  }

  @Test func wholeRangeCanBePrinted() {
    #expect(Timestamp(ns: .min).description == "1677-09-21T00:12:43.145224192Z")
    #expect(Timestamp(ns: .max).description == "2262-04-11T23:47:16.854775807Z")
  }

  @Test func dateAloneIsItsFirstInstant() {
    #expect(Timestamp("2024-07-30")?.description == "2024-07-30T00:00:00Z")
    #expect(Timestamp("2024-02-30") == nil)
    #expect(Timestamp("yesterday!") == nil)
    #expect(Timestamp("") == nil)
  }

  @Test func earlierIsLess() throws {
    let early = try #require(Timestamp("2024-07-30T00:00:00+02:00"))
    let late = try #require(Timestamp("2024-07-30"))
    #expect(early < late)
  }

  @Test(
    arguments: [
      (-1, -1, 999), (0, 0, 0), (-1_000, -1, 0), (1_999, 1, 999),
    ] as [(Int64, Int64, Int64)])
  func flooring(value: Int64, quotient: Int64, rest: Int64) {
    #expect(value.flooredQuotient(1_000) == quotient)
    #expect(value.flooredRemainder(1_000) == rest)
  }
}
