import Bytes
import Foundation
import TestSupport
import Testing

@testable import Model

@Suite struct ExactSumTests {
  /// A number as a document has it.
  private enum Written: CustomStringConvertible {
    case decimal(Int64, scale: Int)
    case real(Double)

    var exact: ExactNumber {
      switch self {
      case .decimal(let mantissa, let scale):
        let digits = String(mantissa.magnitude)
        let zeros = String(repeating: "0", count: max(0, scale + 1 - digits.count))
        let text = zeros + digits
        let point = text.index(text.endIndex, offsetBy: -scale)
        let number = (mantissa < 0 ? "-" : "") + text[..<point] + "." + text[point...] + "0"
        return ExactNumber(mantissa: mantissa, scale: scale, nearest: Double(number) ?? .nan)
      case .real(let value): return ExactNumber(value)
      }
    }

    var description: String {
      switch self {
      case .decimal(let mantissa, let scale): "\(mantissa)/\(scale)"
      case .real(let value):
        String(repeating: "0", count: value.bitPattern.leadingZeroBitCount / 4)
          + (value.bitPattern == 0 ? "" : String(value.bitPattern, radix: 16))
      }
    }
  }

  private static func number(_ random: inout SeededGenerator) -> Written {
    let sign: Int64 = random.oneIn(2) ? -1 : 1
    switch random.below(12) {
    case 0: return .decimal(random.pick([.min, .max, 0, 1, -1]), scale: random.below(19))
    case 1:
      return .real(
        random.pick([
          1.7e308, -1.7e308, .greatestFiniteMagnitude, .leastNonzeroMagnitude, -0.0, 0x1p64,
          0x1p63, 1e-9, 1e-10, 1e15, 1e16, 0.1, 1e22,
        ]))
    case 2:
      let value = Double(bitPattern: random.next())
      return .real(value.isFinite ? value : 0.3)
    case 3: return .real(Double(random.within(-1_000...1_000)) / 1024)
    case 4: return .decimal(1_700_000_000_000 + Int64(random.below(7)), scale: 0)
    case 5: return .decimal(4_000_000_000_000_000 + Int64(random.below(7)), scale: 0)
    case 6: return .real(Double(random.below(100_000)) / 1e3)
    default:
      return .decimal(
        sign * Int64(truncatingIfNeeded: random.word() >> 1), scale: random.below(19))
    }
  }

  /// Some numbers, often of one kind, or such that cancel.
  private static func sample(_ random: inout SeededGenerator) -> [Written] {
    let count = random.within(1...random.pick([2, 5, 40]))
    switch random.below(5) {
    case 0:
      let same = number(&random)
      return Array(repeating: same, count: count)
    case 1:
      let base = number(&random)
      return (0..<count).map { index in
        guard case .decimal(let mantissa, let scale) = base else { return base }
        return .decimal(
          (index & 1 == 0 ? mantissa : 0 &- mantissa) &+ Int64(random.below(3)), scale: scale)
      }
    case 2:
      let scale = random.below(10)
      return (0..<count).map { _ in .decimal(Int64(random.within(-9_999...9_999)), scale: scale) }
    default: return (0..<count).map { _ in number(&random) }
    }
  }

  /// Sum and sum of squares, added up in a random order and merged in another one.
  private static func sums(
    _ sample: [Written], _ random: inout SeededGenerator
  ) -> (sum: ExactSum, squares: ExactSum) {
    var parts = sample.shuffled(using: &random).map { number in
      var (sum, squares) = (ExactSum(), ExactSum())
      sum.add(number.exact)
      squares.addSquare(number.exact)
      return (sum: sum, squares: squares)
    }
    while parts.count > 1 {
      let part = parts.remove(at: random.below(parts.count))
      let target = random.below(parts.count)
      parts[target].sum.add(part.sum)
      parts[target].squares.add(part.squares)
    }
    return parts[0]
  }

  @Test func roundedOnceFromTheExactOnes() throws {
    var isCompared = true
    rounds(4) { random in
      let samples = (0..<500).map { _ in Self.sample(&random) }
      let lines = samples.map { $0.map(\.description).joined(separator: " ") + "\n" }
      guard let text = try Python.run("exact.py", lines.joined()) else {
        isCompared = false
        return
      }
      let answers = text.split(separator: "\n")
      try checkEqual(answers.count, samples.count, "answers of exact.py")
      for (sample, answer) in zip(samples, answers) {
        let (sum, squares) = Self.sums(sample, &random)
        let count = UInt64(sample.count)
        var got = [sum.double, sum.double(dividedBy: UInt128(count))]
        if count > 1 {
          got.append(ExactSum.variance(count: count, sum: sum, squares: squares))
          got.append(ExactSum.standardDeviation(count: count, sum: sum, squares: squares))
        }
        // There is one zero.
        let bits = got.map { ($0 + 0).bitPattern }
        let wanted = answer.split(separator: " ").compactMap { UInt64($0, radix: 16) }
        try checkEqual(bits, wanted, "\(sample): \(got)")
      }
    }
    if !isCompared { print("python3 is missing: exact sums are not compared") }
  }

  /// What takes no wide arithmetic is rounded as what takes it.
  @Test func narrowRatiosAreExactOnes() throws {
    var narrow = 0
    rounds(2_000) { random in
      let bits = UInt128(random.next()) << 64 | UInt128(random.next())
      let ten = (0..<random.below(10)).reduce(UInt128(1)) { power, _ in power * 10 }
      let numerator = (bits >> UInt128(random.below(128))) / ten * ten
      let count = max(2, random.next() >> UInt64(32 + random.below(32)))
      let pairs = count * (count - 1)
      let one = BigInteger(ExactNumber.unitsOfOne)
      let exact = ExactRatio(
        numerator: BigInteger(numerator), denominator: one * one * BigInteger(pairs))
      guard let ratio = NarrowRatio(numerator, overBillionSquaredTimes: pairs) else { return }
      narrow += 1
      try checkEqual(ratio.double.bitPattern, exact.double.bitPattern, "\(numerator), \(count)")
      try checkEqual(
        ratio.squareRoot.bitPattern, exact.squareRoot.bitPattern,
        "root of \(numerator), \(count)")
    }
    #expect(narrow > 500)
  }

  @Test func anyOrderGivesTheSameBytes() {
    rounds(300) { random in
      let sample = Self.sample(&random)
      var bytes: [[UInt8]] = []
      for _ in 0..<3 {
        let (sum, squares) = Self.sums(sample, &random)
        var encoded: [UInt8] = []
        sum.encode(into: &encoded)
        squares.encode(into: &encoded)
        bytes.append(encoded)
      }
      try checkEqual(bytes[1], bytes[0], "\(sample)")
      try checkEqual(bytes[2], bytes[0], "\(sample)")
      let first = bytes[0]
      var reader = ByteReader(first.rawSpan)
      let sum = try ExactSum(&reader)
      let squares = try ExactSum(&reader)
      let isAtEnd = reader.isAtEnd
      try check(isAtEnd, "bytes are left")
      let (wantedSum, wantedSquares) = Self.sums(sample, &random)
      try check(sum == wantedSum && squares == wantedSquares, "read back: \(sample)")
    }
  }

  @Test func damagedBytesAreNoSum() {
    rounds(200) { random in
      var bytes: [UInt8] = []
      Self.sums(Self.sample(&random), &random).sum.encode(into: &bytes)
      bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
      if random.oneIn(3) { bytes.removeLast(random.within(1...bytes.count)) }
      var reader = ByteReader(bytes.rawSpan)
      // Whatever is read can be asked.
      if let sum = try? ExactSum(&reader) { _ = sum.double }
    }
  }

  /// How a number is written does not matter.
  @Test func spellingsOfOneNumber() {
    for (mantissa, scale, real): (Int64, Int, Double) in [
      (15, 1, 1.5), (150, 2, 1.5), (1, 1, 1e-1), (100, 0, 1e2), (1, 9, 1e-9), (1, 10, 1e-10),
      (-25, 3, -0.025), (123_456_789_012_345, 6, 123_456_789.012345), (10, 10, 1e-9),
      (1_000_000_000_000_000_000, 0, 1e18), (30_000_000_000_000_000, 17, 0.3),
    ] {
      let decimal = ExactNumber(mantissa: mantissa, scale: scale, nearest: real)
      #expect(decimal == ExactNumber(real), "\(mantissa)/10^\(scale)")
    }
    #expect(ExactNumber(-0.0) == ExactNumber(0 as Int64))
    #expect(ExactNumber(UInt64.max) == .decimal(Int128(UInt64.max) * 1_000_000_000))
    #expect(ExactNumber(0x1p64) == .binary(0x1p64))
    #expect(ExactNumber(0.1 + 0.2) == .binary(0.1 + 0.2))
  }

  @Test func integersOf64BitsStayExact() throws {
    var sum = ExactSum()
    for value in [9_007_199_254_740_993, 1, 9_007_199_254_740_993] as [Int64] {
      sum.add(ExactNumber(value))
    }
    #expect(sum.number() == Number(18_014_398_509_481_987 as Int64))
    sum.add(ExactNumber(UInt64(Int64.max)))
    #expect(sum.number() == Number(UInt64(Int64.max) + 18_014_398_509_481_987))
    sum.add(ExactNumber(UInt64.max))
    #expect(sum.number() == Number(sum.double))
    var huge = ExactSum()
    huge.add(ExactNumber(1.7e308))
    huge.add(ExactNumber(1.7e308))
    #expect(huge.number() == Number(.infinity))
    #expect(huge.double(dividedBy: 2) == 1.7e308)
    huge.subtract(ExactNumber(1.7e308))
    #expect(huge.number() == Number(1.7e308))
  }

  /// An average is between the extremes, also where doubles are further apart than integers.
  @Test func averagesAreBetweenTheExtremes() {
    rounds(500) { random in
      let base = Int64(truncatingIfNeeded: random.word() >> 1)
      let values = (0..<random.within(1...7)).map { _ in
        base &+ Int64(random.below(random.pick([1, 2, 9])))
      }
      var sum = ExactSum()
      for value in values { sum.add(ExactNumber(value)) }
      let mean = sum.number(dividedBy: UInt128(values.count))
      let (low, high) = (Number(values.min() ?? 0), Number(values.max() ?? 0))
      try check(low <= mean && mean <= high, "\(values): \(mean)")
      if low == high { try checkEqual(mean, low, "\(values)") }
    }
  }

  @Test func areasAreProducts() {
    rounds(300) { random in
      let number = Self.number(&random).exact
      let factor = Int64(truncatingIfNeeded: random.word() >> 1)
      var (area, wanted) = (ExactSum(), ExactSum())
      area.add(number, times: factor)
      // Once for each bit of the factor.
      var part = ExactSum()
      part.add(number)
      for bit in 0..<63 {
        if factor >> Int64(bit) & 1 == 1 { wanted.add(part) }
        let half = part
        part.add(half)
      }
      try check(area == wanted, "\(number) * \(factor)")
    }
  }
}
