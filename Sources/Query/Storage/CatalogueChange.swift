/// A change of what is defined.
public struct CatalogueChange: Sendable, Equatable {
  /// The event that records it.
  public var seq: UInt64
  /// When it was recorded.
  public var timeNs: Int64
  /// Who made it; empty when that was not said.
  public var actor: String
  /// What was done: `DEFINE KPI`, `SWITCH KPI`, `DEFINE STREAM`.
  public var change: String
  /// The stream or KPI.
  public var name: String
  /// The version that it made or took, of a KPI.
  public var version: Int?
  /// The statement that does it.
  public var statement: String

  public init(
    seq: UInt64, timeNs: Int64, actor: String, change: String, name: String, version: Int? = nil,
    statement: String
  ) {
    (self.seq, self.timeNs, self.actor) = (seq, timeNs, actor)
    (self.change, self.name, self.version) = (change, name, version)
    self.statement = statement
  }
}
