import EventLog

/// What compacting a store has brought.
public struct CompactReport: Sendable, Equatable {
  /// Blocks of all streams, the log's own among them.
  public var blocksBefore = 0
  public var blocksAfter = 0
  /// Bytes of the blocks.
  public var blockBytesBefore: UInt64 = 0
  public var blockBytesAfter: UInt64 = 0
  /// Bytes that the file takes on the disk.
  public var diskBytesBefore = 0
  public var diskBytesAfter = 0
  /// Why no room could be given back to the file system; nil when it was.
  public var keptRoom: String?
}

extension Store {
  /// Merges small neighbouring blocks of all streams into large ones, and gives the room of free pages back to the file
  /// system. Events, their numbers and every answer stay the same. A writer does the first by itself, in the background,
  /// as far as it is worth it; this does all of it. Others may read and append meanwhile.
  ///
  /// Throws `CancellationError` when `isCancelled` has said so; what was merged until then stays so. O(bytes of small
  /// blocks).
  public func compact(
    progress: (Double) -> Void = { _ in }, isCancelled: () -> Bool = { false }
  ) throws -> CompactReport {
    var report = CompactReport()
    let before = try statistics()
    (report.blocksBefore, report.blockBytesBefore) = before.blocks
    report.diskBytesBefore = before.diskBytes
    let damage = try log.compact(progress: progress, isCancelled: isCancelled)
    (report.blocksAfter, report.blockBytesAfter) = try statistics().blocks
    (report.diskBytesAfter, report.keptRoom) = try log.giveBackFreeRoom()
    // The rest is merged all the same.
    if let damage { throw damage }
    return report
  }

  /// What has been merged since the store was opened, and why the last try failed, if it did.
  public var merging: MergeState { log.merging }
}
