import Foundation
import Testing

@testable import EventLog
@testable import Projections
@testable import Store

/// What a reader has of cells stays what it is, whatever is added to them later.
@Suite struct CellCopyTests {
  private static let everything = """
    count(*), avg(v), stddev(v), p95(v), max(w), distinct(d), top(d, 2), first(d), last(d), increase(v)
    """

  private static func caches(_ store: Store) throws -> [CellCache] {
    let stream = try #require(try store.log.stream(named: "s"))
    return store.projections.cells(ofStream: stream.definition.id).caches
  }

  private static func inStore(
    _ random: inout SeededGenerator, _ body: (Store, inout SeededGenerator) throws -> Void
  ) throws {
    let directory = FileManager.default.temporaryDirectory
      .appending(path: "nilometer-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    let store = try store(directory.path())
    defer { store.close() }
    try body(store, &random)
  }

  /// A store with a KPI of all states, and some others.
  private static func store(_ directory: String) throws -> Store {
    let store = try Store(directory: directory)
    _ = try store.append([#"{"ts":1717200000,"d":"a","n":1,"v":1,"w":2}"#], to: "s")
    let selects = [everything, "count(*), sum(v), median(v)", "stddev(v), count(v WHERE d = 'a')"]
    for (index, select) in selects.enumerated() {
      let kpi = try KpiDefinition(
        name: "k\(index)", stream: "s", select: select, groupBy: index == 1 ? nil : "n", every: "1d"
      )
      try store.projections.define(kpi, actor: "test")
    }
    return store
  }

  /// All that cells hold, as texts, which share nothing with them.
  private static func texts(_ cells: HotCells) -> [String] {
    cells.buckets.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.cells)" }
  }

  /// Numbers of all kinds of states, few enough to compare them often.
  private static func append(to store: Store, _ random: inout SeededGenerator) throws {
    let events = (0..<random.within(1...30)).map { _ in
      let time = 1_717_200_000 + 40_000 * random.below(4)
      let value = random.pick(["1", "2.5", "-3", "0", "1e-30", "7e20", "\(random.below(900))"])
      let name = random.pick(["a", "b", "c", "text \(random.below(50))"])
      return #"{"ts":\#(time),"d":"\#(name)","n":\#(random.below(3)),"v":\#(value),"w":2}"#
    }
    _ = try store.append(events, to: "s")
  }

  @Test func whatAReaderHasTakenStays() {
    rounds(2) { random in
      try Self.inStore(&random) { store, random in
        for step in 0..<6 {
          try Self.append(to: store, &random)
          var taken: [(cells: HotCells, texts: [String])] = []
          for cache in try Self.caches(store) {
            store.projections.follow(kpi: cache.kpi.definition.id)
            if let cells = cache.changes(within: .min ..< .max)?.cells {
              taken.append((cells, Self.texts(cells)))
            }
          }
          try Self.append(to: store, &random)
          for cache in try Self.caches(store) {
            store.projections.follow(kpi: cache.kpi.definition.id)
          }
          for one in taken {
            for (now, before) in zip(Self.texts(one.cells), one.texts) where now != before {
              throw Mismatch(
                description: "step \(step) changed what was taken of"
                  + " \(one.cells.kpi.definition.name): \(difference(before, now))")
            }
          }
          if random.oneIn(3) { try store.projections.writeCells() }
        }
      }
    }
  }

  /// The same of cells that are put together from others, as answers are.
  @Test func cellsThatAreMerged() {
    rounds(2) { random in
      try Self.inStore(&random) { store, random in
        for _ in 0..<4 { try Self.append(to: store, &random) }
        for cache in try Self.caches(store) {
          store.projections.follow(kpi: cache.kpi.definition.id)
          guard let source = cache.hot.buckets.values.first?.cells, source.count > 0 else {
            continue
          }
          try checkCopies(of: source.emptied, steps: 20, &random) { cells, random in
            let other = random.below(source.count)
            guard cells.count > 0, random.oneIn(2) else { return cells.append(other, of: source) }
            let row = random.below(cells.count)
            switch random.below(5) {
            case 0: cells.merge(other, of: source, into: row)
            case 1: cells.mergeRow(random.below(cells.count), into: row)
            case 2: cells.revise(row)
            case 3: cells.summarize()
            default: cells.appendRow()
            }
          }
        }
      }
    }
  }
}
