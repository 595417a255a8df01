import Bytes
import EventLog
import LMDB

/// What blocks add to a KPI, in the parts in which its revisions count.
struct BlockParts: Sendable {
  struct Part: Sendable {
    let fold: BlockFold
    /// The stream's watermark before it. What it revises by changing samples that others begin at is told by this.
    let watermarkNs: Int64?
  }

  /// The events that are in them, as those of one block.
  let block: StoredBlock
  let parts: [Part]

  /// Of the events of `block`, and of `times` when these are given. O(facts).
  init(
    _ columns: FactColumns, _ kpi: CompiledKpi, of block: StoredBlock,
    times: [Range<Int64>]? = nil
  ) throws {
    self.block = block
    var parts: [Part] = []
    try Self.forEach(columns, kpi, of: block, times: times) { parts.append($0) }
    self.parts = parts
  }

  /// The same, one part after the other. O(facts).
  static func forEach(
    _ columns: FactColumns, _ kpi: CompiledKpi, of block: StoredBlock,
    times: [Range<Int64>]? = nil, _ body: (Part) throws -> Void
  ) throws {
    if kpi.plan.hasSeries {
      // A late sample revises rows that the batch has no facts of, and which do not count it twice.
      for part in try LateParts(columns, kpi, within: block).parts {
        var selection = part.selection
        selection.times = times
        guard let fold = try BlockFold(columns, kpi, selection, revisions: true) else { continue }
        try body(Part(fold: fold, watermarkNs: part.watermarkNs))
      }
      return
    }
    let selection = FactSelection(times: times).within(block)
    let fold =
      times == nil
      ? try BlockFold(sharing: columns, kpi, selection)
      : try BlockFold(columns, kpi, selection, revisions: true)
    if let fold { try body(Part(fold: fold, watermarkNs: nil)) }
  }

  /// A block that adds nothing.
  init(nothingOf block: StoredBlock) { (self.block, parts) = (block, []) }

  /// About how many cells merging it looks at.
  var cellCount: Int { parts.reduce(0) { $0 + $1.fold.count } }
}
