import Parquet

/// What is exported, and how.
public struct ExportSettings {
  /// What files of a directory are parted by, beside seqs.
  public enum Partition: String, Sendable, CaseIterable {
    /// A folder `stream=NAME`, or `kpi=NAME`.
    case stream
    /// A folder `date=2024-06-01` for each day of times, in UTC.
    case date
  }

  public var format: ExportFormat
  public var partition: Set<Partition> = []
  /// Times of rows, half-open, in nanoseconds since 1970; nil for all.
  public var times: Range<Int64>?
  public var parquet = ParquetOptions()
  /// Columns of a stream that are tags in line protocol; the stream's key when none is named.
  public var tags: [String] = []
  /// Polled now and then; true ends the export with `CancellationError`. What is in files stays.
  public var isCancelled: @Sendable () -> Bool = { false }
  /// Told the rows that were written so far, and the share of the events that is done.
  public var progress: (Int, Double) -> Void

  public init(_ format: ExportFormat) {
    self.format = format
    progress = { _, _ in }
  }
}

/// What an export has done.
public struct ExportReport: Sendable, Equatable {
  public var rows = 0
  public var bytes = 0
  public var files = 0
  /// The last event whose rows are exported; nil before the first.
  public var lastSeq: UInt64?
  /// What should be known: fields that could not be exported, rows that line protocol cannot have.
  public var notes: [String] = []

  public init() {}
}
