/// When blocks are folded, and when cells are written and dropped from memory.
package struct CellLimits: Sendable {
  /// What cells take in memory at most, over all KPIs, but for those that one batch of facts adds, and for a bucket that is
  /// changing, which stays whole. Three quarters of it may be cells that are still to be written.
  package var memoryBytes: Int
  /// Facts that are folded together: at least so many, unless somebody asks for what they change, and at most.
  package var batchFacts: ClosedRange<Int>
  /// Facts that may wait to be folded, for each stream: commits wait for what is above it.
  package var unfoldedFacts = 1 << 21
  /// Facts and cells of blocks that may be merged again after a crash; a cell counts as eight facts.
  package var unwrittenWork = 8_000_000
  /// How long committed events may wait for the cells on disk, by the log's clock.
  package var unwrittenSeconds = 60
  /// How large pages of cells are made.
  package var pageSize = PageSize()

  /// A batch has so many facts that the cells of a block whose facts are all of different ones fit as well.
  private static let bytesOfAFact = 1_024
  private static let minBatchFacts = 1 << 15

  /// For a program that takes about `totalBytes` of memory: three eighths of it are for cells, the rest is for what comes in.
  package init(totalBytes: Int = Self.defaultTotalBytes) {
    memoryBytes = totalBytes / 8 * 3
    let facts = max(Self.minBatchFacts, totalBytes / Self.bytesOfAFact)
    batchFacts = Self.minBatchFacts...min(facts, 1 << 19)
  }

  package static let defaultTotalBytes = 256 << 20
}
