import Model

/// A time on the command line.
enum TimeText {
  static func parse(_ text: String) throws -> Timestamp {
    guard let time = Timestamp(text) else {
      throw QuantityError(
        description: "write a time such as 2024-06-01T12:00:00Z, or a date such as 2024-06-01")
    }
    return time
  }
}

/// Sequence numbers on the command line, both ends included.
struct SeqText: CustomStringConvertible {
  var range: ClosedRange<UInt64>

  static let all = SeqText(range: 1...UInt64.max)

  private init(range: ClosedRange<UInt64>) { self.range = range }

  init(_ text: String) throws {
    let help = "write sequence numbers such as 5, 5..9, 5.. or ..9"
    guard let (low, high) = Self.ends(text), low > 0 || high > 0 else {
      throw QuantityError(description: help)
    }
    guard low > 0 else { throw QuantityError(description: "sequence numbers begin at 1") }
    guard low <= high else {
      throw QuantityError(description: "the range ends before it begins; \(help)")
    }
    range = low...high
  }

  private static func ends(_ text: String) -> (UInt64, UInt64)? {
    guard let dots = text.firstRange(of: "..") else { return UInt64(text).map { ($0, $0) } }
    let (first, last) = (text[..<dots.lowerBound], text[dots.upperBound...])
    let low = first.isEmpty ? 1 : UInt64(first)
    let high = last.isEmpty ? UInt64.max : UInt64(last)
    guard let low, let high, !(first.isEmpty && last.isEmpty) else { return nil }
    return (low, high)
  }

  var description: String { "\(range.lowerBound)..\(range.upperBound)" }
}
