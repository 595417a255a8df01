import Bytes
import LMDB
import Model

/// The dedup ids of all events, on disk: for each stream and partition of event time a few sorted,
/// immutable runs, written once when enough ids have come together and merged when they become many.
///
/// A lookup asks the runs of the partitions within the stream's window around the event's time; so it costs
/// the same however long the history is, and a file can be read again years later without adding anything.
struct DedupIndex {
  /// Each partition is this part of the stream's window.
  static let partitionsPerWindow: Int64 = 7

  let table: Table
  /// The runs of each stream.
  private(set) var runs: [UInt32: [IdRun]] = [:]
  /// The merge under way, if any: a few pages are written with each commit.
  var merge: RunMerge?
  /// Runs whose pages are still on disk though nothing looks at them any more. They are deleted by the commit
  /// after the one that replaced them, since a lookup can still be at work with the directory of before.
  var leftovers: [Key] = []
  private var nextRun: UInt32 = 1

  /// Reads the directory. O(runs).
  init(_ transaction: borrowing ReadTransaction, table: Table) throws {
    self.table = table
    var cursor = try transaction.cursor(table)
    var found = try cursor.seekFirst()
    while found {
      guard let prefix = Key(copying: cursor.key.extracting(0..<min(16, cursor.key.byteCount))),
        let end = prefix.endOfPrefix, let number = Key.uint32(in: cursor.key, at: 12)
      else { throw DamageError(what: "directory of the dedup index") }
      if cursor.key.byteCount == 16 {
        guard let run = IdRun(key: cursor.key, value: cursor.value) else {
          throw DamageError(what: "directory of the dedup index")
        }
        try Self.requireComplete(run, transaction, table)
        runs[run.streamId, default: []].append(run)
      } else {
        // Pages without a directory entry: of a merge that was under way when the program ended.
        leftovers.append(prefix)
      }
      nextRun = max(nextRun, number + 1)
      found = try cursor.seek(atOrAfter: end)
    }
  }

  /// Throws ``DamageError`` when a page of the run is missing: its key, or that of the run, is not what was
  /// written, and its pages would be taken for leftovers. O(pages of the run).
  private static func requireComplete(
    _ run: IdRun, _ transaction: borrowing ReadTransaction, _ table: Table
  ) throws {
    var cursor = try transaction.cursor(table)
    var found = try cursor.seek(exactly: run.key)
    for key in [run.filterKey, run.detailKey] {
      for page in 0..<run.layout.pageCount {
        found = try found && cursor.next()
        guard found, cursor.key.byteCount == 20, cursor.hasPrefix(key(page)) else {
          throw DamageError(
            what: "dedup index of stream \(run.streamId), run \(run.number), page \(page)")
        }
      }
    }
  }

  static func partitionNs(_ definition: StreamDefinition) -> Int64 {
    // Rounded up: as many partitions must cover the window.
    max((definition.dedupWindowNs - 1) / partitionsPerWindow + 1, 1)
  }

  /// The runs that may hold ids within the window of events between the two times.
  func runs(of definition: StreamDefinition, minTimeNs: Int64, maxTimeNs: Int64) -> [IdRun] {
    let length = Self.partitionNs(definition)
    let low = minTimeNs.flooredQuotient(length) - Self.partitionsPerWindow
    let high = maxTimeNs.flooredQuotient(length) + Self.partitionsPerWindow
    return (runs[definition.id] ?? []).filter { $0.partition >= low && $0.partition <= high }
  }

  /// A run that is new: no run and no leftover on disk has its number.
  mutating func makeRun(
    streamId: UInt32, partition: Int64, entryCount: Int, minSeq: UInt64, maxSeq: UInt64
  ) -> IdRun {
    defer { nextRun += 1 }
    return IdRun(
      streamId: streamId, partition: partition, number: nextRun, entryCount: entryCount,
      minSeq: minSeq, maxSeq: maxSeq)
  }

  mutating func add(_ run: IdRun) { runs[run.streamId, default: []].append(run) }

  mutating func remove(_ run: IdRun) { runs[run.streamId]?.removeAll { $0 == run } }

  /// The filter of page `page` of `run`, checked.
  @_lifetime(borrow transaction)
  func filter(
    _ page: Int, of run: IdRun, _ transaction: borrowing ReadTransaction
  ) throws -> IdPageFilter {
    guard let bytes = try transaction.get(table, run.filterKey(page)), bytes.unsealed != nil,
      let filter = IdPageFilter(bytes, run.layout)
    else { throw damage(run, page) }
    return filter
  }

  /// The detail of a page of `count` entries, checked.
  @_lifetime(borrow transaction)
  func detail(
    _ page: Int, of run: IdRun, count: Int, _ transaction: borrowing ReadTransaction
  ) throws -> IdPageDetail {
    guard let bytes = try transaction.get(table, run.detailKey(page)), bytes.unsealed != nil,
      let detail = IdPageDetail(bytes, run.layout, count: count)
    else { throw damage(run, page) }
    return detail
  }

  func damage(_ run: IdRun, _ page: Int) -> DamageError {
    DamageError(what: "dedup index of stream \(run.streamId), run \(run.number), page \(page)")
  }
}
