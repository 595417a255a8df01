import ArgumentParser
import Language
import Model
import Query

extension AnswerFormat: ExpressibleByArgument {}

/// A value for `$name`, from the command line or the prompt.
struct ParameterText {
  var name: String
  var value: QueryValue

  /// `name=value`.
  static func parse(_ text: String) throws -> ParameterText {
    guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")), equals > text.startIndex else {
      throw QuantityError(description: "write a parameter as name=value, such as city=JFK")
    }
    let name = text[..<equals].drop { $0 == "$" }
    return ParameterText(
      name: String(name), value: value(String(text[text.utf8.index(after: equals)...])))
  }

  /// A number, true, false or null; anything else is a text, also what stands in single quotes.
  static func value(_ text: String) -> QueryValue {
    switch text.lowercased() {
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "null": return .null
    default: break
    }
    switch DecimalValue(text.hasPrefix("+") ? String(text.dropFirst()) : text) {
    case .number(let number)?: return QueryValue(number)
    // What only its digits give back is a text in columns, too.
    case .beyond?: return .text(text)
    case nil: break
    }
    if text.count >= 2, text.first == "'", text.last == "'" {
      return .text(String(text.dropFirst().dropLast()).replacing("''", with: "'"))
    }
    return .text(text)
  }
}

extension QueryValue {
  /// As one may write it for a parameter.
  var parameterText: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .unsigned(let value): "\(value)"
    case .number(let value): "\(value)"
    case .text(let text): Literal.string(text).canonicalText
    case .time(let ns): "\(ns)"
    case .top: ""
    }
  }
}
