/// Finds out whether the comma is the decimal mark of a file whose delimiter is another.
///
/// Rows are looked at in their order, until one settles it. What comes before has no number with a
/// comma, so that the answer does not depend on how the file was read.
enum DecimalMarkSearch {
  /// What a field says, from the least to the most.
  enum Evidence: Comparable {
    case none
    /// "1,234" can be either.
    case ambiguous
    /// "1,234,567" or "1,234.5": commas stand between thousands.
    case thousands
    /// "21,5" is 21.5.
    case comma
  }

  /// What the row says, with the field that says it. O(row).
  static func evidence(
    in bytes: Span<UInt8>, _ row: Range<Int>, delimiter: UInt8
  ) -> (evidence: Evidence, field: Range<Int>) {
    var found = (evidence: Evidence.none, field: row.lowerBound..<row.lowerBound)
    guard
      ByteSearch.first(Byte.comma, in: bytes, from: row.lowerBound, to: row.upperBound) != nil
    else { return found }
    var cursor = CSVFieldCursor(row, delimiter: delimiter)
    while let field = cursor.next(in: bytes) {
      guard !field.isQuoted else { continue }
      let range = field.start..<field.end
      let evidence = evidence(of: bytes, range)
      if evidence > found.evidence { found = (evidence, range) }
    }
    return found
  }

  private static func evidence(of bytes: Span<UInt8>, _ field: Range<Int>) -> Evidence {
    let commas = ByteSearch.count(Byte.comma, in: bytes, field)
    guard commas > 0 else { return .none }
    if hasThousands(bytes, field) {
      let hasPoint = ByteSearch.count(Byte.point, in: bytes, field) > 0
      return commas > 1 || hasPoint ? .thousands : .ambiguous
    }
    // "5," is more likely the end of a sentence than a number.
    guard commas == 1, bytes[field.upperBound - 1] != Byte.comma,
      CSVNumber(bytes, field, .comma) != nil
    else { return .none }
    return .comma
  }

  /// Whether a field is digits in groups of three, with commas between them, and maybe decimals.
  private static func hasThousands(_ bytes: Span<UInt8>, _ field: Range<Int>) -> Bool {
    var index = field.lowerBound
    if bytes[index] == Byte.minus || bytes[index] == Byte.plus { index += 1 }
    // "0,125" cannot be a number with thousands.
    if bytes[index] == Byte.zero { return false }
    var groups = [0]
    while index < field.upperBound && bytes[index] != Byte.point {
      if bytes[index] == Byte.comma {
        groups.append(0)
      } else if Byte.isDigit(bytes[index]) {
        groups[groups.count - 1] += 1
      } else {
        return false
      }
      index += 1
    }
    guard 1...3 ~= groups[0], groups.dropFirst().allSatisfy({ $0 == 3 }) else { return false }
    // What is left are decimals.
    for index in index..<field.upperBound {
      guard Byte.isDigit(bytes[index]) || bytes[index] == Byte.point else { return false }
    }
    return ByteSearch.count(Byte.point, in: bytes, field) <= 1
  }
}
