import Bytes
import TestSupport
import Testing

@testable import Model

@Suite struct KeptNumberTests {
  private static func bytes(_ number: KeptNumber) -> [UInt8] {
    var bytes: [UInt8] = []
    number.encode(into: &bytes)
    return bytes
  }

  private static func exact(_ random: inout SeededGenerator) -> ExactNumber {
    switch random.below(4) {
    case 0: return ExactNumber(Int64(bitPattern: random.word()))
    case 1: return ExactNumber(random.word())
    case 2:
      let value = Double(bitPattern: random.next())
      return ExactNumber(value.isFinite ? value : -1e19)
    default:
      let mantissa = Int64(bitPattern: random.word())
      return ExactNumber(mantissa: mantissa, scale: random.within(0...9), nearest: 0)
    }
  }

  @Test func keepsAllThatSumsTake() {
    rounds(10_000) { random in
      let exact = Self.exact(&random)
      let kept = KeptNumber(exact)
      try checkEqual(kept.exact, exact, "\(exact)")
      var sum = ExactSum()
      sum.add(exact)
      if kept.number.isBeyondDoubles {
        try checkEqual(kept.number, sum.number(), "the integer \(exact)")
      } else {
        try checkEqual(kept.number, Number(sum.double), "the double nearest to \(exact)")
      }
      let bytes = Self.bytes(kept)
      var reader = ByteReader(bytes.rawSpan)
      try checkEqual(try KeptNumber(&reader), kept, "read back: \(exact)")
    }
  }

  @Test func orderIsThatOfTheValues() {
    rounds(10_000) { random in
      let left = Self.exact(&random)
      // Neighbours in the last decimal have one double.
      let right: ExactNumber =
        if random.oneIn(2), case .decimal(let units) = left {
          .decimal(units / 10 * 10 + Int128(random.below(10)))
        } else {
          Self.exact(&random)
        }
      if case .decimal(let units) = right, units.magnitude > 1 << 62 { return }
      var difference = ExactSum()
      difference.add(left)
      difference.subtract(right)
      try checkEqual(
        KeptNumber(left) < KeptNumber(right), difference.double < 0, "\(left) < \(right)")
    }
  }

  @Test func eachNumberHasOneForm() {
    #expect(KeptNumber(mantissa: 1500, scale: 3) == KeptNumber(ExactNumber(1.5)))
    #expect(KeptNumber(mantissa: 0, scale: 9) == .zero)
    #expect(KeptNumber(mantissa: 20, scale: 1).int64 == 2)
    #expect(KeptNumber(mantissa: 21, scale: 1).mantissa(scale: 3) == 2100)
    #expect(KeptNumber(mantissa: .max, scale: 1).mantissa(scale: 2) == nil)
    #expect(KeptNumber(ExactNumber(UInt64.max)).mantissa(scale: 0) == nil)
  }

  @Test func whatIsNeverWrittenIsRefused() {
    var oneAsReal: [UInt8] = [11]
    oneAsReal.append(littleEndian: (1.0).bitPattern)
    var notANumber: [UInt8] = [11]
    notANumber.append(littleEndian: Double.nan.bitPattern)
    // A decimal with a zero at its end, an unsigned that is not above Int64.max, and no form.
    let tenTenths: [UInt8] = [1, 20]
    for bytes in [oneAsReal, notANumber, tenTenths, [10, 1], [12, 0]] {
      #expect(throws: MalformedBytes.self) {
        var reader = ByteReader(bytes.rawSpan)
        _ = try KeptNumber(&reader)
      }
    }
  }
}
