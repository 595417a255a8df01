/// Rows of a KPI, with what one has to know of them.
public struct KpiAnswer: Sendable, Equatable {
  public struct Row: Sendable, Equatable {
    /// The bucket's start.
    public var timeNs: Int64
    /// The dimensions; nil where a fact has none.
    public var group: [String?]
    public var values: [KpiValue]
    /// Facts that took part.
    public var facts: UInt64
    public var firstSeq: UInt64
    public var lastSeq: UInt64
    /// The watermark has passed the bucket's end by the KPI's lateness.
    public var isFinal: Bool
    /// Blocks that have changed the row after it was final.
    public var revision: UInt32
  }

  public enum Source: String, Sendable { case cells, columns }

  public var definition: KpiDefinition
  public var rows: [Row] = []
  /// How far the stream's event time has got.
  public var watermarkNs: Int64?
  public var source = Source.cells
  /// Share of the log that the cells have, while they are being filled; the rows are complete all the same.
  public var fillingProgress: Double?
  /// The answer holds for the log up to this event.
  public var asOfSeq: UInt64 = 0
}
