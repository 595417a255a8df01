// Numbers of the format: apache/parquet-format, parquet.thrift.

/// What a page is.
enum PageKind: Int {
  case data = 0
  case dictionary = 2
}

/// How the values of a page are written.
enum ValueEncoding: Int {
  /// One after the other: integers and doubles of 8 bytes, strings after their length.
  case plain = 0
  /// Levels: runs, or packed bits.
  case rle = 3
  /// Numbers of the chunk's dictionary, as runs or packed bits.
  case dictionary = 8
}

/// The one codec that is written.
enum Codec {
  static let zstd = 6
}

extension ParquetColumn.Kind {
  /// The physical type.
  var typeCode: Int {
    switch self {
    case .boolean: 0
    case .int64, .timestampMicros: 2
    case .double: 5
    case .string: 6
    }
  }

  /// What older readers know the logical type by.
  var convertedTypeCode: Int? {
    switch self {
    case .string: 0
    case .timestampMicros: 10
    default: nil
    }
  }
}
