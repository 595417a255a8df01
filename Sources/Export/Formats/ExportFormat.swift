import Bytes
import Parquet

/// How rows are written.
public enum ExportFormat: String, Sendable, CaseIterable {
  case parquet
  case csv
  case ndjson
  case lineProtocol = "line-protocol"

  /// How names of files end, without the dot.
  public var fileExtension: String { self == .lineProtocol ? "lp" : rawValue }
}

/// Writes rows of one table, in one form.
protocol TableWriter: AnyObject {
  /// Rows that the form cannot have, and which are left out.
  var leftOut: Int { get }
  /// About the bytes that are held back.
  var heldBytes: Int { get }
  func append(_ rows: ExportRows) throws
  /// Hands on what is held back, where that can be.
  func flush() throws
  /// To be called once, last.
  func finish() throws
}

extension ExportFormat {
  /// A writer of rows with these columns; `name` is what line protocol has as measurement. What is written goes to `write`
  /// piece by piece.
  func writer(
    _ columns: [ExportColumn], name: String, metadata: [(key: String, value: String)],
    options: ParquetOptions, write: @escaping ([UInt8]) throws -> Void
  ) throws -> any TableWriter {
    switch self {
    case .parquet: try ParquetTable(columns, metadata, options, write)
    case .csv: try TextTable(CSVRows(columns), write)
    case .ndjson: try TextTable(NDJSONRows(columns), write)
    case .lineProtocol: try TextTable(LineRows(columns, measurement: name), write)
    }
  }
}
