import Bytes
import Testing

@testable import Sketches

extension HyperLogLog {
  fileprivate init(_ hashes: some Sequence<UInt64>) {
    self.init()
    for hash in hashes { insert(hash: hash) }
  }
}

@Suite struct HyperLogLogTests {
  @Test func smallCountsAreExact() {
    rounds(50) { random in
      let ids = UInt64(1 + random.below(512))
      let hashes = (0..<1_000).map { _ in mix(random.next() % ids) }
      let sketch = HyperLogLog(hashes)
      try check(sketch.isExact, "\(ids) ids are counted exactly")
      try checkEqual(sketch.estimate(), UInt64(Set(hashes).count), "estimate")
    }
  }

  @Test func largeCountsAreWithinFiveErrors() {
    rounds(20) { random in
      let start = random.next()
      let count = 513 + UInt64(random.below(random.oneIn(4) ? 100_000 : 10_000))
      let sketch = HyperLogLog((0..<count).lazy.map { mix(start &+ $0) })
      let estimate = sketch.estimate()
      try check(!sketch.isExact, "\(count) are too many to keep")
      let off = abs(Double(estimate) - Double(count)) / Double(count)
      try check(off <= 5 * HyperLogLog.relativeError, "\(count) are estimated as \(estimate)")
    }
  }

  /// Over many sketches of the same count the errors have no bias and the stated spread.
  @Test func errorsSpreadAsStated() {
    rounds(1) { random in
      var (sum, squares) = (0.0, 0.0)
      let sketches = 100
      for _ in 0..<sketches {
        let start = random.next()
        let sketch = HyperLogLog((0..<6_000 as Range<UInt64>).lazy.map { mix(start &+ $0) })
        let error = Double(sketch.estimate()) / 6_000 - 1
        sum += error
        squares += error * error
      }
      let (mean, spread) = (sum / Double(sketches), (squares / Double(sketches)).squareRoot())
      try check(abs(mean) < 0.5 * HyperLogLog.relativeError, "mean error \(mean)")
      try check(spread < 1.4 * HyperLogLog.relativeError, "standard error \(spread)")
    }
  }

  @Test func stateIsThatOfTheSetOfHashes() {
    rounds(100) { random in
      let ids = UInt64([20, 500, 520, 600, 3_000][random.below(5)])
      let hashes = (0..<ids).map { mix($0) }
      let whole = HyperLogLog(hashes)
      // Split into overlapping parts, merged in a random tree.
      var parts = (0..<1 + random.below(6)).map { _ in HyperLogLog() }
      for hash in (hashes + hashes.prefix(50)).shuffled(using: &random) {
        parts[random.below(parts.count)].insert(hash: hash)
      }
      while parts.count > 1 {
        let other = parts.remove(at: random.below(parts.count))
        let target = random.below(parts.count)
        parts[target].merge(other)
      }
      try checkEqual(parts[0], whole, "\(ids) ids")
      try checkEqual(whole.isExact, ids <= 512, "exact up to the limit")
      parts[0].merge(whole)
      try checkEqual(parts[0], whole, "merged once more")
    }
  }

  @Test func extremeHashesAreCounted() {
    var sketch = HyperLogLog((0..<4096 as Range<UInt64>).map { $0 << 52 })
    // Every register is full: there is no estimate below the greatest.
    #expect(sketch.estimate() == .max)
    sketch.insert(hash: .max)
    #expect(sketch.estimate() == .max)
    let last = HyperLogLog((0..<513 as Range<UInt64>).map { .max - $0 })
    #expect(last.estimate() == 513)
  }

  @Test func readsWhatItWrites() {
    rounds(40) { random in
      let count = [0, 5, 512, 513, 5_000][random.below(5)]
      let start = random.next()
      let sketch = HyperLogLog((0..<UInt64(count)).lazy.map { mix(start &+ $0) })
      try sketch.checkEncoding(&random)
    }
    rounds(3_000) { random in try HyperLogLog.checkGarbage(&random) }
    rounds(300) { random in
      let head: [UInt8] = [0x81, 4, UInt8(random.below(70)), UInt8(random.below(9))]
      let body = (0..<3_072).map { _ in UInt8(random.below(256)) }
      let size = (Int(head[3]) * 512).clamped(to: 0...3_072)
      try HyperLogLog.checkReading(head + body.prefix(size))
    }
  }

  @Test func refusesWhatItNeverWrites() {
    let refused: [[UInt8]] = [
      [],
      [2] + Array(repeating: 0, count: 16),  // the same hash twice
      [0x82, 4],  // neither hashes nor registers
      [0x81, 4, 0, 0],  // registers of no hash
      [0x81, 4, 54, 0],  // a register that is too great
      [0x81, 4, 0, 7] + Array(repeating: 1, count: 3_584),  // too many bits
      [0x81, 4, 1, 1] + Array(repeating: 0xFF, count: 512),  // not the least
    ]
    for bytes in refused {
      #expect(throws: MalformedBytes.self) { try HyperLogLog(decoding: bytes) }
    }
    #expect(throws: Never.self) { try HyperLogLog(decoding: [0x81, 4, 53, 0]) }
  }

  @Test func bytesAreTheKnownOnes() {
    #expect(
      HyperLogLog([mix(3), mix(1), mix(2), mix(1)]).encoded.hex
        == "03f02814e3ed5e531ee5050b101d1692568a142b3a9738d2db")
    let dense = HyperLogLog((1...600 as ClosedRange<UInt64>).map { mix($0) }).encoded
    #expect(dense.count == 2_052)
    #expect(Array(dense.prefix(24)).hex == "810400040000000300100000063000000000000000000000")
    #expect(dense.reduce(0) { mix($0 ^ UInt64($1)) } == 13_489_804_510_146_545_120)
  }
}

extension Int {
  fileprivate func clamped(to range: ClosedRange<Int>) -> Int {
    Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
  }
}
