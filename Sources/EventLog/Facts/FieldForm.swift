/// What values of a field are when they are given one type.
package enum FieldType: String, Sendable {
  /// Of 64 bits, with a sign.
  case integer
  case double
  case boolean
  case text
}

/// What values a field has, of some blocks or of all: what its type follows from.
package struct FieldForm: OptionSet, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Integers of 64 bits, written without a fraction.
  static let integers = FieldForm(rawValue: 1)
  /// Numbers with a fraction or an exponent.
  static let fractions = FieldForm(rawValue: 2)
  /// Integers that a double may not give back.
  static let wide = FieldForm(rawValue: 4)
  /// Integers above `Int64.max`.
  static let unsigned = FieldForm(rawValue: 8)
  static let booleans = FieldForm(rawValue: 16)
  /// Strings, and arrays as their JSON text.
  static let texts = FieldForm(rawValue: 32)

  private static let numbers: FieldForm = [.integers, .fractions, .wide, .unsigned]

  /// The type that loses nothing: integers beside fractions are doubles, values of several kinds are text, and so are
  /// integers that neither type of number has beside the others. Nil when there are no values.
  package var type: FieldType? {
    if isEmpty { return nil }
    if self == .booleans { return .boolean }
    if !isSubset(of: Self.numbers) || contains(.unsigned) { return .text }
    if !contains(.fractions) { return .integer }
    return contains(.wide) ? .text : .double
  }
}

extension FieldType {
  /// The type of values of either, as ``FieldForm/type`` has it of what is known no closer. O(1).
  package func union(_ other: FieldType) -> FieldType {
    if self == other { return self }
    return [self, other].allSatisfy { $0 == .integer || $0 == .double } ? .double : .text
  }
}
