import Testing

@testable import EventLog

@Suite struct DecimalTests {
  private func check(_ mantissa: Int64, _ scale: Int) throws {
    let digits = String(mantissa.magnitude)
    let text = (mantissa < 0 ? "-" : "") + digits + "e-" + String(scale)
    let got = Decimal.double(mantissa: mantissa, scale: scale)
    let wanted = mantissa == 0 ? 0 : Double(text)!
    if got.bitPattern != wanted.bitPattern {
      throw Mismatch(description: "\(text): got \(got), wanted \(wanted)")
    }
  }

  @Test func randomDecimalsAreTheNearestDoubles() {
    rounds(100) { random in
      for _ in 0..<2_000 {
        let magnitude = Int64(bitPattern: random.word() & 0x7FFF_FFFF_FFFF_FFFF)
        try check(random.oneIn(2) ? -magnitude : magnitude, random.within(0...18))
      }
    }
  }

  @Test func longMantissas() {
    rounds(50) { random in
      for _ in 0..<1_000 {
        let digits = random.pick([16, 17, 18] as [Int])
        let low = (1..<digits).reduce(Int64(1)) { value, _ in value * 10 }
        try check(Int64.random(in: low..<low * 10, using: &random), random.within(0...18))
      }
    }
  }

  /// Mantissas that lie half way between two doubles, and just beside it.
  @Test func tiesGoToEven() {
    rounds(50) { random in
      for _ in 0..<200 {
        let shift = random.within(1...9)
        let upper = Int64(bitPattern: random.next() >> 11 | 1 << 52)
        let tie = upper << Int64(shift) + 1 << Int64(shift - 1)
        for beside in -1...1 as ClosedRange<Int64> {
          try check(tie + beside, 0)
          // Divided by a power of two that a power of ten can make: times 5^scale, over 10^scale.
          let scale = random.within(1...4)
          let fives = (0..<scale).reduce(Int64(1)) { value, _ in value * 5 }
          let (scaled, overflow) = (tie + beside).multipliedReportingOverflow(by: fives)
          if !overflow { try check(scaled, scale) }
        }
      }
    }
  }

  @Test(arguments: [.max, .min + 1, 1 << 53, (1 << 53) + 1, (1 << 53) - 1, 0, 1, -1] as [Int64])
  func edges(mantissa: Int64) throws {
    for scale in 0...18 { try check(mantissa, scale) }
  }
}
