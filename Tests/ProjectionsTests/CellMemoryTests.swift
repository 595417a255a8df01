import Testing

@testable import EventLog
@testable import Projections
@testable import Store

/// What cells take in memory, as their columns say.
@Suite struct CellMemoryTests {
  private static func caches(_ store: Store) throws -> [CellCache] {
    let stream = try #require(try store.log.stream(named: "s"))
    return store.projections.cells(ofStream: stream.definition.id).caches
  }

  /// A cell of a count, an average, a maximum and a percentile of sixty facts takes some 350 bytes, and nothing when it was
  /// dropped.
  @Test func aCellTakesFewBytes() throws {
    let workspace = TemporaryDirectory()
    let store = try Store(directory: workspace.path)
    defer { store.close() }
    _ = try store.append([#"{"ts":1717200000,"d":"0","v":1.5}"#], to: "s")
    try store.projections.define(
      KpiDefinition(
        name: "k", stream: "s", select: "count(*), avg(v), max(v), p95(v)", groupBy: "d",
        every: "1h"),
      actor: "test")
    var random = SeededGenerator(seed: 1)
    for minute in stride(from: 0, to: 60, by: 5) {
      let events = (0..<5 * 400).map { number in
        let time = 1_717_200_000 + 60 * (minute + number / 400)
        let value = Double(2_000 + random.below(400)) / 100
        return #"{"ts":\#(time),"d":"device-\#(number % 400)","v":\#(value)}"#
      }
      _ = try store.append(events, to: "s")
    }
    let cache = try #require(try Self.caches(store).first)
    store.projections.follow(kpi: cache.kpi.definition.id)
    let cellBytes = cache.byteCount / cache.hot.count
    #expect((200..<450).contains(cellBytes), "\(cellBytes) bytes a cell")
    #expect(cache.pendingBytes > cache.byteCount / 2 && cache.pendingBytes <= cache.byteCount)
    try store.projections.writeCells()
    #expect(cache.pendingBytes == 0 && cache.byteCount > 0)
    cache.evict(to: 0)
    #expect(cache.hot.count == 0 && cache.byteCount < 4_096)
    try KpiTests.verify(store, "after all were dropped")
  }

  /// A bucket of one group takes as much whatever groups other buckets have.
  @Test func bucketsOfFewGroupsTakeLittle() throws {
    let workspace = TemporaryDirectory()
    let store = try Store(directory: workspace.path)
    defer { store.close() }
    _ = try store.append([#"{"ts":1717200000,"d":"first"}"#], to: "s")
    try store.projections.define(
      KpiDefinition(name: "k", stream: "s", select: "count(*)", groupBy: "d", every: "1s"),
      actor: "test")
    let events = (1..<5_000).map { #"{"ts":\#(1_717_200_000 + $0),"d":"device-\#($0)"}"# }
    _ = try store.append(events, to: "s")
    let cache = try #require(try Self.caches(store).first)
    store.projections.follow(kpi: cache.kpi.definition.id)
    let cellBytes = cache.byteCount / cache.hot.count
    #expect(cellBytes < 2_000, "\(cellBytes) bytes a cell")
    try KpiTests.verify(store, "buckets of one group")
  }

  /// Samples of counters take some ten bytes each: those of an hour of many devices fit a small budget, and a smaller one is
  /// kept by writing cells.
  @Test func samplesOfCountersKeepToTheBudget() throws {
    for (limitBytes, fits) in [(3 << 20, true), (256 << 10, false)] {
      let workspace = TemporaryDirectory()
      var limits = CellLimits()
      (limits.memoryBytes, limits.batchFacts) = (limitBytes, 1...5_000)
      let store = try Store(directory: workspace.path, cellLimits: limits)
      defer { store.close() }
      func events(_ minute: Int) -> [String] {
        (0..<500).map { device in
          let (time, value) = (1_717_200_000 + 30 * minute, Double(minute * (device + 1)) / 4)
          return #"{"ts":\#(time),"key":"device-\#(device)","d":"\#(device)","v":\#(value)}"#
        }
      }
      _ = try store.append(events(0), to: "s")
      try store.projections.define(
        KpiDefinition(
          name: "k", stream: "s", select: "increase(v), rate(v), delta(v)", groupBy: "d",
          every: "1h"),
        actor: "test")
      for first in stride(from: 1, to: 120, by: 7) {
        _ = try store.append((first..<min(first + 7, 120)).flatMap(events), to: "s")
        store.projections.cellsTurn.withLock {
          for id in store.projections.followedStreams { store.projections.follow(id) }
        }
        if fits { #expect(store.cellMemory.bytes <= limitBytes) }
      }
      #expect((store.cellMemory.writesForRoom == 0) == fits)
      try store.projections.writeCells()
      #expect(store.cellMemory.bytes <= limitBytes)
      try KpiTests.verify(store, "samples within \(limitBytes) bytes")
    }
  }

  /// What is added up as blocks come is what the cells take, also of states of any size.
  @Test func sumsAreThoseOfTheBuckets() {
    rounds(5) { random in
      let workspace = TemporaryDirectory()
      let store = try Store(directory: workspace.path)
      defer { store.close() }
      _ = try store.append([#"{"ts":1717200000,"d":"a","n":1,"v":1,"w":2}"#], to: "s")
      for definition in try random.definitions(1...3, "k") {
        try store.projections.define(definition, actor: "test")
      }
      for _ in 0..<random.within(1...8) {
        try random.appendBatch(to: store)
        if random.oneIn(3) { try store.projections.writeCells() }
        for cache in try Self.caches(store) {
          store.projections.follow(kpi: cache.kpi.definition.id)
          let all = cache.hot.buckets.values.reduce(0) { $0 + $1.memory.bytes }
          let pending = cache.hot.buckets.values.reduce(0) { $0 + $1.memory.pendingBytes }
          try check(all <= cache.byteCount, "\(all) bytes of buckets, \(cache.byteCount) in all")
          try checkEqual(cache.pendingBytes, pending, "bytes that are to be written")
        }
      }
    }
  }
}
