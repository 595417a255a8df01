import Model
import Testing

@testable import Projections

@Suite struct PackedSamplesTests {
  private static func value(_ random: inout SeededGenerator) -> KeptNumber {
    switch random.below(10) {
    case 0: KeptNumber(mantissa: random.pick([.max, .min, 0, 1, -1]), scale: 0)
    case 1: KeptNumber(Number(random.pick([1e300, 1e-30, 0.1, -2.5, 1e19])) ?? .zero)
    default: KeptNumber(mantissa: Int64(random.within(-5_000...5_000)), scale: random.below(4))
    }
  }

  private static func samples(_ random: inout SeededGenerator) -> [Sample] {
    var timeNs = random.oneIn(8) ? Int64.min : Int64(random.below(1_000_000))
    let isSimple = random.oneIn(2)
    return (0..<random.within(1...40)).map { _ in
      timeNs =
        timeNs.addingReportingOverflow(Int64(random.below(3) * random.below(1 << 40))).partialValue
      let value =
        isSimple ? KeptNumber(mantissa: Int64(random.below(9_000)), scale: 2) : value(&random)
      return Sample(timeNs: timeNs, value: value)
    }
  }

  /// As a page has them: the least scale that does for all values, and differences.
  private static func encoded(_ samples: [Sample]) -> [UInt8] {
    let decimals = samples.map(\.value.decimals)
    var scale = decimals.contains(nil) ? nil : decimals.compactMap { $0 }.max()
    if let known = scale, samples.contains(where: { $0.value.mantissa(scale: known) == nil }) {
      scale = nil
    }
    var bytes: [UInt8] = []
    bytes.append(varint: UInt64(samples.count))
    bytes.append(scale.map { UInt8($0 + 1) } ?? 0)
    for (index, sample) in samples.enumerated() {
      if index == 0 {
        bytes.append(signedVarint: sample.timeNs)
      } else {
        bytes.append(varint: UInt64(bitPattern: sample.timeNs &- samples[index - 1].timeNs))
      }
      if let scale, let mantissa = sample.value.mantissa(scale: scale) {
        let before = index == 0 ? 0 : samples[index - 1].value.mantissa(scale: scale) ?? 0
        bytes.append(signedVarint: mantissa &- before)
      } else {
        sample.value.encode(into: &bytes)
      }
    }
    return bytes
  }

  @Test func theyAreWhatWasPackedAndHaveTheBytesOfAPage() {
    rounds(2_000) { random in
      let samples = Self.samples(&random)
      let packed = PackedSamples(samples)
      try checkEqual(packed.samples, samples, "packed")
      try checkEqual(packed.last, samples.last, "the last")
      var bytes: [UInt8] = []
      packed.encode(into: &bytes)
      try checkEqual(bytes, Self.encoded(samples), "\(samples)")
      var reader = ByteReader(bytes.rawSpan)
      var read = try PackedSamples(&reader)
      try check(reader.isAtEnd && read == packed, "read back")
      // What was read goes on as what was packed.
      let next = Sample(timeNs: samples[samples.count - 1].timeNs, value: Self.value(&random))
      read.append(next)
      try checkEqual(read.samples, samples + [next], "one more")
      try checkEqual(read, PackedSamples(samples + [next]), "one more, packed")
    }
  }

  @Test func theyTakeFewBytes() {
    let samples = (0..<1_000).map {
      Sample(
        timeNs: Int64($0) * 30_000_000_000, value: KeptNumber(mantissa: Int64($0 * 7), scale: 1))
    }
    #expect(PackedSamples(samples).byteCount <= 2 * 6 * samples.count)
  }

  @Test func damageIsFound() {
    rounds(500) { random in
      var bytes: [UInt8] = []
      PackedSamples(Self.samples(&random)).encode(into: &bytes)
      let cut = Array(bytes[..<random.below(bytes.count)])
      var reader = ByteReader(cut.rawSpan)
      #expect(throws: MalformedBytes.self) { try PackedSamples(&reader) }
    }
  }
}
