import LMDB
import Model
import Zstd

extension EventLog {
  /// Calls `body` with the entries of the ledger's first `pages`, oldest first, until it returns false. O(ledger).
  public func forEachLedgerEntry(
    kind: LedgerEntry.Kind? = nil, stream: String? = nil, pages: UInt64 = .max,
    _ body: (LedgerEntry) throws -> Bool
  ) throws {
    let decompressor = ZstdDecompressor()
    var next: UInt64 = 1
    while next <= pages {
      let page: [LedgerEntry]? = try environment.read { transaction in
        guard let value = try transaction.get(tables.ledger, Key(next)) else {
          if try next >= LogHead.read(tables, transaction).nextLedgerPage { return nil }
          throw DamageError(what: "page \(next) of the ledger is missing")
        }
        return try LedgerPage.decode(value, decompressor)
      }
      guard let page else { return }
      try Cancellation.check()
      next += 1
      for entry in page
      where (kind == nil || entry.kind == kind) && (stream == nil || entry.stream == stream) {
        if try !body(entry) { return }
      }
    }
  }
}
