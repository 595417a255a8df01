import LMDB
import Model
import Zstd

/// Where an entry stands on the ledger; entries keep their places.
public struct LedgerPlace: Sendable, Equatable {
  /// From 1.
  public var page: UInt64
  /// Within the page, from 0.
  public var index: Int

  public init(page: UInt64, index: Int) { (self.page, self.index) = (page, index) }

  /// The first of all.
  public static let first = LedgerPlace(page: 1, index: 0)
}

extension EventLog {
  /// Calls `body` with the entries of the ledger's first `pages`, oldest first, until it returns false. O(ledger).
  public func forEachLedgerEntry(
    kind: LedgerEntry.Kind? = nil, stream: String? = nil, pages: UInt64 = .max,
    _ body: (LedgerEntry) throws -> Bool
  ) throws {
    try forEachLedgerEntry(kind: kind, stream: stream, from: .first, pages: pages) { entry, _ in
      try body(entry)
    }
  }

  /// The same from a place on, with the place of each. O(pages from there).
  public func forEachLedgerEntry(
    kind: LedgerEntry.Kind? = nil, stream: String? = nil, from start: LedgerPlace,
    pages: UInt64 = .max, _ body: (LedgerEntry, LedgerPlace) throws -> Bool
  ) throws {
    let decompressor = ZstdDecompressor()
    var next = max(1, start.page)
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
      for (index, entry) in page.enumerated()
      where (kind == nil || entry.kind == kind) && (stream == nil || entry.stream == stream) {
        if next == start.page, index < start.index { continue }
        if try !body(entry, LedgerPlace(page: next, index: index)) { return }
      }
      next += 1
    }
  }
}
