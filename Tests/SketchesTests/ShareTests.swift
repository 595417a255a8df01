import TestSupport
import Testing

@testable import Sketches

@Suite struct ShareTests {
  @Test func ranksAreExact() throws {
    // In doubles 29 / 100 * 100 is 28.999999999999996.
    for percent in 0...100 {
      let share = try #require(Share(percent: Double(percent)))
      #expect(share.rank(of: 101) == UInt64(percent))
      #expect(share == Share(percent: Double(percent)))
    }
    for (percent, count, rank) in [
      (99.9, 1_001, 999), (99.9, 1_000, 998), (0.1, 1_001, 1), (57, 101, 57), (100, 1, 0),
      (1e-5, 10_000_001, 1), (1e-300, .max, 0), (100, .max, .max - 1), (50, 2, 0), (12.5, 9, 1),
    ] as [(Double, UInt64, UInt64)] {
      #expect(try #require(Share(percent: percent)).rank(of: count) == rank, "\(percent)")
    }
    #expect(Share(0.29)?.rank(of: 101) == 29)
    #expect(Share(1)?.rank(of: 5) == 4)
    #expect(Share(percent: 100.5) == nil && Share(percent: -1) == nil && Share(1.5) == nil)
  }

  @Test func ranksOfDecimals() {
    rounds(500) { random in
      let places = random.below(7)
      let scale = (0..<places).reduce(1) { power, _ in power * 10 }
      let digits = random.within(0...100 * scale)
      let count = max(1, random.word())
      let share = try #require(Share(percent: Double(digits) / Double(scale)))
      let wanted = UInt128(digits) * UInt128(count - 1) / UInt128(100 * scale)
      try checkEqual(share.rank(of: count), UInt64(wanted), "\(digits)/\(scale) % of \(count)")
    }
  }
}
