import Bytes
import Foundation
import Model

@testable import EventLog

/// A JSON value as tests make it, numbers and times with their very text.
enum JSON {
  case object([JSONField])
  case array([JSON])
  case string(String)
  case number(String)
  case bool(Bool)
  case null
  /// RFC 3339 text or an epoch number, and the instant it means.
  case time(String, isNumber: Bool, ns: Int64)
}

struct JSONField {
  var key: String
  var value: JSON

  init(_ key: String, _ value: JSON) {
    self.key = key
    self.value = value
  }
}

/// A column's value of one row.
enum Found: Equatable {
  case string([UInt8])
  case number(Number)
  case bool(Bool)
  case opaque([UInt8])
}

/// What a document should give, told by its writer, which knows nothing of the parser.
struct Expected {
  struct Fact {
    var time: Int64?
    var values: [[UInt8]: Found] = [:]
    /// Paths that had a value: the first one counts.
    /// As bytes: Swift takes strings that Unicode holds for equivalent for the same.
    var seen: Set<[UInt8]> = []
  }

  var event = Fact()
  var elements: [Fact] = []
  var hasArray = false
  var id: [UInt8]?

  var facts: [Fact] { elements.isEmpty ? [Fact()] : elements }
}

/// How a document is laid out.
struct JSONStyle {
  enum Spaces { case none, single, pretty, random }
  var spaces = Spaces.none
  var hasEscapes = false

  static func random(_ random: inout SeededGenerator) -> JSONStyle {
    JSONStyle(
      spaces: random.pick([.none, .none, .none, .single, .single, .pretty, .random]),
      hasEscapes: random.oneIn(5))
  }
}

/// Writes a document's bytes and notes what its columns should hold.
struct DocumentWriter {
  private enum Place { case event, element, hidden }

  let style: JSONStyle
  let definition: StreamDefinition
  private(set) var bytes: [UInt8] = []
  private(set) var expected = Expected()
  private var random: SeededGenerator
  private var depth = 0
  /// Texts of the fields of the dedup id.
  private var idTexts: [Int: [UInt8]] = [:]

  init(_ style: JSONStyle, _ definition: StreamDefinition, seed: UInt64) {
    self.style = style
    self.definition = definition
    random = SeededGenerator(seed: seed)
  }

  mutating func document(_ value: JSON) {
    if style.spaces == .random { space(" ") }
    write(value, path: "", .event)
    if style.spaces == .random { space(" ") }
    expected.event.time = expected.event.time ?? expected.elements.compactMap(\.time).min()
    expected.id = id
  }

  /// The one field, or all of several: commas between them, backslashes before commas and backslashes within.
  private var id: [UInt8]? {
    let texts = definition.idPaths.indices.compactMap { idTexts[$0] }
    if texts.isEmpty || texts.count < definition.idPaths.count { return nil }
    if texts.count == 1 { return texts[0] }
    let escaped = texts.map { text in
      text.flatMap { utf8(",\\").contains($0) ? utf8("\\") + [$0] : [$0] }
    }
    return Array(escaped.joined(separator: utf8(",")))
  }

  /// Whitespace where the style has `single`, a new line where it is pretty.
  private mutating func space(_ single: String, line: Bool = false) {
    switch style.spaces {
    case .none: break
    case .single: bytes += utf8(single)
    case .pretty: bytes += utf8(line ? "\n" + String(repeating: "  ", count: depth) : single)
    case .random:
      for _ in 0..<random.below(3) { bytes += utf8(random.pick([" ", "\n", "\t", "\r"])) }
    }
  }

  private mutating func write(
    _ value: JSON, path: String, _ place: Place, isInArray: Bool = false
  ) {
    let start = bytes.count
    switch value {
    case .object(let fields): object(fields, path, place)
    case .array(let values): array(values, path, place, isInArray)
    case .string(let text):
      string(text)
      note(.string(utf8(text)), path, place)
    case .number(let text):
      bytes += utf8(text)
      note(Self.number(text), path, place, text: utf8(text))
    case .bool(let value):
      bytes += utf8(value ? "true" : "false")
      note(.bool(value), path, place)
    case .null: bytes += utf8("null")
    case .time(let text, let isNumber, let ns):
      if isNumber { bytes += utf8(text) } else { string(text) }
      noteTime(text, isNumber, ns, path, place)
    }
    if case .array = value, !(path == definition.explodePath && !isInArray && place != .hidden) {
      note(.opaque(Array(bytes[start...])), path, place)
    }
    if case .object(let fields) = value, fields.isEmpty, depth > 0 {
      note(.opaque(Array(bytes[start...])), path, place)
    }
  }

  private mutating func object(
    _ fields: [JSONField], _ path: String, _ place: Place
  ) {
    // The top by its depth: a path may be empty below it too, under an empty key.
    let isTop = depth == 0
    bytes += utf8("{")
    depth += 1
    for (index, field) in fields.enumerated() {
      if index > 0 { bytes += utf8(",") }
      space(index > 0 ? " " : "", line: true)
      string(field.key)
      space("")
      bytes += utf8(":")
      space(" ")
      write(field.value, path: isTop ? field.key : path + "." + field.key, place)
    }
    depth -= 1
    if !fields.isEmpty || style.spaces == .random { space("", line: true) }
    bytes += utf8("}")
  }

  private mutating func array(
    _ values: [JSON], _ path: String, _ place: Place, _ isInArray: Bool
  ) {
    let explodes = path == definition.explodePath && place == .event && !isInArray
    let isFacts = explodes && !expected.hasArray
    if explodes { expected.hasArray = true }
    bytes += utf8("[")
    depth += 1
    for (index, value) in values.enumerated() {
      if index > 0 { bytes += utf8(",") }
      space(index > 0 ? " " : "", line: true)
      if isFacts { expected.elements.append(Expected.Fact()) }
      write(value, path: path, isFacts ? .element : .hidden, isInArray: true)
    }
    depth -= 1
    if !values.isEmpty || style.spaces == .random { space("", line: true) }
    bytes += utf8("]")
  }

  private mutating func note(
    _ found: Found?, _ path: String, _ place: Place, text: [UInt8]? = nil
  ) {
    switch place {
    case .hidden: break
    case .event:
      guard path != definition.timePath, expected.event.seen.insert(utf8(path)).inserted else {
        return
      }
      expected.event.values[utf8(path)] = found
      guard let index = definition.idPaths.firstIndex(of: path) else { return }
      if case .string(let id) = found, !id.isEmpty { idTexts[index] = id }
      if let text { idTexts[index] = text }
    case .element:
      let last = expected.elements.count - 1
      guard expected.elements[last].seen.insert(utf8(path)).inserted else { return }
      expected.elements[last].values[utf8(path)] = found
    }
  }

  /// Integers of 64 bits exactly, longer ones as their digits, all others as doubles; none where that is not finite.
  private static func number(_ text: String) -> Found? {
    if let signed = Int64(text) { return .number(Number(signed)) }
    if let unsigned = UInt64(text) { return .number(Number(unsigned)) }
    if text.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || $0 &- 48 <= 9 }) {
      return .string(utf8(text))
    }
    // 1.25e19 is an integer of 64 bits as well.
    let exact = Decimal(string: text).map { "\($0)" } ?? ""
    if let signed = Int64(exact) { return .number(Number(signed)) }
    if let unsigned = UInt64(exact) { return .number(Number(unsigned)) }
    let double = Double(text)!
    return double.isFinite ? Number(double).map(Found.number) : nil
  }

  private mutating func noteTime(
    _ text: String, _ isNumber: Bool, _ ns: Int64, _ path: String, _ place: Place
  ) {
    let last = expected.elements.count - 1
    if place == .event, path == definition.timePath {
      if expected.event.time == nil { expected.event.time = ns }
    } else if place == .element, path == definition.elementTimePath {
      if expected.elements[last].time == nil { expected.elements[last].time = ns }
    } else if isNumber {
      note(Self.number(text), path, place, text: utf8(text))
    } else {
      note(.string(utf8(text)), path, place)
    }
  }

  private mutating func string(_ text: String) {
    bytes += utf8("\"")
    for scalar in text.unicodeScalars {
      let mustEscape = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
      if mustEscape || (style.hasEscapes && random.oneIn(4)) {
        bytes += utf8(escape(scalar))
      } else {
        bytes += utf8(String(scalar))
      }
    }
    bytes += utf8("\"")
  }

  private mutating func escape(_ scalar: Unicode.Scalar) -> String {
    let short: [Unicode.Scalar: String] = [
      "\"": "\\\"", "\\": "\\\\", "/": "\\/", "\u{8}": "\\b", "\u{C}": "\\f", "\n": "\\n",
      "\r": "\\r", "\t": "\\t",
    ]
    if let text = short[scalar], !random.oneIn(3) { return text }
    return String(scalar).utf16.map { unit in
      let digits = String(unit, radix: 16, uppercase: random.oneIn(2))
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }.joined()
  }
}
