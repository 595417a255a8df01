import LMDB
import Language
import Model
import Query
import Testing

@testable import EventLog
@testable import Projections
@testable import Store

/// Cells on disk as pages: docs/formats/cells.md.
@Suite struct PageTests {
  private static let hourNs: Int64 = 3_600_000_000_000
  private static let beginNs: Int64 = 1_717_200_000_000_000_000
  private static let allStates = """
    count(*), sum(v), stddev(v), p95(v), median(w), first(w), last(v), distinct(d), top(w, 2), \
    increase(v), sum(v WHERE w > 3)
    """

  /// A store whose pages are split early.
  private static func store(_ path: String, pageBytes: Int?) throws -> Store {
    var limits = CellLimits()
    if let pageBytes { limits.pageSize = PageSize(target: pageBytes) }
    return try Store(directory: path, cellLimits: limits)
  }

  private static func define(_ store: Store, _ select: String, by: String = "d, n") throws {
    try store.projections.define(
      KpiDefinition(name: "k", stream: "s", select: select, groupBy: by, every: "1d"),
      actor: "test")
  }

  /// Events of many groups with long beginnings in common, absent and empty labels among them.
  private static func events(_ random: inout SeededGenerator, _ count: Int) -> [String] {
    let common = String(
      repeating: "plant-frankfurt-hall-07-press-", count: random.pick([0, 1, 1, 40]))
    return (0..<count).map { _ in
      var fields = ["\"ts\":\(1_717_200_000_000 + random.below(2 * 86_400_000))"]
      if !random.oneIn(9) {
        let label = random.oneIn(9) ? "" : "\(common)\(random.below(random.pick([5, 300])))"
        fields.append("\"d\":\"\(label)\"")
      }
      if random.oneIn(2) { fields.append("\"n\":\(random.below(3))") }
      let number = random.pick([
        "\(random.below(100))", "\(Double(random.below(10_000)) / 100)", "1e-300", "-1.5e30",
        "9223372036854775808", "\(Int64(bitPattern: random.next()))", "0.1234567890123456",
      ])
      if !random.oneIn(9) {
        fields.append("\"v\":\(random.oneIn(3) ? "\(random.below(40))" : number)")
      }
      if random.oneIn(3) { fields.append("\"w\":\(random.oneIn(4) ? "\"text\"" : number)") }
      return "{\(fields.joined(separator: ","))}"
    }
  }

  /// Keys and values of the pages.
  private static func pages(_ store: Store) throws -> [(key: Key, value: [UInt8])] {
    try store.log.environment.read { transaction in
      var pages: [(Key, [UInt8])] = []
      var cursor = try transaction.cursor(store.log.environment.table("cells"))
      while try cursor.next() {
        guard let key = Key(copying: cursor.key) else { continue }
        var value: [UInt8] = []
        value.append(span: cursor.value)
        pages.append((key, value))
      }
      return pages
    }
  }

  private static func groups(_ page: (key: Key, value: [UInt8])) throws -> [[UInt8]] {
    var groups: [[UInt8]] = []
    let view = try CellPage(page.key.bytes, page.value.rawSpan)
    try view.forEachGroup { _, group in
      var copy: [UInt8] = []
      copy.append(span: group)
      groups.append(copy)
    }
    return groups
  }

  /// However groups come, each stands on the one page that its key leads to, and what is written is what a rebuild finds.
  @Test func everyGroupHasOnePage() {
    rounds(12) { random in
      let workspace = TemporaryDirectory()
      let pageBytes = random.pick([200, 1_000, 4_000])
      var store = try Self.store(workspace.path, pageBytes: pageBytes)
      defer { store.close() }
      _ = try store.append([#"{"ts":1717200000,"d":"a","n":1,"v":1,"w":2}"#], to: "s")
      let isOfAllStates = random.oneIn(2)
      try Self.define(store, isOfAllStates ? Self.allStates : "count(*), avg(v), max(v), p95(v)")
      var pageCount = 0
      for _ in 0..<random.within(2...6) {
        _ = try store.append(Self.events(&random, random.pick([1, 30, 200])), to: "s")
        try store.projections.writeCells()
        let pages = try Self.pages(store)
        try check(pages.count >= pageCount, "there are fewer pages")
        pageCount = pages.count
        for (index, page) in pages.enumerated() {
          let bucketNs = PageKey.bucketNs(page.key.bytes)
          let lower = PageKey.separator(page.key.bytes)
          let next = index + 1 < pages.count ? pages[index + 1].key : Key()
          let isLast = PageKey.bucketNs(next.bytes) != bucketNs || next.byteCount == 0
          let isFirst = index == 0 || PageKey.bucketNs(pages[index - 1].key.bytes) != bucketNs
          try checkEqual(lower.isEmpty, isFirst, "the first page of a bucket")
          let range = GroupRange(lower: lower, upper: isLast ? nil : PageKey.separator(next.bytes))
          let groups = try Self.groups(page)
          try check(groups.allSatisfy { range.contains($0.rawSpan) }, "\(groups) within \(range)")
          let isSorted = zip(groups, groups.dropFirst()).allSatisfy {
            $0.lexicographicallyPrecedes($1)
          }
          try check(isSorted && !groups.isEmpty, "the order of \(groups)")
        }
        if random.oneIn(3) {
          store.close()
          store = try Self.store(workspace.path, pageBytes: pageBytes)
        }
        try KpiTests.verify(store, "pages of \(pageBytes) bytes")
      }
      #expect(try store.check().isSound)
    }
  }

  /// Many new cells of a bucket, among those that there are: pages of the bytes asked for, and cells as a rebuild has them.
  @Test func manyNewCellsAreWritten() throws {
    let workspace = TemporaryDirectory()
    let store = try Self.store(workspace.path, pageBytes: 200)
    defer { store.close() }
    _ = try store.append([#"{"ts":1717200000,"d":"a","n":1,"v":1,"w":2}"#], to: "s")
    try Self.define(store, "count(*), avg(v), p95(v)", by: "d")
    for part in 0..<3 {
      let events = (0..<1_500).map { index in
        #"{"ts":1717200000,"d":"press-\#(index * 7919 % 1_500 + part * 1_000)","v":\#(index)}"#
      }
      _ = try store.append(events, to: "s")
      try store.projections.writeCells()
      let pages = try Self.pages(store)
      let groups = try pages.flatMap { try Self.groups($0) }
      #expect(groups.count == 1_501 + part * 1_000)
      #expect(zip(groups, groups.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) })
      #expect(pages.filter { $0.value.count < 100 }.count <= pages.count / 10)
      try KpiTests.verify(store, "part \(part)")
    }
    #expect(try store.check().isSound)
  }

  /// Rows that are read for what is shown of them show what rows with all of their states do.
  @Test func shownRowsAreThose() {
    rounds(10) { random in
      let workspace = TemporaryDirectory()
      let store = try Self.store(workspace.path, pageBytes: nil)
      defer { store.close() }
      _ = try store.append([#"{"ts":1717200000,"d":"a","n":1,"v":1,"w":2}"#], to: "s")
      _ = try store.append(Self.events(&random, random.pick([1, 40, 200])), to: "s")
      try Self.define(store, Self.allStates)
      let kpi = try store.log.environment.read { try store.projections.kpi(named: "k", $0) }.kpi
      let aggregates = kpi.definition.items.compactMap { item -> Aggregate? in
        guard case .aggregate(let aggregate) = item.expression else { return nil }
        return random.oneIn(3) ? nil : aggregate
      }
      var reading = kpi.plan.measures.map { _ in MeasureReading() }
      for aggregate in aggregates {
        let place = try #require(kpi.plan.index(of: aggregate))
        reading[place].add(aggregate.function)
      }
      for (key, value) in try Self.pages(store) {
        let page = try CellPage(key.bytes, value.rawSpan)
        let some = (0..<Int32(page.count)).filter { _ in !random.oneIn(4) }
        func shown(_ reading: [MeasureReading]?) throws -> [String] {
          var cells = CellColumns(kpi.plan, reading: reading)
          try cells.append(some, of: page.states, count: page.count, bucketNs: page.bucketNs)
          cells.summarize()
          let rows = CellRows(cells: cells, places: some.indices.map { Int32($0) })
          return try aggregates.map {
            "\(CellEvaluator(rows: rows).column(try CellItem($0, kpi.plan)))"
          }
        }
        try checkEqual(try shown(reading), try shown(nil), "\(aggregates.map(\.function))")
      }
    }
  }

  /// One row of a page reads as it does with all others, and is written as it was; so do states that are read alone.
  @Test func oneRowReadsAsAll() {
    rounds(10) { random in
      let workspace = TemporaryDirectory()
      let store = try Self.store(workspace.path, pageBytes: nil)
      defer { store.close() }
      _ = try store.append([#"{"ts":1717200000,"d":"a","n":1,"v":1,"w":2}"#], to: "s")
      _ = try store.append(Self.events(&random, random.pick([1, 40, 200])), to: "s")
      try Self.define(store, Self.allStates)
      let (kpi, pages) = try (
        store.log.environment.read { try store.projections.kpi(named: "k", $0) }.kpi,
        Self.pages(store)
      )
      for (key, value) in pages {
        let page = try CellPage(key.bytes, value.rawSpan)
        let all = (0..<Int32(page.count)).map { $0 }
        func read(_ rows: [Int32], _ reading: [MeasureReading]? = nil) throws -> CellColumns {
          var cells = CellColumns(kpi.plan, reading: reading)
          try cells.append(rows, of: page.states, count: page.count, bucketNs: page.bucketNs)
          return cells
        }
        func bytes(_ cells: CellColumns, _ rows: [Int32]) -> [UInt8] {
          var bytes: [UInt8] = []
          cells.encode(rows[...], bucketNs: page.bucketNs, into: &bytes)
          return bytes
        }
        let cells = try read(all)
        let states = value[value.count - 8 - page.states.byteCount..<value.count - 8]
        try checkEqual(bytes(cells, all), Array(states), "written again")
        for row in all where page.count < 20 || random.oneIn(5) {
          try checkEqual(bytes(try read([row]), [0]), bytes(cells, [row]), "row \(row)")
        }
        let some = all.filter { _ in random.oneIn(2) }
        let places = some.indices.map { Int32($0) }
        try checkEqual(bytes(try read(some), places), bytes(cells, some), "some rows")
        let needs = kpi.plan.measures.map { measure in
          random.oneIn(2) ? measure.needs : measure.needs.intersection(.moments)
        }
        let part = try read(all, needs.map { MeasureReading(merging: $0) })
        for measure in needs.indices {
          try checkEqual(part.measures[measure].counts, cells.measures[measure].counts, "counts")
          guard needs[measure].contains(.moments) else { continue }
          try checkEqual(
            part.measures[measure].moments.rows, cells.measures[measure].moments.rows, "moments")
        }
      }
    }
  }

  private func makeStore(_ path: String) throws -> Store {
    let store = try Self.store(path, pageBytes: 300)
    let events = (0..<1_200).map { number in
      let time = 1_717_200_000 + 43_200 * (number / 600)
      return #"{"ts":\#(time),"d":"press-\#(100 + number % 60)","n":1,"v":\#(number)}"#
    }
    _ = try store.append(events, to: "s")
    try Self.define(store, "sum(v), p95(v)")
    try store.projections.writeCells()
    return store
  }

  /// Whatever byte of a page or of its key is damaged is noticed, and the damage says which bucket and groups it is of.
  @Test func everyDamagedByteIsNoticed() throws {
    let workspace = TemporaryDirectory()
    let store = try makeStore(workspace.path)
    defer { store.close() }
    let pages = try Self.pages(store)
    #expect(pages.count > 4)
    var random = SeededGenerator(seed: firstSeed)
    let (key, value) = pages[2]
    let label = "press-1"
    for place in value.indices {
      var damaged = value
      damaged[place] ^= UInt8(1 << random.below(8))
      do {
        _ = try CellPage(key.bytes, damaged.rawSpan)
        Issue.record("byte \(place) is damaged")
      } catch let damage as DamageError {
        #expect(damage.isOfCells && damage.what.contains("bucket 2024-06-01"), "\(damage.what)")
        #expect(damage.what.contains("groups from \(label)"), "\(damage.what)")
      }
    }
    for place in 0..<key.byteCount {
      var bytes: [UInt8] = []
      bytes.append(span: key.bytes)
      bytes[place] ^= UInt8(1 << random.below(8))
      #expect(throws: DamageError.self) { _ = try CellPage(bytes.rawSpan, value.rawSpan) }
    }
    for end in 0..<value.count {
      let cut = Array(value[..<end])
      #expect(throws: DamageError.self) { _ = try CellPage(key.bytes, cut.rawSpan) }
    }
  }

  /// A damaged page is not read over, and computed anew with its range; a cell that is another is named.
  @Test func aRebuildMendsAPage() throws {
    let workspace = TemporaryDirectory()
    let store = try makeStore(workspace.path)
    defer { store.close() }
    let pages = try Self.pages(store)
    let table = store.log.environment.table("cells")
    let (key, value) = pages[1]
    func differences() throws -> [String] {
      try store.projections.rebuild(named: [], verify: true).flatMap(\.differences)
    }
    func put(_ key: Key, _ value: [UInt8]) throws {
      try store.log.environment.write { try $0.put(table, key, value) }
    }
    // A page without its first cell, as one that was written so.
    let kpi = try store.log.environment.read { try store.projections.kpi(named: "k", $0) }.kpi
    let groups = try Self.groups((key, value))
    let page = try CellPage(key.bytes, value.rawSpan)
    var cells = CellColumns(kpi.plan)
    let all = (0..<Int32(page.count)).map { $0 }
    try cells.append(all, of: page.states, count: page.count, bucketNs: page.bucketNs)
    cells.revise(2)
    var names = ByteStrings()
    for group in groups { names.append(group) }
    var other: [UInt8] = []
    CellPage.appendHead(all.dropFirst(), of: names, to: &other)
    cells.encode(all.dropFirst(), bucketNs: page.bucketNs, into: &other)
    PageKey.seal(&other, under: key)
    try put(key, other)
    let labels = groups.map { GroupKey.labels($0.rawSpan, count: 2) ?? [] }
    let texts = try differences()
    #expect(texts.count == 2)
    #expect(
      texts[0].hasSuffix(
        "bucket 2024-06-01T00:00:00Z \(labels[0][0] ?? ""), 1: only among the rebuilt"))
    #expect(texts[1].hasSuffix("bucket 2024-06-01T00:00:00Z \(labels[2][0] ?? ""), 1: differs"))

    var damaged = value
    damaged[value.count / 2] ^= 4
    try put(key, damaged)
    #expect(throws: DamageError.self) { _ = try store.rows(of: "k") }
    #expect(try !store.check().isSound)
    #expect(try differences().count == 1)
    let rows = try store.projections.rebuild(
      named: ["k"], verify: false, within: { _ in Self.beginNs..<Self.beginNs + 1 })
    #expect(rows[0].cells == 60)
    #expect(try differences() == [])
    #expect(try store.check().isSound)
    #expect(try store.rows(of: "k").rows.count == 60)

    // The same by a statement, which mends what it is asked for.
    try put(key, damaged)
    func rebuild(_ range: String) throws {
      _ = try QueryEngine(store).run("REBUILD KPI k \(range)", QueryOptions(nowNs: 0))
    }
    try rebuild("SINCE '2024-06-02'")
    #expect(throws: DamageError.self) { _ = try store.rows(of: "k") }
    try rebuild("SINCE '2024-06-01' UNTIL '2024-06-01T00:00:01'")
    #expect(try differences() == [])
    #expect(try store.rows(of: "k").rows.count == 60)
  }
}
