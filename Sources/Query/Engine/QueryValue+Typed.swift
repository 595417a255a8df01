import Bytes
import Language
import Model

extension QueryValue {
  /// A value as it is typed where there are no types, such as on a command line: a number, true, false or null; anything
  /// else is a text, also what stands in single quotes. O(bytes).
  public init(typed text: String) {
    switch text.lowercased() {
    case "true": self = .bool(true)
    case "false": self = .bool(false)
    case "null": self = .null
    default: self = Self.number(text) ?? .text(Self.unquoted(text))
    }
  }

  /// Nil for what is no number. What only its digits give back is a text in columns, too.
  private static func number(_ text: String) -> QueryValue? {
    switch DecimalValue(text.hasPrefix("+") ? String(text.dropFirst()) : text) {
    case .number(let number)?: QueryValue(number)
    case .beyond?: .text(Text(text))
    case nil: nil
    }
  }

  private static func unquoted(_ text: String) -> Text {
    guard text.count >= 2, text.first == "'", text.last == "'" else { return Text(text) }
    return Text(String(text.dropFirst().dropLast()).replacing("''", with: "'"))
  }
}
