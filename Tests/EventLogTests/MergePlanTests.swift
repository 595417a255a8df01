import Model
import Testing

@testable import EventLog

@Suite struct MergePlanTests {
  /// A block of so many events and bytes.
  private static func blocks(
    _ sizes: [(events: Int, bytes: Int)]
  ) throws -> [BlockSummary] {
    var pipeline = try Pipeline()
    let one = try pipeline.block([utf8(#"{"ts":1700000000,"a":1}"#)])
    var nextSeq: UInt64 = 1
    return sizes.map { size in
      var block = BlockSummary(one, Watermarks(), after: nil)
      block.firstSeq = nextSeq
      block.lastSeq = nextSeq + UInt64(size.events) - 1
      (block.eventCount, block.factCount) = (size.events, size.events)
      block.originalBytes = UInt64(size.bytes)
      nextSeq = block.lastSeq + 1
      return block
    }
  }

  /// The runs of blocks, looked for from the first block on; how many blocks are looked at.
  private static func runs(_ blocks: [BlockSummary]) -> (runs: [[BlockSummary]], looks: Int) {
    var (runs, looks, start): ([[BlockSummary]], Int, Int) = ([], 0, 0)
    while true {
      var run = MergeRun()
      var found: [BlockSummary]?
      for block in blocks[start...] where found == nil {
        looks += 1
        found = run.add(block)
      }
      guard let ended = found ?? run.end() else { return (runs, looks) }
      runs.append(ended)
      start = blocks.firstIndex { $0.firstSeq > ended[ended.count - 1].lastSeq } ?? blocks.count
    }
  }

  @Test func runsAreOfNeighboursAndWithinLimits() {
    rounds(300) { random in
      let sizes = (0..<random.below(60)).map { _ in
        (events: 1 << random.below(17), bytes: random.oneIn(9) ? random.below(20_000_000) : 100)
      }
      let blocks = try Self.blocks(sizes)
      let (runs, _) = Self.runs(blocks)
      for run in runs {
        try check(run.count > 1, "a run of one block")
        let first = try #require(blocks.firstIndex(of: run[0]))
        try check(Array(blocks[first..<first + run.count]) == run, "blocks are left out")
        try check(!run.contains(where: MergePlan.isLarge), "a large block")
        let events = run.reduce(0) { $0 + $1.eventCount }
        let weight = run.reduce(0) { $0 + MergePlan.weight($1) }
        func fits(_ more: BlockSummary) -> Bool {
          !MergePlan.isLarge(more) && events + more.eventCount <= Limits.maxBlockEvents
            && weight + MergePlan.weight(more) < MergePlan.maxRunWeight
        }
        try check(
          events <= Limits.maxBlockEvents && weight < MergePlan.maxRunWeight, "a run too large")
        let next = first + run.count
        try check(next == blocks.count || !fits(blocks[next]), "a run that could be longer")
      }
      try checkEqual(
        MergePlan.mergeable(blocks), runs.reduce(0) { $0 + $1.count }, "blocks to be merged")
    }
  }

  /// Looking for all runs, one after the other, looks at each block once, and at the one that ends a run twice.
  @Test func allRunsAreFoundInLinearTime() throws {
    for count in [2_000, 4_000] {
      let blocks = try Self.blocks(Array(repeating: (events: 20_000, bytes: 100), count: count))
      let (runs, looks) = Self.runs(blocks)
      #expect(runs.count == (count + 1) / 3)
      #expect(looks <= blocks.count + runs.count)
    }
  }
}
