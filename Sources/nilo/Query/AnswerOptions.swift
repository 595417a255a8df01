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
      name: String(name), value: QueryValue(typed: String(text[text.utf8.index(after: equals)...])))
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
