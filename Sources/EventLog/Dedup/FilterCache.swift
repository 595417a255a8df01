import Bytes
import LMDB
import Synchronization

/// The filters of runs in memory, as far as the budget goes, shared by the threads that look ids up.
///
/// Every new id is looked for in all runs of its window, so all their filters are touched all the time, and
/// mapped from the file they would bring their neighbours with them. Beyond the budget they are read from the
/// map. Runs never change, so a filter that is here need not be checked again.
final class FilterCache: Sendable {
  /// 2.3 bytes for each id.
  static let budgetBytes = 72 << 20

  private struct State {
    /// The filters of each run, by page; empty where a page is not here.
    var filters: [UInt32: [[UInt8]]] = [:]
    /// The number of the lookup that used a run last.
    var lastUses: [UInt32: Int] = [:]
    var lookups = 0
    var byteCount = 0

    mutating func use(_ run: UInt32) -> [[UInt8]] {
      lookups += 1
      lastUses[run] = lookups
      return filters[run] ?? []
    }

    mutating func remove(_ run: UInt32) {
      byteCount -= filters.removeValue(forKey: run)?.reduce(0) { $0 + $1.count } ?? 0
      lastUses[run] = nil
    }

    /// Drops runs that no lookup has used for long, as event time has left them behind.
    mutating func dropUnused() {
      for (run, lastUse) in lastUses where lookups - lastUse > 32 * filters.count { remove(run) }
    }
  }
  private let state = Mutex(State())

  /// Forgets runs that are no longer in use.
  func keep(only index: DedupIndex) {
    let known = Set(index.runs.values.joined().map(\.number))
    state.withLock { state in
      for run in state.lastUses.keys where !known.contains(run) { state.remove(run) }
    }
  }

  /// Calls `found` with each row whose hash a run may hold, and the event that may have the same id.
  /// `rows` are sorted by hash. O(rows + pages).
  func lookUp(
    _ rows: [HashedRow], in run: IdRun, of index: DedupIndex,
    _ transaction: borrowing ReadTransaction, found: (Int32, UInt64) throws -> Void
  ) throws {
    let layout = run.layout
    let (known, hasRoom) = state.withLock { state in
      state.dropUnused()
      return (state.use(run.number), state.byteCount < Self.budgetBytes)
    }
    var added: [(page: Int, bytes: [UInt8])] = []
    var next = 0
    while next < rows.count {
      let number = layout.page(rows[next].hash)
      var end = next + 1
      while end < rows.count, layout.page(rows[end].hash) == number { end += 1 }
      var bytes = number < known.count ? known[number] : []
      if bytes.isEmpty && hasRoom {
        bytes = try index.filterBytes(number, of: run, transaction)
        added.append((number, bytes))
      }
      if bytes.isEmpty {
        let filter = try index.filter(number, of: run, transaction)
        try lookUp(rows[next..<end], filter, number, run, index, transaction, found)
      } else {
        guard let filter = IdPageFilter(bytes.rawSpan, layout) else {
          throw index.damage(run, number)
        }
        try lookUp(rows[next..<end], filter, number, run, index, transaction, found)
      }
      next = end
    }
    if !added.isEmpty { add(added, run) }
  }

  private func add(_ pages: [(page: Int, bytes: [UInt8])], _ run: IdRun) {
    state.withLock { state in
      // A run that was replaced while this lookup was at work would never be forgotten.
      guard state.lastUses[run.number] != nil else { return }
      var all = state.filters[run.number] ?? Array(repeating: [], count: run.layout.pageCount)
      for (page, bytes) in pages where all[page].isEmpty {
        all[page] = bytes
        state.byteCount += bytes.count
      }
      state.filters[run.number] = all
    }
  }

  @inline(__always)
  private func lookUp(
    _ rows: ArraySlice<HashedRow>, _ filter: borrowing IdPageFilter, _ page: Int, _ run: IdRun,
    _ index: DedupIndex, _ transaction: borrowing ReadTransaction,
    _ found: (Int32, UInt64) throws -> Void
  ) throws {
    // Mostly there is none, and the page's detail need not be touched.
    var hits: [(row: HashedRow, candidates: Range<Int>)] = []
    for row in rows {
      let candidates = filter.candidates(row.hash)
      if !candidates.isEmpty { hits.append((row, candidates)) }
    }
    if hits.isEmpty { return }
    let detail = try index.detail(page, of: run, count: filter.count, transaction)
    for (row, candidates) in hits {
      for candidate in candidates where detail.rest(candidate) == run.layout.rest(row.hash) {
        try found(row.row, detail.seq(candidate))
      }
    }
  }
}

/// A row of a batch with the hash of its id.
struct HashedRow {
  var hash: UInt64
  var row: Int32
}

/// What the runs of the index say of a batch's ids, looked up before the batch has its turn.
struct IndexHits {
  /// All events up to this one have been looked at.
  var coveredSeq: UInt64 = 0
  /// Rows with the events that may have their ids.
  var hits: [(row: Int32, seq: UInt64)] = []
}

extension DedupIndex {
  /// A copy of the filter of page `page` of `run`, checked.
  func filterBytes(
    _ page: Int, of run: IdRun, _ transaction: borrowing ReadTransaction
  ) throws -> [UInt8] {
    guard let bytes = try transaction.get(table, run.filterKey(page)), bytes.unsealed != nil else {
      throw damage(run, page)
    }
    var copy: [UInt8] = []
    copy.append(span: bytes)
    return copy
  }

  /// Adds to `hits` what the runs say that hold events after `hits.coveredSeq`; calls `afterRun` between
  /// them. O(rows and runs).
  func lookUp(
    _ parsed: borrowing ParsedBatch, _ cache: FilterCache,
    _ transaction: borrowing ReadTransaction, into hits: inout IndexHits,
    afterRun: () -> Void = {}
  ) throws {
    let definition = parsed.definition
    guard !definition.idPaths.isEmpty, let low = parsed.times.min(), let high = parsed.times.max()
    else { return }
    let covered = hits.coveredSeq
    let wanted = runs(of: definition, minTimeNs: low, maxTimeNs: high)
      .filter { $0.maxSeq > covered }
    let rows = wanted.isEmpty ? [] : parsed.rowsByHash()
    for run in wanted {
      try cache.lookUp(rows, in: run, of: self, transaction) { hits.hits.append(($0, $1)) }
      afterRun()
    }
    hits.coveredSeq = max(covered, runs[definition.id]?.reduce(0) { max($0, $1.maxSeq) } ?? 0)
  }
}

extension ParsedBatch {
  /// The rows that have ids, sorted by the first 24 bits of their hashes: a radix sort. O(events).
  func rowsByHash() -> [HashedRow] {
    var rows: [HashedRow] = []
    rows.reserveCapacity(eventCount)
    for row in idHashes.indices where idPlaces[row] != 0 {
      rows.append(HashedRow(hash: idHashes[row], row: Int32(row)))
    }
    if rows.count < 64 {
      rows.sort { $0.hash < $1.hash }
      return rows
    }
    var other = rows
    for shift: UInt64 in [40, 52] {
      var starts = [Int](repeating: 0, count: 4096 + 1)
      for row in rows { starts[Int(row.hash >> shift & 0xFFF) + 1] += 1 }
      for digit in 1...4096 { starts[digit] += starts[digit - 1] }
      for row in rows {
        let digit = Int(row.hash >> shift & 0xFFF)
        other[starts[digit]] = row
        starts[digit] += 1
      }
      swap(&rows, &other)
    }
    return rows
  }
}
