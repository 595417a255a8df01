import Testing

@testable import Sketches

/// A copy of a sketch stays what it is, whatever is added to the other.
@Suite struct SketchCopyTests {
  private static func keys(_ random: inout SeededGenerator) -> [Int32] {
    let base = Int32(random.pick([40, 700, 700, 702, 720, 760, 900, 2_500, -700, -720, 0]))
    let width = random.pick([1, 4, 30])
    return (0..<random.within(1...60)).map { _ in base + Int32(random.below(width)) }
  }

  @Test func quantileColumns() {
    rounds(2) { random in
      var column = QuantileColumn()
      for _ in 0..<5 { column.appendRow() }
      try checkCopies(of: column, steps: 70, &random) { column, random in
        let (row, other) = (random.below(column.count), random.below(column.count))
        switch random.below(8) {
        case 0: column.appendRow()
        case 1: column.mergeRow(other, into: row)
        case 2:
          let copy = column
          column.merge(other, of: copy, into: row)
        default: column.add(Self.keys(&random).span, to: row)
        }
      }
    }
  }

  @Test func counterPools() {
    rounds(2) { random in
      // A pool with the windows of its counters, which belong to one state of it.
      struct Counters {
        var pool = CounterPool()
        var windows = [CounterPool.Window](repeating: CounterPool.Window(), count: 6)
      }
      try checkCopies(of: Counters(), steps: 70, &random) { counters, random in
        let place = random.below(counters.windows.count)
        let low = Int32(random.below(100))
        counters.pool.grow(&counters.windows[place], low, low + Int32(random.below(40)))
        let count = UInt32(random.pick([1, 100, 300, 70_000]))
        counters.pool.add(count, to: low, of: &counters.windows[place])
        let keys = [Int32](repeating: low, count: random.below(300))
        counters.pool.count(keys.span, of: &counters.windows[place])
      }
    }
  }

  @Test func quantileSketches() {
    rounds(2) { random in
      try checkCopies(of: QuantileSketch(), steps: 40, &random) { sketch, random in
        if random.oneIn(4) { return sketch.add(Double(random.within(-500...500)) / 8) }
        let keys = Set(Self.keys(&random)).sorted()
        sketch.add(keys: keys[...], counts: keys.map { _ in UInt64(random.within(1...9)) }[...])
        if random.oneIn(4) {
          let copy = sketch
          sketch.merge(copy)
          if random.oneIn(2) { sketch.subtract(copy) }
        }
      }
    }
  }

  @Test func distinctCounts() {
    rounds(2) { random in
      try checkCopies(of: HyperLogLog(), steps: 20, &random) { sketch, random in
        var other = HyperLogLog()
        for _ in 0..<random.pick([1, 40, 600]) { other.insert(hash: random.next()) }
        if random.oneIn(2) { sketch.insert(hash: random.next()) }
        sketch.merge(other)
      }
    }
  }

  @Test func mostFrequent() {
    rounds(2) { random in
      func key(_ random: inout SeededGenerator) -> [UInt8] { [UInt8(random.below(40)), 1] }
      try checkCopies(of: TopK(capacity: 16), steps: 60, &random) { sketch, random in
        for _ in 0..<random.below(8) { sketch.add(key(&random), count: UInt64(random.below(9))) }
        if random.oneIn(5) {
          var other = TopK(capacity: 16)
          for _ in 0..<random.below(20) { other.add(key(&random)) }
          sketch.merge(other)
        }
      }
    }
  }
}
