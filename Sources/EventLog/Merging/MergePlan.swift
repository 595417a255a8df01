import Model

/// Which neighbouring blocks of a stream are made one.
///
/// Blocks have sizes in steps: a run of neighbours of one step, or of smaller ones, is made one block of the next step as
/// soon as there is enough of it. So an event is written again three times at most, however small the commits were, and
/// few small blocks are left at any time (size-tiered compaction, as in log-structured merge trees: P. O'Neil et al., The
/// log-structured merge-tree, 1996).
struct MergePlan {
  /// A run of this weight is made one block; a block of the last is large, and stays as it is.
  private static let steps = [512, 4_096, 32_768]
  /// So many bytes of documents weigh as one event: a merge has them in memory, and a reader of the block as well.
  private static let bytesPerEvent: UInt64 = 256

  /// What reading a block costs, in events.
  static func weight(_ block: BlockSummary) -> Int {
    let byBytes = Int(clamping: block.originalBytes / bytesPerEvent)
    return max(block.eventCount, block.factCount / 4, byBytes)
  }

  static func isLarge(_ block: BlockSummary) -> Bool { weight(block) >= steps[2] }

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
    var (count, next) = (0, 0)
    while let run = nextOfAll(in: blocks, from: next) {
      count += run.count
      next = run.upperBound
    }
    return count
  }

  /// The first run that can be made one block at all; nil when there is none. O(blocks).
  static func nextOfAll(in blocks: [BlockSummary], from first: Int) -> Range<Int>? {
    var start = first
    while start < blocks.count {
      var (end, weights, events) = (start, 0, 0)
      while end < blocks.count, !isLarge(blocks[end]) {
        weights += weight(blocks[end])
        events += blocks[end].eventCount
        if weights >= 2 * steps[2] || events > Limits.maxBlockEvents { break }
        end += 1
      }
      if end > start + 1 { return start..<end }
      start = max(end, start + 1)
    }
    return nil
  }
}
