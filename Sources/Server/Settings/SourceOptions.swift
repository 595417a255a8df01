import Foundation
import Language
import Model
import Query

/// The options of a source or a target as who runs it wants them, with what they refer to. Types and names were checked when
/// it was defined; what is referred to is looked up now, and is in no message.
struct SourceOptions {
  let options: [SourceOption]
  let environment: [String: String]

  init(
    _ options: [SourceOption], environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    (self.options, self.environment) = (options, environment)
  }

  init(
    _ definition: DefineSource, environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    self.init(definition.options, environment: environment)
  }

  /// What librdkafka is to be told: where to connect, and what is named with a dot. Throws ``SourceOptionError``.
  func kafkaClient() throws -> [(name: String, value: String)] {
    let brokers = try texts("brokers").joined(separator: ",")
    return try [("bootstrap.servers", brokers)]
      + options.map(\.name.path.string).filter { $0.contains(".") }.map {
        (name: $0, value: try text($0) ?? "")
      }
  }

  /// Texts, also where there is one alone; empty when the option is not given. Throws ``SourceOptionError``.
  func texts(_ name: String) throws -> [String] {
    switch options[name] {
    case nil: []
    case .list(let values)?: try values.map { try text($0, name) }
    case let value?: [try text(value, name)]
    }
  }

  /// A text, or what a number or a truth value is written as. Throws ``SourceOptionError``.
  func text(_ name: String) throws -> String? {
    try options[name].map { try text($0, name) }
  }

  func number(_ name: String) -> Int? {
    guard case .number(let value, _)? = options[name] else { return nil }
    return Int(exactly: value)
  }

  func bool(_ name: String) -> Bool? {
    guard case .bool(let value)? = options[name] else { return nil }
    return value
  }

  /// Months and longer by their mean lengths. Throws what is wrong with the length.
  func lengthNs(_ name: String) throws -> Int64? {
    if case .milliseconds(let count)? = options[name] { return count * 1_000_000 }
    guard case .length(let length)? = options[name] else { return nil }
    let unitNs = try BucketLength(parsing: "1\(length.unit.rawValue)").nominalNs
    return length.amount.multipliedReportingOverflow(by: unitNs).overflow
      ? .max : length.amount * unitNs
  }

  private func text(_ value: OptionValue, _ name: String) throws -> String {
    switch value {
    case .text(let text): text
    case .number(_, let digits): digits
    case .bool(let value): value ? "true" : "false"
    case .length(let length): length.canonicalText
    case .milliseconds(let count): "\(count)ms"
    case .reference(let kind, let argument): try referred(kind, argument, name)
    case .list: throw SourceOptionError("\(name) is a list, and should be one value")
    }
  }

  private func referred(_ kind: String, _ argument: String, _ name: String) throws -> String {
    switch kind {
    case "env":
      guard let value = environment[argument] else {
        throw SourceOptionError(
          "\(name): there is no variable \(argument) in the environment of nilo serve")
      }
      return value
    case "file":
      guard let bytes = FileManager.default.contents(atPath: argument) else {
        throw SourceOptionError("\(name): the file \(argument) cannot be read by nilo serve")
      }
      return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    default: throw SourceOptionError("\(name): \(kind)(...) is not known to this server")
    }
  }
}

/// An option of a source or a target has no value that could be used.
struct SourceOptionError: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}
