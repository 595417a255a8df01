import Bytes
import Foundation
import Model

/// Gives the line again that a ``PointDocument`` was made of, byte for byte.
public enum StoredLine {
  /// Of the document of an event of `stream`; nil when it did not come as a line. O(bytes).
  public static func line(_ document: [UInt8], stream: String) -> [UInt8]? {
    guard let members = JSONMembers.read(document) else { return nil }
    let own = Dictionary(members.map { ($0.name, $0.value) }) { $1 }
    if case .text(let line)? = own[Array(PointDocument.line.utf8)] { return line }
    guard case .text(let form)? = own[Array(PointDocument.form.utf8)],
      let form = PointForm(String(decoding: form, as: UTF8.self)),
      members.count > form.tagCount + form.types.count,
      case .text(let time) = members[0].value,
      let time = Timestamp(String(decoding: time, as: UTF8.self))
    else { return nil }
    var point = Point(measurement: Array(stream.utf8)[...])
    if case .text(let name)? = own[Array(PointDocument.measurement.utf8)] {
      point.measurement = name[...]
    }
    for member in members[1...].prefix(form.tagCount) {
      guard case .text(let text) = member.value else { return nil }
      point.tags.append(Point.Tag(name: member.name[...], value: text[...]))
    }
    for (member, type) in zip(members.dropFirst(1 + form.tagCount), form.types) {
      guard let value = FieldValue(member.value, type) else { return nil }
      point.fields.append(Point.Field(name: member.name[...], value: value))
    }
    point.time = form.unit.map { Point.Time(ns: time.ns, unit: $0) }
    return LineWriter.line(point)
  }
}

extension FieldValue {
  fileprivate init?(_ value: JSONMembers.Value, _ letter: UInt8) {
    switch (letter, value) {
    case (UInt8(ascii: "f"), .word(let digits)): self = .float(digits[...])
    case (UInt8(ascii: "i"), .word(let digits)): self = .integer(digits[...])
    case (UInt8(ascii: "u"), .word(let digits)): self = .unsigned(digits[...])
    case (UInt8(ascii: "s"), .text(let text)): self = .string(text[...])
    case (_, .word(let word)):
      guard let spelling = BooleanSpelling.allCases.first(where: { $0.letter == letter }) else {
        return nil
      }
      self = .boolean(word.first == UInt8(ascii: "t"), spelling)
    default: return nil
    }
  }
}

/// The members of a flat JSON object, with numbers as they are written; only as far as ``PointDocument`` writes it.
private struct JSONMembers {
  enum Value {
    case text([UInt8])
    /// A number or a boolean.
    case word([UInt8])
  }

  private let bytes: [UInt8]
  private var index = 1

  /// Nil when it is anything else.
  static func read(_ document: [UInt8]) -> [(name: [UInt8], value: Value)]? {
    guard document.first == UInt8(ascii: "{"), document.last == UInt8(ascii: "}") else {
      return nil
    }
    var reader = JSONMembers(bytes: document)
    var members: [(name: [UInt8], value: Value)] = []
    repeat {
      guard let name = reader.text(), reader.take(UInt8(ascii: ":")), let value = reader.value()
      else { return nil }
      members.append((name, value))
    } while reader.take(UInt8(ascii: ","))
    return reader.index == document.count - 1 ? members : nil
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard index < bytes.count, bytes[index] == byte else { return false }
    index += 1
    return true
  }

  private mutating func value() -> Value? {
    if let text = text() { return .text(text) }
    let word = bytes[index...].prefix { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "}") }
    index = word.endIndex
    return word.isEmpty ? nil : .word(Array(word))
  }

  private mutating func text() -> [UInt8]? {
    guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { return nil }
    var end = index + 1
    var hasEscape = false
    while end < bytes.count, bytes[end] != UInt8(ascii: "\"") {
      if bytes[end] == UInt8(ascii: "\\") {
        hasEscape = true
        end += 1
      }
      end += 1
    }
    guard end < bytes.count else { return nil }
    defer { index = end + 1 }
    if !hasEscape { return Array(bytes[index + 1..<end]) }
    let text = try? JSONDecoder().decode(String.self, from: Data(bytes[index...end]))
    return text.map { Array($0.utf8) }
  }
}
