/// An error of a store: it does not have what it had at a snapshot, and a statement that does not ask for what was then
/// may take another one.
public protocol SnapshotGoneError: Error {}

/// What a store holds at one commit.
public struct CatalogueSnapshot: Sendable {
  /// In the order of their making, without those that were dropped.
  public var streams: [StreamInfo]
  /// All versions of all KPIs.
  public var kpis: [KpiInfo]
  /// The log's own streams, which are not among ``streams``.
  public var system: [StreamInfo]
  /// The log's last event.
  public var lastSeq: UInt64
  /// Pages of the ledger.
  public var ledgerPages: UInt64

  /// What a store says of itself, all read at one commit.
  public init(
    streams: [StreamInfo], kpis: [KpiInfo], system: [StreamInfo], lastSeq: UInt64,
    ledgerPages: UInt64
  ) {
    (self.streams, self.kpis, self.system) = (streams, kpis, system)
    (self.lastSeq, self.ledgerPages) = (lastSeq, ledgerPages)
  }

  /// Whether that is one of the log's own streams.
  func isSystem(_ stream: String) -> Bool { system.contains { $0.name == stream } }
}
