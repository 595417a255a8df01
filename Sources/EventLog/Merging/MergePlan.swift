import Model

/// Which neighbouring blocks of a stream are made one.
///
/// Blocks have sizes in steps: a run of neighbours of one step, or of smaller ones, is made one block of the next step as
/// soon as there is enough of it. So an event is written again twice at most, however small the commits were, and
/// few small blocks are left at any time (size-tiered compaction, as in log-structured merge trees: P. O'Neil et al., The
/// log-structured merge-tree, 1996).
struct MergePlan {
  /// A run of this weight is made one block; a block of the last is large, and stays as it is.
  private static let steps = [512, 32_768]
  /// So many bytes of documents weigh as one event: a merge has them in memory, and a reader of the block as well.
  private static let bytesPerEvent: UInt64 = 256
  /// A run that is made one block without regard to steps weighs less.
  static let maxRunWeight = 2 * steps[1]

  /// What reading a block costs, in events.
  static func weight(_ block: BlockSummary) -> Int {
    let byBytes = Int(clamping: block.originalBytes / bytesPerEvent)
    return max(block.eventCount, block.factCount / 4, byBytes)
  }

  static func isLarge(_ block: BlockSummary) -> Bool { weight(block) >= steps[1] }

  /// The first run to be made one block; nil when there is none. `blocks` follow each other. O(blocks).
  static func next(in blocks: [BlockSummary]) -> Range<Int>? {
    for step in steps {
      var (start, sum) = (0, 0)
      for (index, block) in blocks.enumerated() {
        let weight = weight(block)
        if weight >= step {
          (start, sum) = (index + 1, 0)
          continue
        }
        sum += weight
        if sum >= step, index > start { return start..<index + 1 }
      }
    }
    return nil
  }

  /// How many of the blocks are in a run that can be made one block. O(blocks).
  static func mergeable(_ blocks: [BlockSummary]) -> Int {
    var run = MergeRun()
    var count = 0
    for block in blocks { count += run.add(block)?.count ?? 0 }
    return count + (run.end()?.count ?? 0)
  }
}

/// Finds the runs of blocks that can be made one block at all, each block looked at once.
struct MergeRun {
  private var blocks: [BlockSummary] = []
  private var weights = 0
  private var events = 0

  /// Takes the next block of the stream. Gives the run that ends before it, if there is one.
  mutating func add(_ block: BlockSummary) -> [BlockSummary]? {
    var ended: [BlockSummary]?
    let weight = MergePlan.weight(block)
    if MergePlan.isLarge(block) || weights + weight >= MergePlan.maxRunWeight
      || events + block.eventCount > Limits.maxBlockEvents
    {
      ended = end()
    }
    if !MergePlan.isLarge(block) {
      blocks.append(block)
      weights += weight
      events += block.eventCount
    }
    return ended
  }

  /// There are no more blocks. Gives the run that ends with the last, if there is one.
  mutating func end() -> [BlockSummary]? {
    defer { self = MergeRun() }
    return blocks.count > 1 ? blocks : nil
  }
}
