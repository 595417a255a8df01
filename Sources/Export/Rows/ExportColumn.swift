import EventLog

/// A column of what is exported.
public struct ExportColumn: Sendable, Equatable {
  /// What values of a column are.
  public enum Kind: String, Sendable {
    /// Of 64 bits, with a sign.
    case integer
    case double
    case boolean
    case text
    /// Nanoseconds since 1970, UTC.
    case time
  }

  /// What a column is in a time series: line protocol has tags and fields.
  public enum Role: Sendable { case time, tag, field, note }

  public var name: String
  public var kind: Kind
  public var role: Role
  /// Whether rows may be without a value.
  public var isOptional: Bool

  init(_ name: String, _ kind: Kind, _ role: Role, isOptional: Bool = true) {
    (self.name, self.kind, self.role, self.isOptional) = (name, kind, role, isOptional)
  }
}

extension ExportColumn.Kind {
  init(_ type: FieldType) {
    switch type {
    case .integer: self = .integer
    case .double: self = .double
    case .boolean: self = .boolean
    case .text: self = .text
    }
  }
}

/// Some rows: for each column its values.
struct ExportRows {
  var rowCount: Int
  /// Times are integers.
  var columns: [TypedValues]

  /// Some of the rows, which ascend. O(rows + bytes).
  func picked(_ rows: [Int]) -> ExportRows {
    ExportRows(rowCount: rows.count, columns: columns.map { $0.picked(rows, of: rowCount) })
  }
}

extension [ExportColumn] {
  /// The columns with names that are different: of two of one name the later one gets `_field` at its end. O(columns).
  func renamed() -> [ExportColumn] {
    var names: Set<String> = []
    return map { column in
      var column = column
      while !names.insert(column.name).inserted { column.name += "_field" }
      return column
    }
  }
}
