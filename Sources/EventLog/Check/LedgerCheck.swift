import LMDB
import Zstd

/// How many entries of each kind the ledger has of a stream.
struct LedgerCounts: Equatable {
  var byKind: [LedgerEntry.Kind: UInt64] = [:]
  /// Duplicates whose documents differ.
  var differing: UInt64 = 0

  mutating func add(_ entries: [LedgerEntry]) {
    guard let kind = entries.first?.kind else { return }
    byKind[kind, default: 0] += UInt64(entries.count)
    differing += UInt64(entries.count { $0.isDifferent == true })
  }

  mutating func add(_ totals: StreamTotals) {
    byKind[.rejected, default: 0] += totals.rejected
    byKind[.duplicate, default: 0] += totals.duplicates
    byKind[.late, default: 0] += totals.late
    byKind[.ahead, default: 0] += totals.ahead
    differing += totals.differing
  }

  /// What is not as `counted` in the totals, as texts. Documents that were rejected before their stream could be made
  /// are on the ledger and in no totals.
  func differences(from counted: LedgerCounts) -> [String] {
    var found: [String] = []
    for kind in LedgerEntry.Kind.allCases {
      let (entries, total) = (byKind[kind] ?? 0, counted.byKind[kind] ?? 0)
      if kind == .rejected ? entries < total : entries != total {
        found.append("\(entries) \(kind.rawValue) entries, and the totals count \(total)")
      }
    }
    if differing != counted.differing {
      found.append(
        "\(differing) duplicates that differ, and the totals count \(counted.differing)")
    }
    return found
  }
}

extension LogCheck {
  /// Reads the ledger, and compares its counts with the totals of the streams of each name: a name may have had several,
  /// one dropped after the other. `names` are those of all streams there have ever been; nil when they are not known, and
  /// nothing is compared.
  mutating func checkLedger(
    _ head: LogHead, _ names: [UInt32: String]?, _ transaction: borrowing ReadTransaction
  ) {
    let (log, decompressor) = (log, decompressor)
    var counts: [String: LedgerCounts] = [:]
    var isWhole = true
    let next = max(head.nextLedgerPage, 1)
    for page in 1..<next {
      guard
        let entries = note({
          try LedgerPage.read(page, head, log.tables, decompressor, transaction)
        })
      else {
        isWhole = false
        continue
      }
      report.ledgerEntries += entries.count
      if let stream = entries.first?.stream { counts[stream, default: .init()].add(entries) }
    }
    let pages = note { try transaction.count(log.tables.ledger) }
    if isWhole, let pages, pages != Int(clamping: next - 1) {
      report.damages.append(
        DamageError(what: "ledger: it has \(pages) pages, and the head counts \(next - 1)"))
    }
    guard isWhole, let names else { return }
    var counted: [String: LedgerCounts] = [:]
    for (id, name) in names {
      guard let totals = note({ try StreamTotals.read(id, log.tables, transaction) }) else {
        return
      }
      counted[name, default: .init()].add(totals ?? StreamTotals())
    }
    // A name without totals is that of a stream that could not be made.
    for name in Set(counted.keys).union(counts.keys).sorted() {
      let differences = (counts[name] ?? .init()).differences(from: counted[name] ?? .init())
      report.damages += differences.map {
        DamageError(what: "ledger of stream \(name): \($0)")
      }
    }
  }
}

extension LedgerPage {
  /// The entries of page `page`, which may not be of events that there are not. Throws ``DamageError``.
  fileprivate static func read(
    _ page: UInt64, _ head: LogHead, _ tables: LogTables, _ decompressor: ZstdDecompressor,
    _ transaction: borrowing ReadTransaction
  ) throws -> [LedgerEntry] {
    guard let value = try transaction.get(tables.ledger, Key(page)) else {
      throw DamageError(what: "page \(page) of the ledger is missing")
    }
    guard let entries = try? LedgerPage.decode(value, decompressor), !entries.isEmpty else {
      throw DamageError(what: "page \(page) of the ledger")
    }
    if let entry = entries.first(where: { $0.seq.map { $0 == 0 || $0 >= head.nextSeq } ?? false }) {
      throw DamageError(
        what: "page \(page) of the ledger: an entry is of an event that there is not",
        firstSeq: entry.seq)
    }
    return entries
  }
}
