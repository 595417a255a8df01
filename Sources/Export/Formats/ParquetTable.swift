import Bytes
import EventLog
import Model
import Parquet

/// Rows as a file of Parquet. A time is two columns: a timestamp in microseconds, since Spark refuses nanoseconds, and an
/// integer that has these, `_ns` at the end of its name.
final class ParquetTable: TableWriter {
  private let columns: [ExportColumn]
  private let writer: ParquetWriter

  let leftOut = 0
  var heldBytes: Int { writer.heldBytes }

  init(
    _ columns: [ExportColumn], _ metadata: [(key: String, value: String)],
    _ options: ParquetOptions, _ write: @escaping ([UInt8]) throws -> Void
  ) throws {
    self.columns = columns
    writer = try ParquetWriter(
      columns: columns.flatMap(\.parquet), options: options, metadata: metadata, write: write)
  }

  func append(_ rows: ExportRows) throws {
    let values = zip(columns, rows.columns).flatMap { column, values -> [ParquetValues] in
      guard column.kind == .time, case .integers(let timesNs) = values.values else {
        return [values.parquet]
      }
      let micros = timesNs.map { $0.flooredQuotient(1_000) }
      return [ParquetValues(.integers(micros), presence: values.presence), values.parquet]
    }
    try writer.append(values, rowCount: rows.rowCount)
  }

  func flush() throws { try writer.endRowGroup() }

  func finish() throws { try writer.finish() }
}

extension ExportColumn {
  fileprivate var parquet: [ParquetColumn] {
    switch kind {
    case .integer: [ParquetColumn(name, .int64, isOptional: isOptional)]
    case .double: [ParquetColumn(name, .double, isOptional: isOptional)]
    case .boolean: [ParquetColumn(name, .boolean, isOptional: isOptional)]
    case .text: [ParquetColumn(name, .string, isOptional: isOptional)]
    case .time:
      [
        ParquetColumn(name, .timestampMicros, isOptional: isOptional),
        ParquetColumn("\(name)_ns", .int64, isOptional: isOptional),
      ]
    }
  }
}

extension TypedValues {
  fileprivate var parquet: ParquetValues {
    switch values {
    case .integers(let values): ParquetValues(.integers(values), presence: presence)
    case .doubles(let values): ParquetValues(.doubles(values), presence: presence)
    case .booleans(let values): ParquetValues(.booleans(values), presence: presence)
    case .texts(let texts): ParquetValues(.strings(texts), presence: presence)
    case .labels(let codes, let names):
      ParquetValues(.labels(codes: codes, names: names), presence: presence)
    }
  }
}
