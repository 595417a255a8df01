import Bytes
import Testing

@testable import Sketches

/// Values of either sign, of many or few magnitudes, with repeats and zeros.
private func randomValues(_ random: inout SeededGenerator, upTo limit: Int) -> [Double] {
  let isWide = random.oneIn(2)
  return (0..<random.below(limit + 1)).map { _ in
    if random.oneIn(10) { return 0 }
    if isWide {
      let value = Double(bitPattern: random.next())
      return value.isNormal ? value : 1
    }
    return Double(random.below(2_000) - 500) / 16
  }
}

extension QuantileSketch {
  fileprivate init(_ values: some Sequence<Double>) {
    self.init()
    for value in values { add(value) }
  }

  fileprivate func checkInvariants() throws {
    try check(zip(keys, keys.dropFirst()).allSatisfy { $0 < $1 }, "keys ascend")
    try check(counts.allSatisfy { $0 > 0 }, "no empty bucket")
    try checkEqual(counts.count, keys.count, "counts")
    try checkEqual(counts.reduce(0, +), count, "total")
  }
}

@Suite struct QuantileSketchTests {
  @Test func quantilesAreWithinOnePercent() {
    rounds(300) { random in
      let values = randomValues(&random, upTo: 500)
      let sketch = QuantileSketch(values)
      try sketch.checkInvariants()
      let sorted = values.sorted()
      for q in [0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.99, 1, Double.random(in: 0...1, using: &random)] {
        let share = try #require(Share(q))
        guard let got = sketch.quantile(share) else {
          try check(values.isEmpty, "no quantile of \(values.count) values")
          continue
        }
        let exact = sorted[Int(share.rank(of: UInt64(values.count)))]
        try check(
          abs(got / 2 - exact / 2) <= LogBuckets.relativeError * abs(exact / 2),
          "quantile \(q): got \(got), wanted \(exact)")
      }
    }
  }

  @Test func noQuantileOutsideOfTheRange() throws {
    for q in [-0.001, 1.001, .nan, .infinity, -.infinity] { #expect(Share(q) == nil) }
    let half = try #require(Share(0.5))
    #expect(QuantileSketch().quantile(half) == nil)
  }

  @Test func mergingIsCommutativeAndAssociative() {
    rounds(300) { random in
      let parts = (0..<3).map { _ in randomValues(&random, upTo: random.oneIn(3) ? 5 : 200) }
      let sketches = parts.map { QuantileSketch($0) }
      let whole = QuantileSketch(parts.joined().shuffled(using: &random))
      var left = sketches[0]
      left.merge(sketches[1])
      var swapped = sketches[1]
      swapped.merge(sketches[0])
      try checkEqual(left, swapped, "swapped")
      left.merge(sketches[2])
      var right = sketches[1]
      right.merge(sketches[2])
      var outer = sketches[0]
      outer.merge(right)
      try left.checkInvariants()
      try checkEqual(left, outer, "other grouping")
      try checkEqual(left, whole, "all at once")
      left.merge(left)
      try checkEqual(left.count, 2 * whole.count, "with itself")
    }
  }

  @Test func subtractingUndoesMerging() {
    rounds(300) { random in
      let one = QuantileSketch(randomValues(&random, upTo: 100))
      let other = QuantileSketch(randomValues(&random, upTo: 100))
      var both = one
      both.merge(other)
      both.subtract(other)
      try both.checkInvariants()
      try checkEqual(both, one, "the other taken out")
      both.subtract(one)
      try checkEqual(both, QuantileSketch(), "all taken out")
    }
  }

  @Test func slicesCanBeAdded() {
    var sketch = QuantileSketch([1])
    let keys: [Int32] = [-1, 40_000, 40_035, 99]
    let counts: [UInt64] = [9, 2, 5, 9]
    sketch.add(keys: keys[1..<3], counts: counts[1..<3])
    #expect(sketch.keys == [40_000, 40_035])
    #expect(sketch.counts == [3, 5])
    #expect(sketch.count == 8)
  }

  @Test func aThousandfoldSpanHasAtMost349Buckets() {
    #expect(LogBuckets.key(1_000) - LogBuckets.key(1) + 1 <= 349)
  }

  @Test func readsWhatItWrites() {
    rounds(100) { random in
      try QuantileSketch(randomValues(&random, upTo: 300)).checkEncoding(&random)
    }
    rounds(3_000) { random in try QuantileSketch.checkGarbage(&random) }
  }

  @Test func refusesWhatItNeverWrites() {
    let refused: [[UInt8]] = [
      [],
      [1, 0, 0],  // a count of 0
      [2, 0, 0, 1, 1],  // the same key twice
      [1, 2, 1],  // a key of no value
      [0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1],  // more buckets than bytes
      // A total above 64 bits.
      [2, 0, 0x86, 0x21] + Array(repeating: 0xFF, count: 9) + [1, 1],
    ]
    for bytes in refused {
      #expect(throws: MalformedBytes.self) { try QuantileSketch(decoding: bytes) }
    }
    #expect(throws: Never.self) { try QuantileSketch(decoding: [2, 0, 0x86, 0x21, 1, 1]) }
  }

  @Test func bytesAreTheKnownOnes() {
    #expect(
      QuantileSketch([-2.5, 0, 0, 1, 1.5, 1_000, 1_000]).encoded.hex
        == "05dbf104eeb802c0b80214c8020102010102")
    #expect(QuantileSketch().encoded == [0])
  }
}
