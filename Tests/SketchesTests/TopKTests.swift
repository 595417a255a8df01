import Bytes
import Testing

@testable import Sketches

/// Keys of which low numbers are much more frequent.
private func randomKey(_ random: inout SeededGenerator, of ids: Int) -> [UInt8] {
  let id = random.below(1 + random.below(1 + random.below(ids)))
  return Array("key \(id)".utf8)
}

private typealias Exact = [[UInt8]: UInt64]

extension TopK {
  /// Whether every bound that the sketch states holds for the exact counts.
  fileprivate func checkBounds(_ exact: [[UInt8]: UInt64]) throws {
    let total = exact.values.reduce(0, +)
    let listed = top(.max)
    try checkEqual(listed.count, count, "all are listed")
    for (key, count, error) in listed {
      let wanted = exact[key] ?? 0
      try check(wanted <= count && wanted >= count - error, "\(key): not \(wanted)")
      try check(error <= total / UInt64(capacity), "error \(error) of total \(total)")
    }
    let keys = Set(listed.map { $0.key })
    for (key, count) in exact where !keys.contains(key) {
      try check(count <= unlistedBound, "\(key) of \(count) is not listed")
    }
    try check(count < capacity || unlistedBound <= total / UInt64(capacity), "unlisted bound")
    let order = zip(listed, listed.dropFirst()).allSatisfy { one, next in
      one.count != next.count
        ? one.count > next.count : one.key.lexicographicallyPrecedes(next.key)
    }
    try check(order, "order of the list")
    if exact.count <= capacity {
      try checkEqual(Dictionary(uniqueKeysWithValues: listed.map { ($0.key, $0.count) }), exact, "")
    }
  }
}

@Suite struct TopKTests {
  private func fill(
    _ sketch: inout TopK, _ exact: inout Exact, ids: Int, _ random: inout SeededGenerator
  ) {
    for _ in 0..<random.below(1_500) {
      let key = randomKey(&random, of: ids)
      let count = random.oneIn(4) ? UInt64(random.below(20)) : 1
      sketch.add(key, count: count)
      if count > 0 { exact[key, default: 0] += count }
    }
  }

  @Test func boundsHold() {
    rounds(100) { random in
      var sketch = TopK(capacity: 1 + random.below(60))
      var exact: Exact = [:]
      fill(&sketch, &exact, ids: 1 + random.below(300), &random)
      try sketch.checkBounds(exact)
    }
  }

  @Test func boundsHoldAfterMerging() {
    rounds(100) { random in
      let capacity = 1 + random.below(60)
      let ids = 1 + random.below(300)
      var exact: Exact = [:]
      var parts = (0..<1 + random.below(5)).map { _ in TopK(capacity: capacity) }
      for index in parts.indices { fill(&parts[index], &exact, ids: ids, &random) }
      while parts.count > 1 {
        let other = parts.remove(at: random.below(parts.count))
        let target = random.below(parts.count)
        var swapped = other
        swapped.merge(parts[target])
        parts[target].merge(other)
        try checkEqual(parts[target], swapped, "swapped")
      }
      try parts[0].checkBounds(exact)
      fill(&parts[0], &exact, ids: ids, &random)
      try parts[0].checkBounds(exact)
    }
  }

  /// The plain definition, with a scan for the counter to give up.
  @Test func evictsAsDocumented() {
    rounds(60) { random in
      let capacity = 1 + random.below(20)
      var sketch = TopK(capacity: capacity)
      var model: [TopK.Counter] = []
      for _ in 0..<400 {
        let key = randomKey(&random, of: 60)
        sketch.add(key)
        if let index = model.firstIndex(where: { $0.key == key }) {
          model[index].count += 1
        } else if model.count < capacity {
          model.append(.init(key: key, count: 1, error: 0))
        } else {
          let least = model.map(\.count).min()!
          let candidates = model.indices.filter { model[$0].count == least }
          let index = candidates.max { model[$0].key.lexicographicallyPrecedes(model[$1].key) }!
          model[index] = .init(key: key, count: least + 1, error: least)
        }
        if random.oneIn(50) { sketch = try TopK(decoding: sketch.encoded) }
      }
      let byKey = { (one: TopK.Counter, other: TopK.Counter) in
        one.key.lexicographicallyPrecedes(other.key)
      }
      try checkEqual(sketch.counters.sorted(by: byKey), model.sorted(by: byKey), "counters")
    }
  }

  @Test func equalityIgnoresTheOrderOfArrival() {
    var one = TopK(capacity: 4)
    var other = TopK(capacity: 4)
    for key in ["a", "b", "c"] { one.add(Array(key.utf8), count: 2) }
    for key in ["c", "a", "b", "b", "a", "c"] { other.add(Array(key.utf8)) }
    #expect(one == other)
    #expect(one.encoded == other.encoded)
    other.add([])
    #expect(one != other)
    #expect(TopK(capacity: 3) != TopK(capacity: 4))
  }

  @Test func topIsOrderedByCountThenKey() {
    var sketch = TopK(capacity: 8)
    for (key, count) in [("b", 3), ("a", 3), ("z", 9), ("c", 1)] as [(String, UInt64)] {
      sketch.add(Array(key.utf8), count: count)
    }
    #expect(sketch.top(3).map { String(decoding: $0.key, as: UTF8.self) } == ["z", "a", "b"])
    #expect(sketch.top(0).isEmpty && sketch.top(-1).isEmpty)
    #expect(sketch.unlistedBound == 0)
  }

  @Test func readsWhatItWrites() {
    rounds(100) { random in
      var sketch = TopK(capacity: 1 + random.below(60))
      var exact: Exact = [:]
      fill(&sketch, &exact, ids: 1 + random.below(300), &random)
      try sketch.checkEncoding(&random)
    }
    rounds(3_000) { random in try TopK.checkGarbage(&random) }
  }

  @Test func refusesWhatItNeverWrites() {
    let refused: [[UInt8]] = [
      [],
      [0, 0],  // no capacity
      [0x81, 0x80, 0x40, 0],  // a capacity that is too great
      [1, 2, 1, 97, 1, 0, 1, 98, 1, 0],  // more keys than the capacity
      [9, 2, 1, 97, 1, 0, 1, 97, 1, 0],  // the same key twice
      [9, 1, 1, 97, 0, 0],  // a count of 0
      [1, 1, 1, 97, 1, 1],  // all of the count an error
      [2, 1, 1, 97, 2, 1],  // an error before any key was given up
    ]
    for bytes in refused {
      #expect(throws: MalformedBytes.self) { try TopK(decoding: bytes) }
    }
    #expect(throws: Never.self) { try TopK(decoding: [1, 1, 1, 97, 2, 1]) }
  }

  @Test func bytesAreTheKnownOnes() {
    var sketch = TopK(capacity: 2)
    for key in ["b", "a", "b", "cc"] { sketch.add(Array(key.utf8)) }
    #expect(sketch.encoded == [2, 2, 1, 98, 2, 0, 2, 99, 99, 2, 1])
  }
}
