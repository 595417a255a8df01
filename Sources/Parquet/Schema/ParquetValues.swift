import Bytes

/// The values of one column for some rows: those of rows that have one, side by side.
public struct ParquetValues: Sendable {
  /// Values of one kind, one for each row that has one.
  public enum Values: Sendable {
    /// Of ``ParquetColumn/Kind/int64`` and ``ParquetColumn/Kind/timestampMicros``.
    case integers([Int64])
    case doubles([Double])
    case booleans([Bool])
    /// The strings, UTF-8.
    case strings(ByteStrings)
    /// For each value the place of its string in `names`, which may have strings that no value is.
    case labels(codes: [Int64], names: ByteStrings)
  }

  public var values: Values
  /// Which rows have a value.
  public var presence: Presence

  /// Traps when it is written if there are not as many values as rows that have one.
  public init(_ values: Values, presence: Presence = .all) {
    (self.values, self.presence) = (values, presence)
  }

  /// The number of values, which is at most that of rows.
  var count: Int {
    switch values {
    case .integers(let values): values.count
    case .doubles(let values): values.count
    case .booleans(let values): values.count
    case .strings(let strings): strings.count
    case .labels(let codes, _): codes.count
    }
  }
}
