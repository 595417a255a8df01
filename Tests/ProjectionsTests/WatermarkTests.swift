import EventLog
import Foundation
import Model
import Query
import Synchronization
import TestSupport
import Testing

@testable import Projections
@testable import Store

/// Times of events are not taken on trust: what makes buckets final, and what does not.
@Suite struct WatermarkTests {
  static let hourNs: Int64 = 3_600_000_000_000
  /// 2024-06-01T12:20:00Z
  static let nowNs: Int64 = 1_717_244_400_000_000_000

  /// A store whose wall clock is set by the test.
  final class ClockedStore {
    final class Clock: Sendable {
      let ns: Mutex<Int64>
      init(ns: Int64) { self.ns = Mutex(ns) }
    }

    let workspace = TemporaryDirectory()
    let clock: Clock
    private(set) var store: Store

    init(nowNs: Int64 = WatermarkTests.nowNs) throws {
      clock = Clock(ns: nowNs)
      store = try Self.open(workspace, clock)
    }

    private static func open(_ workspace: TemporaryDirectory, _ clock: Clock) throws -> Store {
      try Store(
        directory: workspace.path, mode: .readWrite, clock: { clock.ns.withLock { $0 } })
    }

    func reopen() throws {
      store.close()
      store = try Self.open(workspace, clock)
    }

    func set(_ ns: Int64) { clock.ns.withLock { $0 = ns } }

    @discardableResult
    func append(_ timesNs: [Int64], source: String = "a") throws -> AppendResult {
      try store.append(
        timesNs.map { "{\"ts\":\"\(Timestamp(ns: $0))\",\"v\":1}" }, to: "s", source: source)
    }

    /// Says that events of these sources are to come, before one of them has any.
    func open(_ sources: [String]) throws {
      var first = DocumentBatch(
        bytes: Array("{\"ts\":\"2024-06-01T00:00:00Z\"}".utf8), documents: [], endPosition: 0)
      first.documents = [
        DocumentRange(start: 0, byteCount: UInt32(first.bytes.count), position: 0)
      ]
      #expect(try store.openSources(sources, of: "s", before: first))
    }

    var watermarkNs: Int64? {
      get throws { try store.statistics().streams.first?.watermarkNs }
    }

    var closings: Int {
      get throws {
        var count = 0
        try store.forEachEvent(of: "_sources") { _ in
          count += 1
          return true
        }
        return count
      }
    }

    func ahead() throws -> [LedgerEntry] {
      var found: [LedgerEntry] = []
      try store.forEachLedgerEntry(kind: .ahead) { entry in
        found.append(entry)
        return true
      }
      return found
    }

    deinit { store.close() }
  }

  /// One clock that is fast neither makes the hour under way final nor the others late.
  @Test func aFastClockMovesNothing() throws {
    let (now, hour) = (Self.nowNs, Self.hourNs)
    let clocked = try ClockedStore()
    let first = try clocked.append([now - 2 * hour, now + 23 * hour])
    #expect(first.late.isEmpty)
    #expect(first.ahead.map(\.aheadNs) == [23 * hour])
    try clocked.store.projections.define(
      try KpiDefinition(name: "k", stream: "s", select: "count(*)", every: "1h"), actor: "test")
    #expect(try clocked.store.rows(of: "k").rows.map(\.isFinal) == [false, false])
    let second = try clocked.append([now, now - 1_000_000_000])
    #expect(second.late.isEmpty)
    #expect(second.ahead.isEmpty)
    #expect(try clocked.watermarkNs == now)
    let entry = try #require(try clocked.ahead().first)
    #expect(try clocked.ahead().count == 1)
    #expect(entry.timeNs == now + 23 * hour)
    #expect(entry.isAheadOfClock)
    #expect(try clocked.store.statistics().streams[0].totals.ahead == 1)
  }

  /// A bucket is final only when the wall clock, too, has passed its end by the lateness.
  @Test func finalWaitsForTheClock() throws {
    let (end, second) = (Self.nowNs - Self.nowNs % Self.hourNs, Int64(1_000_000_000))
    let clocked = try ClockedStore(nowNs: end - 60 * second)
    try clocked.append([end - 100 * second])
    try clocked.store.projections.define(
      try KpiDefinition(name: "k", stream: "s", select: "count(*)", every: "1h"), actor: "test")
    // Four minutes fast is within what counts, but time has not got there.
    let result = try clocked.append([end + 180 * second])
    #expect(result.ahead.isEmpty)
    #expect(try clocked.watermarkNs == end - 60 * second)
    #expect(try clocked.append([end - 110 * second]).late.isEmpty)
    clocked.set(end + 59 * second)
    try clocked.append([end + 181 * second])
    #expect(try clocked.store.rows(of: "k").rows.first?.isFinal == false)
    clocked.set(end + 60 * second)
    try clocked.append([end + 182 * second])
    #expect(try clocked.store.rows(of: "k").rows.first?.isFinal == true)
    try KpiTests.verify(clocked.store, "with a fast clock")
  }

  /// In a replay a single time that jumps ahead is contradicted by the next; it is on the ledger.
  @Test func aJumpInAReplayIsDoubted() throws {
    let (start, hour) = (Self.nowNs - 1_000 * 24 * Self.hourNs, Self.hourNs)
    let clocked = try ClockedStore()
    try clocked.append([start, start + hour])
    #expect(try clocked.append([start + 300 * 24 * hour]).ahead.isEmpty)
    #expect(try clocked.watermarkNs == start + hour)
    try clocked.reopen()
    let next = try clocked.append([start + 2 * hour])
    #expect(next.late.isEmpty)
    #expect(next.ahead.map(\.seq) == [4])
    #expect(try clocked.watermarkNs == start + 2 * hour)
    let entry = try #require(try clocked.ahead().first)
    #expect(entry.seq == 4)
    #expect(entry.aheadNs == 300 * 24 * hour - hour)
    #expect(!entry.isAheadOfClock)
  }

  /// What goes on after a pause is believed after some events, or at the source's end.
  @Test func aPauseIsBelieved() throws {
    let (start, hour) = (Self.nowNs - 1_000 * 24 * Self.hourNs, Self.hourNs)
    let clocked = try ClockedStore()
    try clocked.append([start])
    for step in 0..<9 { try clocked.append([start + Int64(100 * 24 + step) * hour]) }
    #expect(try clocked.watermarkNs == start)
    // A straggler says nothing about those ahead.
    try clocked.append([start - hour])
    #expect(try clocked.watermarkNs == start)
    try clocked.append([start + (100 * 24 + 9) * hour])
    #expect(try clocked.watermarkNs == start + (100 * 24 + 9) * hour)
    try clocked.append([start + 400 * 24 * hour])
    #expect(try clocked.watermarkNs == start + (100 * 24 + 9) * hour)
    try clocked.store.closeSources(["a"], of: "s")
    #expect(try clocked.watermarkNs == start + 400 * 24 * hour)
    #expect(try clocked.ahead().isEmpty)
    try clocked.reopen()
    #expect(try clocked.watermarkNs == start + 400 * 24 * hour)
  }

  /// A source that has ended is closed though none of its times counts, and holds nothing open when they are read anew.
  @Test func aSourceWhoseTimesDoNotCountIsClosed() throws {
    let (now, hour) = (Self.nowNs, Self.hourNs)
    let clocked = try ClockedStore()
    func append(at ns: Int64, due dueNs: Int64, source: String) throws {
      let document = "{\"ts\":\"\(Timestamp(ns: dueNs))\",\"at\":\"\(Timestamp(ns: ns))\"}"
      _ = try clocked.store.append([document], to: "s", source: source)
    }
    try append(at: now - 3 * hour, due: now + hour, source: "a")
    #expect(try clocked.watermarkNs == nil)
    try clocked.store.closeSources(["a"], of: "s")
    #expect(try clocked.watermarkNs == nil)
    #expect(try clocked.store.sources(ofStream: "s").map(\.isOpen) == [false])
    #expect(try clocked.closings == 1)
    try append(at: now - 2 * hour, due: now - hour, source: "b")
    #expect(try clocked.watermarkNs == now - hour)
    _ = try QueryEngine(clocked.store).run("ALTER STREAM s TIME at", QueryOptions(nowNs: now))
    #expect(try clocked.watermarkNs == now - 2 * hour)
    try append(at: now - hour, due: now, source: "b")
    #expect(try clocked.watermarkNs == now - hour)
    try clocked.reopen()
    #expect(try clocked.watermarkNs == now - hour)
    #expect(try clocked.store.check().damages == [])
  }

  /// One that brought no event is not waited for.
  @Test func aSourceWithoutEventsIsNotOpen() throws {
    let clocked = try ClockedStore()
    try clocked.append([Self.nowNs])
    _ = try clocked.store.append(["{}"], to: "s", source: "b")
    #expect(try clocked.store.sources(ofStream: "s").map(\.isOpen) == [true, false])
    try clocked.store.closeSources(["a", "b"], of: "s")
    #expect(try clocked.closings == 1)
  }

  /// A source that is expected is waited for before it has brought anything, also by another program and after a rebuild.
  @Test func expectedSources() throws {
    let (now, hour) = (Self.nowNs, Self.hourNs)
    let clocked = try ClockedStore()
    try clocked.open(["a", "b", "c"])
    #expect(try clocked.closings == 3)
    #expect(try clocked.store.sources(ofStream: "s").map(\.isOpen) == [true, true, true])
    try clocked.append([now - 9 * hour, now - hour], source: "a")
    try clocked.store.projections.define(
      try KpiDefinition(name: "k", stream: "s", select: "count(*)", every: "1h"), actor: "test")
    // What does not count says nothing of how far it has got.
    try clocked.append([now + hour], source: "b")
    #expect(try clocked.watermarkNs == nil)
    try clocked.reopen()
    try clocked.append([now - 30 * 60_000_000_000], source: "a")
    #expect(try clocked.watermarkNs == nil)
    #expect(try clocked.store.rows(of: "k").rows.allSatisfy { !$0.isFinal })
    #expect(try clocked.append([now - 8 * hour], source: "b").late.isEmpty)
    #expect(try clocked.watermarkNs == nil)
    #expect(try clocked.store.check().damages == [])
    // One that has brought nothing is closed as others are, by the clock too.
    clocked.set(now + 11 * 60_000_000_000)
    try clocked.append([now - 7 * hour], source: "b")
    #expect(try clocked.watermarkNs == nil)
    try clocked.store.closeIdleSources(idleNs: Store.idleNs)
    #expect(try clocked.watermarkNs == now - 7 * hour)
    #expect(try clocked.closings == 5)
    #expect(try clocked.store.rows(of: "k").rows.allSatisfy { $0.revision == 0 })
    try KpiTests.verify(clocked.store, "with expected sources")
    // One that has got somewhere is waited for there; the watermark stays where it is.
    try clocked.open(["a", "b"])
    #expect(try clocked.closings == 6)
    try clocked.append([now], source: "b")
    #expect(try clocked.watermarkNs == now - 30 * 60_000_000_000)
    #expect(try clocked.store.check().damages == [])
  }

  /// What is expected is expected, too, when events are read anew, and when what counted does not any more.
  @Test func expectedSourcesReadAnew() throws {
    let (now, hour) = (Self.nowNs, Self.hourNs)
    let clocked = try ClockedStore()
    try clocked.open(["a", "b"])
    func append(at ns: Int64, due dueNs: Int64, source: String) throws {
      let document = "{\"ts\":\"\(Timestamp(ns: dueNs))\",\"at\":\"\(Timestamp(ns: ns))\"}"
      _ = try clocked.store.append([document], to: "s", source: source)
    }
    try append(at: now + hour, due: now - 2 * hour, source: "a")
    try append(at: now - 3 * hour, due: now + hour, source: "b")
    #expect(try clocked.watermarkNs == nil)
    _ = try QueryEngine(clocked.store).run("ALTER STREAM s TIME at", QueryOptions(nowNs: now))
    #expect(try clocked.watermarkNs == nil)
    for _ in 0..<2 {
      try clocked.reopen()
      try append(at: now - 2 * hour, due: now, source: "b")
      #expect(try clocked.watermarkNs == nil)
      #expect(try clocked.store.check().damages == [])
    }
    try append(at: now - hour, due: now, source: "a")
    #expect(try clocked.watermarkNs == now - 2 * hour)
    #expect(try clocked.store.check().damages == [])
  }

  /// A stream that takes the name of one that was dropped expects nothing of what that one did.
  @Test func expectedSourcesOfADroppedStream() throws {
    let clocked = try ClockedStore()
    try clocked.open(["a"])
    try clocked.store.dropStream("s")
    try clocked.append([Self.nowNs], source: "b")
    #expect(try clocked.watermarkNs == Self.nowNs)
    #expect(try clocked.store.check().damages == [])
    try clocked.reopen()
    #expect(try clocked.watermarkNs == Self.nowNs)
  }

  /// Times near the wall clock need nobody to confirm them.
  @Test func liveEventsAreBelieved() throws {
    let (now, hour) = (Self.nowNs, Self.hourNs)
    let clocked = try ClockedStore()
    try clocked.append([now - 100 * 24 * hour])
    try clocked.append([now - hour])
    #expect(try clocked.watermarkNs == now - hour)
  }

  /// Watermark, lateness and what is ahead are those of a plain reading of the rules; a rebuild finds the same cells.
  @Test func agreesWithAModel() {
    rounds(40) { random in
      let clocked = try ClockedStore()
      var model = WatermarkModel()
      var now = Self.nowNs - Int64(random.below(900)) * 24 * Self.hourNs
      clocked.set(now)
      var seq: UInt64 = 2
      let isReplay = random.oneIn(2)
      var base = isReplay ? now - 700 * 24 * Self.hourNs : now
      for step in 0..<random.within(2...40) {
        now += Int64(random.below(400)) * 1_000_000_000
        clocked.set(now)
        base = isReplay ? base + Int64(random.below(4_000)) * 1_000_000_000 : now
        if random.oneIn(20) { base += Int64(random.below(40)) * 24 * Self.hourNs }
        if random.oneIn(step == 0 ? 2 : 12) {
          let sources = ["a", "b", "c"].filter { _ in random.oneIn(2) }
          try clocked.open(sources)
          for source in sources where model.open(source) { seq += 1 }
          try checkEqual(try clocked.watermarkNs, model.watermarkNs, "watermark after opening")
        }
        let source = random.pick(["a", "b", "c"])
        let times = (0..<random.within(1...12)).map { _ in
          random.time(near: isReplay ? min(base, now) : base)
        }
        let result = try clocked.append(times, source: source)
        let wanted = model.append(times, source, firstSeq: seq, nowNs: now)
        seq += UInt64(times.count)
        try checkEqual(result.late.map(\.seq), wanted.late, "late of batch \(step)")
        try checkEqual(result.ahead.map(\.seq), wanted.ahead, "ahead of batch \(step)")
        try checkEqual(try clocked.watermarkNs, model.watermarkNs, "watermark of batch \(step)")
        if step == 1 {
          try clocked.store.projections.define(
            try KpiDefinition(name: "k", stream: "s", select: "count(*)", every: "1h"),
            actor: "test")
          seq += 1
        }
        if random.oneIn(12), model.close(source, nowNs: now) {
          try clocked.store.closeSources([source], of: "s")
          seq += 1
          try checkEqual(try clocked.watermarkNs, model.watermarkNs, "watermark after closing")
        }
        if random.oneIn(8) { try clocked.reopen() }
        if random.oneIn(8) { try clocked.store.log.compact() }
      }
      try KpiTests.verify(clocked.store, "after appending")
      let log = clocked.store.log
      let replayed = try log.environment.read { transaction in
        try clocked.store.log.watermarkNs(
          of: try log.stream(named: "s", transaction), asOf: .max, transaction)
      }
      try checkEqual(replayed, model.watermarkNs, "watermark read from the log")
    }
  }
}

extension SeededGenerator {
  /// Mostly near, sometimes far behind or ahead.
  fileprivate mutating func time(near ns: Int64) -> Int64 {
    let second: Int64 = 1_000_000_000
    return switch below(12) {
    case 0: ns + Int64(within(-400...400)) * 24 * WatermarkTests.hourNs
    case 1: ns + Int64(within(-1_000...1_000)) * second
    case 2: ns + Int64(within(0...30)) * WatermarkTests.hourNs
    default: ns - Int64(below(100)) * second
    }
  }
}

/// The rules of docs/kpis.md, read plainly: nothing is kept but lists of events.
private struct WatermarkModel {
  private struct Source {
    var counted: [Int64] = []
    var doubted: [(seq: UInt64, timeNs: Int64)] = []
    var isOpen = false
    var isExpected = false
  }
  private var sources: [String: Source] = [:]
  private var clockNs = Int64.min
  private(set) var watermarkNs: Int64?

  mutating func append(
    _ times: [Int64], _ name: String, firstSeq: UInt64, nowNs: Int64
  ) -> (late: [UInt64], ahead: [UInt64]) {
    var source = sources[name] ?? Source()
    let minute: Int64 = 60_000_000_000
    let week = 7 * 1_440 * minute
    var (late, ahead): ([UInt64], [UInt64]) = ([], [])
    // All that the source brought, and how far the stream was when the batch came.
    var reached: Int64? { ([watermarkNs].compactMap { $0 } + source.counted).max() }
    for (index, timeNs) in times.enumerated() {
      let seq = firstSeq + UInt64(index)
      let isLate = reached.map { timeNs < min($0, nowNs) - minute } ?? false
      if timeNs > nowNs + 5 * minute {
        ahead.append(seq)
      } else if let reached, timeNs > reached + week, timeNs < nowNs - week {
        source.doubted.append((seq, timeNs))
        if source.doubted.count == 10 {
          source.counted += source.doubted.map(\.timeNs)
          source.doubted = []
        }
      } else {
        if !isLate {
          ahead += source.doubted.filter { $0.timeNs > timeNs }.map(\.seq)
          source.doubted = []
        }
        source.counted.append(timeNs)
      }
      let isLateNow = reached.map { timeNs < min($0, nowNs) - minute } ?? false
      if isLateNow { late.append(seq) }
    }
    source.isOpen = true
    sources[name] = source
    clockNs = max(clockNs, nowNs)
    move()
    return (late, ahead)
  }

  /// False when there is nothing to open.
  mutating func open(_ name: String) -> Bool {
    var source = sources[name] ?? Source()
    if source.isOpen { return false }
    (source.isOpen, source.isExpected) = (true, true)
    sources[name] = source
    return true
  }

  /// False when there is nothing to close.
  mutating func close(_ name: String, nowNs: Int64) -> Bool {
    guard var source = sources[name], source.isOpen else { return false }
    (source.isOpen, source.isExpected) = (false, false)
    source.counted += source.doubted.map(\.timeNs)
    source.doubted = []
    sources[name] = source
    clockNs = max(clockNs, nowNs)
    move()
    return true
  }

  private mutating func move() {
    if sources.values.contains(where: { $0.isExpected && $0.counted.isEmpty }) { return }
    let known = sources.values.filter { !$0.counted.isEmpty }
    let open = known.filter(\.isOpen).map { $0.counted.max()! }
    guard let reached = open.min() ?? known.map({ $0.counted.max()! }).max() else { return }
    watermarkNs = max(watermarkNs ?? .min, min(reached, clockNs))
  }
}
