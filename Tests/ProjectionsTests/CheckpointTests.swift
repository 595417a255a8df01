import Foundation
import LMDB
import Model
import Query
import Synchronization
import Testing

@testable import Projections
@testable import Store

/// Cells on disk follow the log at a distance, and nobody sees it.
@Suite struct CheckpointTests {
  /// What a program finds that opens the store as it is on disk: after a crash for writing, or beside the writer.
  private static func image(of store: Store) throws -> TemporaryDirectory {
    let image = TemporaryDirectory()
    try store.log.copy(to: image.path)
    return image
  }

  /// Limits with which nothing is written because a slow machine takes long for a test.
  private static var unhurried: CellLimits {
    var limits = CellLimits()
    limits.unwrittenSeconds = 1 << 30
    return limits
  }

  /// Makes a page of cells unreadable, the one that `seek` finds.
  private static func damageCells(
    of store: Store, _ seek: (inout Cursor) throws -> Bool
  ) throws {
    let cells = store.log.environment.table("cells")
    try store.log.environment.write { transaction in
      var cursor = try transaction.reading.cursor(cells)
      guard try seek(&cursor), let key = Key(copying: cursor.key) else {
        Issue.record("there are no cells")
        return
      }
      try transaction.put(cells, key, [1, 2, 3])
    }
  }

  private static func rows(_ store: Store) throws -> [String: [KpiRow]] {
    let names = try store.projections.list().filter(\.isActive).map(\.definition.name)
    return Dictionary(uniqueKeysWithValues: try names.map { ($0, try store.rows(of: $0).rows) })
  }

  /// Whatever was written of the cells when, the program that writes, any other that reads, and one that opens the store
  /// after a crash see the same, which is what a rebuild finds.
  @Test func nobodySeesHowFarCellsAre() {
    rounds(6) { random in
      let workspace = TemporaryDirectory()
      var limits = CellLimits()
      limits.unwrittenWork = random.pick([1, 200, 5_000, 4_000_000])
      limits.unwrittenSeconds = random.pick([0, 60])
      limits.memoryBytes = random.pick([1, 50_000, 128 << 20])
      limits.batchFacts = random.pick([1...1, 1...30, 20...200, 30_000...500_000])
      limits.unfoldedFacts = random.pick([1, 100, 2_000_000])
      limits.pageSize = random.pick([PageSize(), PageSize(target: 300)])
      var store = try Store(directory: workspace.path, cellLimits: limits)
      defer { store.close() }
      _ = try store.append([#"{"ts":1717200000,"d":"a","n":1,"v":1,"w":2}"#], to: "s")
      for definition in try random.definitions(1...4, "k") {
        try store.projections.define(definition, actor: "test")
      }
      for step in 0..<random.within(2...14) {
        try random.appendBatch(to: store)
        if random.oneIn(4) { try store.log.compact() }
        if random.oneIn(6) { try store.projections.writeCells() }
        if random.oneIn(8) {
          let name = "l\(step)"
          var definition = try random.definitions(1...1, "l")[0]
          definition.name = name
          try store.projections.define(definition, actor: "test")
          if random.oneIn(2) {
            try random.appendBatch(to: store)
            try store.projections.drop(name, actor: "test")
          }
        }
        if random.oneIn(8) {
          let name = random.pick(try store.projections.list()).definition.name
          var definition = try random.definitions(1...1, "r")[0]
          definition.name = name
          let redefined = try store.projections.redefine(definition, actor: "test")
          try random.appendBatch(to: store)
          try store.projections.switchVersion(of: name, to: redefined.version, actor: "test")
        }
        let image = try Self.image(of: store)
        let expected = try Self.rows(store)
        let mode: Store.Mode = random.oneIn(2) ? .readOnly : .readWrite
        let other = try Store(directory: image.path, mode: mode)
        try check(try Self.rows(other) == expected, "another program reads other rows, \(mode)")
        try KpiTests.verify(other, "in another program, \(mode)")
        let report = try other.check()
        try check(report.isSound, "\(report.damages)")
        if mode == .readOnly || random.oneIn(2) {
          other.close()
        } else {
          // It goes on where the other one crashed.
          store.close()
          let before = store
          store = other
          try random.appendBatch(to: store)
          try KpiTests.verify(store, "after a crash")
          before.close()
          store.close()
          store = try Store(directory: workspace.path, cellLimits: limits)
        }
      }
      try KpiTests.verify(store, "at the end")
    }
  }

  /// An answer as of an event is that of a store that has no later ones, however far its cells are.
  @Test func asOfAnEventWhereverCellsAre() {
    rounds(10) { random in
      let workspace = TemporaryDirectory()
      let store = try Store(directory: workspace.path)
      defer { store.close() }
      _ = try store.append([#"{"ts":1717200000,"d":"a","n":1,"v":1,"w":2}"#], to: "s")
      for definition in try random.definitions(1...3, "k") {
        try store.projections.define(definition, actor: "test")
      }
      func answers(_ asOf: String = "") throws -> [String] {
        try store.projections.list().map(\.definition.name).map { name in
          let text = "SELECT *, facts FROM \(name)\(asOf)"
          let answer = try QueryEngine(store).run(text, QueryOptions(nowNs: 0))[0]
          return String(decoding: AnswerRenderer(.csv).bytes(answer), as: UTF8.self)
        }
      }
      var states: [(seq: UInt64, answers: [String])] = []
      for _ in 0..<6 {
        try random.appendBatch(to: store)
        if random.oneIn(2) { try store.projections.writeCells() }
        states.append((try store.statistics().lastSeq, try answers()))
        let state = random.pick(states)
        try checkEqual(
          try answers(" AS OF SEQ \(state.seq)"), state.answers, "as of event \(state.seq)")
      }
    }
  }

  /// What a commit adds to cells cannot fail it: a KPI whose cells are damaged is answered from the events, and filled anew
  /// when the store is opened next.
  @Test func damagedCellsDoNotStopEvents() throws {
    let workspace = TemporaryDirectory()
    var store = try Store(directory: workspace.path)
    defer { store.close() }
    func event(_ hour: Int, _ value: Int) -> String {
      #"{"ts":\#(1_717_200_000 + 3_600 * hour),"d":"a","v":\#(value)}"#
    }
    _ = try store.append([event(0, 1)], to: "s")
    for name in ["k", "l"] {
      let every = name == "k" ? "1h" : "1d"
      try store.projections.define(
        KpiDefinition(name: name, stream: "s", select: "sum(v)", groupBy: "d", every: every),
        actor: "test")
    }
    // The cell of another hour, lest the one that is damaged is in memory.
    store.close()
    store = try Store(directory: workspace.path)
    try Self.damageCells(of: store) { try $0.next() }
    let result = try store.append([event(0, 2)], to: "s")
    #expect(result.accepted == 1)
    try store.projections.writeCells()
    let listed = try store.projections.list()
    #expect(listed.map { $0.failure == nil } == [false, true])
    #expect(try store.rows(of: "k").rows.map(\.values) == [[.number(3)]])
    store.close()
    store = try Store(directory: workspace.path)
    while try store.projections.list().contains(where: { $0.progress != nil }) {
      Thread.sleep(forTimeInterval: 0.01)
    }
    #expect(try store.rows(of: "k").rows.map(\.values) == [[.number(3)]])
    try KpiTests.verify(store, "filled anew")
  }

  /// Commits wait for cells that are far behind, but not for those that cannot follow.
  @Test func cellsThatCannotFollowHoldUpNoCommit() throws {
    let workspace = TemporaryDirectory()
    var limits = CellLimits()
    (limits.batchFacts, limits.unfoldedFacts) = (1...10, 1)
    var store = try Store(directory: workspace.path, cellLimits: limits)
    defer { store.close() }
    func events(_ count: Int) -> [String] {
      (0..<count).map { #"{"ts":\#(1_717_200_000 + $0),"d":"a","v":1}"# }
    }
    _ = try store.append(events(1), to: "s")
    try store.projections.define(
      KpiDefinition(name: "k", stream: "s", select: "count(*)", groupBy: "d", every: "1h"),
      actor: "test")
    store.close()
    store = try Store(directory: workspace.path, cellLimits: limits)
    try Self.damageCells(of: store) { try $0.next() }
    for _ in 0..<3 { #expect(try store.append(events(50), to: "s").accepted == 50) }
    #expect(try store.projections.list()[0].failure != nil)
    // It is answered from the events.
    #expect(try store.rows(of: "k").rows.map(\.values) == [[.integer(151)]])
    #expect(store.cellMemory.bytes == 0)
  }

  /// Cells of far more groups or buckets than the memory of cells has room for take no more than that and what a batch adds,
  /// whether or not they have changed since they were written.
  @Test(arguments: ["1h", "1m"])
  func moreCellsThanThereIsMemoryForAreSlowerAndNotLarger(every: String) throws {
    let workspace = TemporaryDirectory()
    var limits = CellLimits()
    (limits.memoryBytes, limits.batchFacts, limits.unfoldedFacts) = (1 << 20, 1...500, 1)
    let store = try Store(directory: workspace.path, cellLimits: limits)
    defer { store.close() }
    func events(_ hour: Int) -> [String] {
      (0..<4_000).map { number in
        let group = number &* 7_919 % 4_000
        let time = 1_717_200_000 + 3_600 * hour + number / 2
        return #"{"ts":\#(time),"d":"device-\#(group)","v":\#(number)}"#
      }
    }
    _ = try store.append([#"{"ts":1717200000,"d":"device-0","v":1}"#], to: "s")
    for name in ["k", "l"] {
      try store.projections.define(
        KpiDefinition(
          name: name, stream: "s", select: "count(*), avg(v), p95(v)",
          filter: name == "k" ? nil : "v >= 0", groupBy: "d", every: every),
        actor: "test")
    }
    // Of each KPI a batch may add a cell for each fact.
    let batchBytes = 2 * 500 * 1_024
    for hour in [0, 1, 0, 1] {
      _ = try store.append(events(hour), to: "s")
      let memory = store.cellMemory
      #expect(memory.limitBytes == 1 << 20)
      // A bucket that changes stays whole, to half as much again.
      let limitBytes = every == "1h" ? memory.limitBytes / 2 * 3 : memory.limitBytes
      #expect(memory.bytes <= limitBytes + batchBytes, "\(memory.bytes) bytes")
    }
    #expect(store.cellMemory.writesForRoom > 1)
    #expect(try store.rows(of: "k").rows.count == 8_000)
    try KpiTests.verify(store, "beyond the memory of cells")
  }

  /// Cells that cannot be written when the store is closed are told, once, and are there again when it is opened next.
  @Test func cellsThatCannotBeWrittenAtTheEndAreTold() throws {
    let workspace = TemporaryDirectory()
    let store = try Store(directory: workspace.path, cellLimits: Self.unhurried)
    _ = try store.append([#"{"ts":1717200000,"d":"a","v":1}"#], to: "s")
    try store.projections.define(
      KpiDefinition(name: "k", stream: "s", select: "count(*)", groupBy: "d", every: "1h"),
      actor: "test")
    _ = try store.append([#"{"ts":1717200001,"d":"a","v":1}"#], to: "s")
    var warnings: [String] = []
    // Nothing can be written by who is in a transaction already.
    try store.log.environment.write { _ in store.projections.close { warnings.append($0) } }
    store.projections.close { warnings.append($0) }
    #expect(warnings.count == 1)
    #expect(
      warnings[0].hasPrefix("the cells of KPIs that were changed last could not be written: "))
    #expect(warnings[0].hasSuffix("computes them again from the events"))
    store.close()
    let next = try Store(directory: workspace.path)
    defer { next.close() }
    #expect(try next.rows(of: "k").rows[0].facts == 2)
  }

  /// A KPI is filled when its cells have all facts, and not before.
  @Test func factsThatWaitAreNotFilled() throws {
    let workspace = TemporaryDirectory()
    let store = try Store(directory: workspace.path, cellLimits: Self.unhurried)
    defer { store.close() }
    func events(_ numbers: Range<Int>) -> [String] {
      numbers.map { #"{"ts":\#(1_717_200_000 + $0),"d":"a","v":1}"# }
    }
    func filled(_ store: Store) throws -> String {
      let engine = QueryEngine(store)
      let list = try engine.run("SHOW KPIS; SHOW VERSIONS; DESCRIBE k", QueryOptions(nowNs: 0))
      return list.map { String(decoding: AnswerRenderer(.csv).bytes($0), as: UTF8.self) }
        .flatMap { $0.split(separator: "\n") }
        .filter { $0.hasPrefix("k,") || $0.hasPrefix("filled") || $0.hasPrefix("waiting") }
        .map { String($0.split(separator: ",").last ?? "") }.joined(separator: " | ")
    }
    _ = try store.append(events(0..<300), to: "s")
    try store.projections.define(
      KpiDefinition(name: "k", stream: "s", select: "count(*)", groupBy: "d", every: "1h"),
      actor: "test")
    #expect(try filled(store) == "100 | 100")
    _ = try store.append(events(300..<400), to: "s")
    let waiting = "75 | 75 | 75 % | 100 facts are added when it is asked"
    #expect(try filled(store) == waiting)
    #expect(try store.rows(of: "k").rows.count == 1)
    #expect(try filled(store) == "100 | 100")
    let image = try Self.image(of: store)
    let reader = try Store(directory: image.path, mode: .readOnly)
    defer { reader.close() }
    // On disk they are not, and a plan counts them.
    #expect(try filled(reader) == waiting)
    for (plan, read) in [("EXPLAIN", "to read"), ("EXPLAIN ANALYZE", "read")] {
      let answer = try QueryEngine(reader).run("\(plan) SELECT * FROM k", QueryOptions(nowNs: 0))[0]
      let lines = String(decoding: AnswerRenderer(.csv).bytes(answer), as: UTF8.self)
        .split(separator: "\n")
      #expect(
        lines.contains("blocks \(read),,1") && lines.contains("facts \(read),,100"), "\(lines)")
    }
    _ = try store.append(events(400..<401), to: "s")
    #expect(try filled(store) == "99 | 99 | 99 % | 1 fact is added when it is asked")
  }

  /// Events do not wait for the cells on disk for longer than is stated, whether or not more come.
  @Test func cellsAreWrittenWhenTimeHasPassed() throws {
    let workspace = TemporaryDirectory()
    let nowNs = Mutex<Int64>(1_717_200_000_000_000_000)
    var limits = CellLimits()
    limits.unwrittenSeconds = 40
    let store = try Store(
      directory: workspace.path, mode: .readWrite, clock: { nowNs.withLock { $0 } },
      cellLimits: limits)
    defer { store.close() }
    func append(_ number: Int) throws -> UInt64 {
      _ = try store.append([#"{"ts":\#(1_717_200_000 + number),"d":"a","v":1}"#], to: "s")
      return try store.statistics().lastSeq
    }
    func writtenSeq() throws -> UInt64 {
      try #require(try store.projections.cellsOnDisk().first).seq
    }
    func waitForCells(_ seq: UInt64) throws {
      for _ in 0..<2_000 {
        if try writtenSeq() == seq { return }
        Thread.sleep(forTimeInterval: 0.01)
      }
      Issue.record("cells have events up to \(try writtenSeq()) of \(seq)")
    }
    _ = try append(0)
    try store.projections.define(
      KpiDefinition(name: "k", stream: "s", select: "count(*)", groupBy: "d", every: "1h"),
      actor: "test")
    let before = try writtenSeq()
    let first = try append(1)
    nowNs.withLock { $0 += 39_000_000_000 }
    let second = try append(2)
    #expect(first < second)
    // The time counts from the first of them, and nobody has to ask.
    #expect(try writtenSeq() == before)
    nowNs.withLock { $0 += 1_000_000_000 }
    try waitForCells(second)
    // What was written does not wait; what comes then waits anew.
    nowNs.withLock { $0 += 39_000_000_000 }
    let third = try append(3)
    nowNs.withLock { $0 += 39_000_000_000 }
    #expect(try writtenSeq() == second)
    nowNs.withLock { $0 += 1_000_000_000 }
    try waitForCells(third)
    try KpiTests.verify(store, "written in time")
  }

  /// What was written is not counted as work any more, for whatever reason it was written.
  @Test func whatWasWrittenForRoomIsNoWork() throws {
    let workspace = TemporaryDirectory()
    var limits = CellLimits()
    (limits.memoryBytes, limits.batchFacts) = (1, 1...500)
    let store = try Store(directory: workspace.path, cellLimits: limits)
    defer { store.close() }
    func events(_ devices: Range<Int>) -> [String] {
      devices.map { #"{"ts":1717200000,"d":"device-\#($0)","v":1}"# }
    }
    _ = try store.append(events(0..<1), to: "s")
    try store.projections.define(
      KpiDefinition(name: "k", stream: "s", select: "count(*), p95(v)", groupBy: "d", every: "1h"),
      actor: "test")
    _ = try store.append(events(0..<4_000), to: "s")
    let projections = store.projections
    projections.cellsTurn.withLock {
      for id in projections.followedStreams { projections.follow(id) }
    }
    #expect(store.cellMemory.writesForRoom > 0)
    #expect(projections.state.withLock { $0.unwrittenWork } == [:])
    #expect(!projections.cellsTurn.withLock { projections.isCheckpointDue })
  }

  /// A KPI that cannot follow the log does not take others with it, nor stays behind unseen: not when the store is opened
  /// after a crash, nor when another KPI is filled first.
  @Test func oneDamagedKpiLeavesTheOthersRight() throws {
    let workspace = TemporaryDirectory()
    let first = try Store(directory: workspace.path)
    defer { first.close() }
    func event(_ number: Int) -> String { #"{"ts":\#(1_717_200_000 + number),"d":"a","v":1}"# }
    _ = try first.append([event(0)], to: "s")
    for (name, every) in [("a", "1h"), ("b", "1d"), ("c", "1m")] {
      try first.projections.define(
        KpiDefinition(name: name, stream: "s", select: "count(*)", groupBy: "d", every: every),
        actor: "test")
    }
    _ = try first.append([event(1)], to: "s")
    let names = ["a", "b", "c"]
    try Self.damageCells(of: first) { try $0.seekLast() }
    let image = try Self.image(of: first)
    let damaged = try Store(directory: image.path)
    defer { damaged.close() }
    _ = try damaged.projections.rebuild(named: ["a"], verify: false)
    let later = try Self.image(of: damaged)
    let reader = try Store(directory: later.path, mode: .readOnly)
    defer { reader.close() }
    for store in [damaged, reader] {
      for name in names {
        let rows = try store.rows(of: name).rows
        #expect(rows.map(\.values) == [[.integer(2)]], "\(name), \(store === reader)")
      }
    }
  }
}
