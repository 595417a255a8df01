import Bytes
import EventLog
import LMDB

/// What a stored block adds to a KPI, in the parts in which its revisions count.
struct BlockParts: Sendable {
  struct Part: Sendable {
    let fold: BlockFold
    /// The stream's watermark before it.
    let watermarkNs: Int64?
  }

  let block: StoredBlock
  let parts: [Part]

  /// Of the events of `block`, and of `times` when these are given. O(facts).
  init(
    _ columns: FactColumns, _ kpi: CompiledKpi, of block: StoredBlock,
    times: [Range<Int64>]? = nil
  ) throws {
    self.block = block
    parts = try LateParts(columns, kpi, within: block).parts.compactMap { part in
      var selection = part.selection
      selection.times = times
      return try BlockFold(columns, kpi, selection).map {
        Part(fold: $0, watermarkNs: part.watermarkNs)
      }
    }
  }

  /// A block that adds nothing.
  init(nothingOf block: StoredBlock) { (self.block, parts) = (block, []) }

  /// About how many cells merging it looks at.
  var cellCount: Int { parts.reduce(0) { $0 + $1.fold.count } }
}
