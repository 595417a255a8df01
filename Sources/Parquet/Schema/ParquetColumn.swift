/// A column of a file: its name, what its values are, and whether rows may be without one.
public struct ParquetColumn: Sendable, Equatable {
  /// What values are, and how the format has them.
  public enum Kind: Sendable, Equatable {
    /// INT64.
    case int64
    /// DOUBLE.
    case double
    /// BOOLEAN.
    case boolean
    /// BYTE_ARRAY that is UTF-8: logical type STRING.
    case string
    /// INT64, microseconds since 1970 in UTC: logical type TIMESTAMP.
    case timestampMicros
  }

  public var name: String
  public var kind: Kind
  /// Whether rows may be without a value: repetition OPTIONAL instead of REQUIRED.
  public var isOptional: Bool

  /// Names are to be different in a file. Dots in one have no meaning: the schema is flat.
  public init(_ name: String, _ kind: Kind, isOptional: Bool = true) {
    (self.name, self.kind, self.isOptional) = (name, kind, isOptional)
  }
}
