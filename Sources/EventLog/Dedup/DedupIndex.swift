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
  private var nextRun: UInt32 = 1

  /// Reads the directory. O(runs).
  init(_ transaction: borrowing ReadTransaction, table: Table) throws {
    self.table = table
    var cursor = try transaction.cursor(table)
    var found = try cursor.seekFirst()
    while found {
      // Pages without a directory entry are what a merge left behind when the program was killed.
      if cursor.key.byteCount == 16 {
        guard let run = IdRun(key: cursor.key, value: cursor.value) else {
          throw DamageError(what: "directory of the dedup index")
        }
        runs[run.streamId, default: []].append(run)
      }
      nextRun = max(nextRun, (Key.uint32(in: cursor.key, at: 12) ?? 0) + 1)
      guard let prefix = Key(copying: cursor.key.extracting(0..<16)), let end = prefix.endOfPrefix
      else { break }
      found = try cursor.seek(atOrAfter: end)
    }
  }

  static func partitionNs(_ definition: StreamDefinition) -> Int64 {
    max(definition.dedupWindowNs / partitionsPerWindow, 1)
  }

  /// The runs that may hold ids within the window of events between the two times.
  func runs(of definition: StreamDefinition, minTimeNs: Int64, maxTimeNs: Int64) -> [IdRun] {
    let length = Self.partitionNs(definition)
    let low = minTimeNs.flooredQuotient(length) - Self.partitionsPerWindow
    let high = maxTimeNs.flooredQuotient(length) + Self.partitionsPerWindow
    return (runs[definition.id] ?? []).filter { $0.partition >= low && $0.partition <= high }
  }

  /// A run that is new: numbers are never used twice.
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

  /// Page `page` of `run`, checked unless `checked` says that it was before.
  @_lifetime(borrow transaction)
  func page(
    _ page: Int, of run: IdRun, _ transaction: borrowing ReadTransaction, isChecked: Bool = false
  ) throws -> IdRunPage {
    guard let bytes = try transaction.get(table, run.pageKey(page)),
      isChecked || IdRunPage.isIntact(bytes), let idPage = IdRunPage(bytes, run.layout)
    else {
      throw DamageError(what: "dedup index of stream \(run.streamId), run \(run.number), page \(page)")
    }
    return idPage
  }

  /// Reads every page of every run. Throws ``DamageError`` for the first that is damaged.
  func check(_ transaction: borrowing ReadTransaction) throws {
    for run in runs.values.joined() {
      var count = 0
      for number in 0..<run.layout.pageCount {
        count += try page(number, of: run, transaction).count
      }
      if count != run.entryCount {
        throw DamageError(what: "dedup index of stream \(run.streamId), run \(run.number)")
      }
    }
  }
}

/// Pages of the dedup index that were found intact since the store was opened: pages never change, so one
/// check is enough.
struct CheckedPages {
  private struct Page: Hashable {
    var run: UInt32
    var number: UInt32
  }
  private var pages: Set<Page> = []

  /// Calls `found` with each row whose hash a run may hold, and the event that may have the same id.
  /// `rows` are sorted by hash. O(rows + pages).
  mutating func lookUp(
    _ rows: [(hash: UInt64, row: Int32)], in run: IdRun, of index: DedupIndex,
    _ transaction: borrowing ReadTransaction, found: (Int32, UInt64) throws -> Void
  ) throws {
    let layout = run.layout
    var next = 0
    while next < rows.count {
      let number = layout.page(rows[next].hash)
      let key = Page(run: run.number, number: UInt32(number))
      let page = try index.page(number, of: run, transaction, isChecked: pages.contains(key))
      pages.insert(key)
      while next < rows.count, layout.page(rows[next].hash) == number {
        let (hash, row) = rows[next]
        for candidate in page.candidates(hash) where page.hasRest(of: hash, at: candidate) {
          try found(row, page.seq(candidate))
        }
        next += 1
      }
    }
  }
}
