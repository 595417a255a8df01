import Bytes
import LMDB
import Model
import Testing

@testable import EventLog
@testable import Projections
@testable import Store

/// Rebuilds of some buckets, which leave the others as they are.
@Suite struct RangeRebuildTests {
  private static let hourNs: Int64 = 3_600_000_000_000
  private static let beginNs: Int64 = 1_717_200_000_000_000_000

  private static func differences(
    _ store: Store, _ range: Range<Int64>? = nil
  ) throws -> [String] {
    try store.projections.rebuild(
      named: [], verify: true, within: range.map { range in { _ in range } }
    ).flatMap(\.differences)
  }

  /// All entries of the KPIs, whatever their generation; of pages the cells, however they are spread over pages.
  private static func entries(_ store: Store) throws -> [[UInt8]] {
    try store.log.environment.read { transaction in
      var entries: [[UInt8]] = []
      for live in try store.projections.kpis(transaction) {
        guard let found = try store.projections.checkpointed(live, transaction) else { continue }
        let reader = CellReader(store.projections.tables, live.kpi, found.generation)
        var cells = CellColumns(live.kpi.plan)
        var names: [[UInt8]] = []
        try reader.forEach(.min..<Int64.max, into: &cells, transaction) { bucketNs, group in
          var name: [UInt8] = []
          name.append(littleEndian: bucketNs)
          name.append(span: group)
          names.append(name)
          return 0
        } _: { _, _, _ in
        }
        for row in 0..<cells.count {
          var bytes = names[row]
          cells.encode([Int32(row)], bucketNs: 0, into: &bytes)
          entries.append(bytes)
        }
      }
      var cursor = try transaction.cursor(store.log.environment.table("series"))
      while try cursor.next() {
        var bytes: [UInt8] = []
        bytes.append(span: cursor.key)
        bytes.append(span: cursor.value)
        entries.append(bytes)
      }
      return entries
    }
  }

  /// Changes entries of a table whose buckets start within a range; gives how many there were.
  private static func damage(
    _ store: Store, _ name: String, _ range: Range<Int64>, _ bucketNs: (RawSpan) -> Int64,
    _ change: (Table, Key, [UInt8], inout WriteTransaction) throws -> Void
  ) throws -> Int {
    let table = store.log.environment.table(name)
    return try store.log.environment.write { transaction in
      var found: [(Key, [UInt8])] = []
      do {
        var cursor = try transaction.reading.cursor(table)
        while try cursor.next() {
          guard range.contains(bucketNs(cursor.key)), let key = Key(copying: cursor.key)
          else { continue }
          var value: [UInt8] = []
          value.append(span: cursor.value)
          found.append((key, value))
        }
      }
      for (key, value) in found { try change(table, key, value, &transaction) }
      return found.count
    }
  }

  /// Whatever the history and the range are, nothing changes in any bit, and no bucket beside it either.
  @Test func sameInEveryBit() {
    rounds(40) { random in
      let workspace = TemporaryDirectory()
      var limits = CellLimits()
      limits.pageSize = random.pick([PageSize(), PageSize(target: 300)])
      var store = try Store(directory: workspace.path, cellLimits: limits)
      defer { store.close() }
      _ = try store.append([#"{"ts":1717200000,"d":"a","n":1,"v":1,"w":2}"#], to: "s")
      for definition in try random.definitions(1...4, "k") {
        try store.projections.define(definition, actor: "test")
      }
      for _ in 0..<random.within(1...12) {
        try random.appendBatch(to: store)
        if random.oneIn(4) { try store.log.compact() }
        if random.oneIn(6) {
          store.close()
          store = try Store(directory: workspace.path, cellLimits: limits)
        }
        if random.oneIn(2) { continue }
        try store.projections.writeCells()
        let before = try Self.entries(store)
        let low = Self.beginNs + Int64(random.within(-50...900)) * Self.hourNs / 3
        let bounds = [
          low..<low + 1, low..<low + Int64(random.within(1...300)) * Self.hourNs,
          Int64.min..<low, low..<Int64.max, Int64.min..<Int64.max,
        ]
        let range = random.pick(bounds)
        let reports = try store.projections.rebuild(
          named: [], verify: false, within: { _ in range })
        try check(reports.allSatisfy { $0.rangeNs != nil }, "all of it was rebuilt")
        try check(try Self.entries(store) == before, "entries changed, rebuilding \(range)")
        try KpiTests.verify(store, "after rebuilding \(range)")
        try check(try Self.differences(store, range).isEmpty, "within \(range)")
      }
      #expect(try store.check().isSound)
    }
  }

  private func makeStore(_ path: String, _ select: String) throws -> Store {
    let store = try Store(directory: path)
    let events = (0..<240).map { number in
      #"{"ts":\#(1_717_200_000 + 600 * number),"d":"\#(number % 2)","v":\#(number)}"#
    }
    for start in stride(from: 0, to: 240, by: 12) {
      _ = try store.append(Array(events[start..<start + 12]), to: "s")
    }
    try store.projections.define(
      KpiDefinition(name: "k", stream: "s", select: select, groupBy: "d", every: "1h"),
      actor: "test")
    return store
  }

  /// Cells that were changed, taken away and made up are right again within the range, and those beside it still wrong.
  @Test(arguments: ["sum(v)", "sum(v), increase(v)"])
  func repairsTheRangeOnly(_ select: String) throws {
    let workspace = TemporaryDirectory()
    let store = try makeStore(workspace.path, select)
    defer { store.close() }
    let hours = (0..<40).map { Self.beginNs + Int64($0) * Self.hourNs }
    #expect(try Self.differences(store) == [])
    let table = store.log.environment.table("cells")
    // Two cells a page: damaged ones are told as pages, those that are missing one by one.
    var changed = try Self.damage(store, "cells", hours[3]..<hours[6], PageKey.bucketNs) {
      var value = $2
      value[1] ^= 1
      try $3.put($0, $1, value)
    }
    changed +=
      2
      * (try Self.damage(store, "cells", hours[9]..<hours[12], PageKey.bucketNs) {
        try $3.delete($0, $1)
      })
    if select.contains("increase") {
      changed += try Self.damage(store, "series", hours[9]..<hours[12], SeriesKey.bucketNs) {
        try $3.delete($0, $1)
      }
    }
    let generation = try store.log.environment.read { transaction in
      var cursor = try transaction.cursor(table)
      return try cursor.seekFirst() ? Key.uint32(in: cursor.key, at: 0) ?? 0 : 0
    }
    try store.log.environment.write { transaction in
      let group: [UInt8] = [3]
      let key = PageKey.key(generation, hours[4], group.rawSpan)
      try transaction.put(table, key, Array("made up".utf8))
    }
    changed += 1
    let all = try Self.differences(store)
    #expect(all.count == changed)
    // The range begins and ends within buckets, which are rebuilt wholly: hours 5, 9 and 10 are right again.
    let report = try #require(
      try store.projections.rebuild(
        named: ["k"], verify: false,
        within: { _ in hours[5] + 1..<hours[10] + 1 }
      ).first)
    #expect(report.rangeNs == hours[5]..<hours[11])
    #expect(report.foldedEarlier == select.contains("increase"))
    #expect(report.facts == (report.foldedEarlier ? 66 : 36) && report.cells == 12)
    let left = try Self.differences(store)
    let expected = all.filter { text in
      [3, 4, 11].contains { text.contains("\(Timestamp(ns: hours[$0]))") }
    }
    #expect(left == expected && !left.isEmpty && left.count < all.count)
    #expect(try Self.differences(store, hours[5]..<hours[11]) == [])
    #expect(try Self.differences(store, hours[4]..<hours[11]).count == 2)
    _ = try store.projections.rebuild(
      named: ["k"], verify: false, within: { _ in .min ..< .max })
    #expect(try Self.differences(store) == [])
    #expect(try store.check().isSound)
  }

  /// Cells that are in memory are not written over those that were rebuilt, and follow them.
  @Test func cellsInMemoryAreReadAgain() throws {
    let workspace = TemporaryDirectory()
    let store = try makeStore(workspace.path, "sum(v)")
    defer { store.close() }
    // Both are in memory since the event came; what is on disk is another's then.
    _ = try store.append([#"{"ts":1717200000,"d":"0","v":7}"#], to: "s")
    _ = try Self.damage(
      store, "cells", Self.beginNs..<Self.beginNs + Self.hourNs, PageKey.bucketNs
    ) { try $3.delete($0, $1) }
    _ = try store.projections.rebuild(
      named: ["k"], verify: false, within: { _ in Self.beginNs..<Self.beginNs + 1 })
    _ = try store.append([#"{"ts":1717200000,"d":"0","v":8}"#], to: "s")
    #expect(try Self.differences(store) == [])
  }

  /// A late sample counts a revision in the next bucket of its series, which may be the only one that is rebuilt.
  @Test func revisionsComeFromEarlierBuckets() throws {
    let workspace = TemporaryDirectory()
    let store = try makeStore(workspace.path, "increase(v)")
    defer { store.close() }
    _ = try store.append([#"{"ts":1717210799,"d":"0","v":1}"#], to: "s")
    let next = Self.beginNs + 3 * Self.hourNs
    let revisions = try store.rows(of: "k", next..<next + Self.hourNs).rows.map(\.revision)
    #expect(revisions == [1, 0])
    _ = try store.projections.rebuild(named: ["k"], verify: false, within: { _ in next..<next + 1 })
    #expect(
      try store.rows(of: "k", next..<next + Self.hourNs).rows.map(\.revision) == revisions)
    #expect(try Self.differences(store) == [])
  }

  /// A cancelled rebuild leaves the live cells, and the next one what it has left behind.
  @Test func anInterruptedOneChangesNothing() throws {
    let workspace = TemporaryDirectory()
    let store = try makeStore(workspace.path, "sum(v)")
    defer { store.close() }
    let before = try Self.entries(store)
    #expect(throws: RebuildCancelledError.self) {
      try store.projections.rebuild(
        named: ["k"], verify: false, within: { _ in .min ..< .max }, isCancelled: { true })
    }
    #expect(try Self.entries(store) == before)
    _ = try store.projections.rebuild(
      named: ["k"], verify: false, within: { _ in Int64.min..<Self.beginNs })
    #expect(try Self.entries(store) == before)
  }
}
