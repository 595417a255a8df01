import Bytes
import RE2

/// What `label_replace` does: where a label matches a pattern, another is set to a text in which `$1` and `${name}` stand
/// for groups of the pattern, and `$$` for a dollar sign.
struct LabelReplacement {
  let target: Text
  let source: Text
  private let expression: RegularExpression
  private let groupNames: [String?]
  private let parts: [Part]

  private enum Part {
    case text([UInt8])
    case group(String)
  }

  /// Throws ``EvaluationError`` for a pattern that is none, and a target that cannot be a label.
  init(target: Text, template: Text, source: Text, pattern: Text) throws {
    guard !target.isEmpty else {
      throw EvaluationError("invalid destination label name in label_replace(): it is empty")
    }
    do throws(RegularExpression.Refusal) {
      expression = try RegularExpression(Matcher.anchored(pattern))
    } catch {
      throw EvaluationError("invalid regular expression in label_replace(): \(error)")
    }
    (self.target, self.source) = (target, source)
    groupNames = expression.groupNames
    parts = Self.parts(Array(template.utf8))
  }

  /// No label is made longer than this, unless it is of one that is: each replacement can make ten of one.
  private static let mostBytes = 4_096

  /// Throws ``EvaluationError`` when the label would be too long.
  func applied(to labels: Labels) throws -> Labels {
    let value = labels[source]
    guard let found = expression.find(in: value.rawSpan) else { return labels }
    let bytes = Array(value.utf8)
    var text: [UInt8] = []
    for part in parts {
      switch part {
      case .text(let bytes): text += bytes
      case .group(let name):
        let number = Int(name) ?? groupNames.firstIndex { $0 == name }.map { $0 + 1 }
        if let number, found.indices.contains(number), let range = found[number] {
          text += bytes[range]
        }
      }
      guard text.count <= max(Self.mostBytes, bytes.count) else {
        throw EvaluationError(
          "label_replace() would make a label of more than \(Self.mostBytes) bytes")
      }
    }
    var replaced = labels
    replaced[target] = Text(decoding: text)
    return replaced
  }

  private static func parts(_ template: [UInt8]) -> [Part] {
    var parts: [Part] = []
    var position = 0
    while position < template.count {
      let dollar = template[position...].firstIndex(of: UInt8(ascii: "$")) ?? template.count
      if dollar > position { parts.append(.text(Array(template[position..<dollar]))) }
      guard dollar < template.count else { break }
      position = dollar + 1
      if template[position...].first == UInt8(ascii: "$") {
        parts.append(.text([UInt8(ascii: "$")]))
        position += 1
      } else if let name = group(template, &position) {
        parts.append(.group(name))
      } else {
        parts.append(.text([UInt8(ascii: "$")]))
      }
    }
    return parts
  }

  /// The name after a dollar sign, in braces or as long as letters, digits and `_` go on.
  private static func group(_ template: [UInt8], _ position: inout Int) -> String? {
    let isBraced = template[position...].first == UInt8(ascii: "{")
    let start = position + (isBraced ? 1 : 0)
    let end = template[start...].firstIndex { !isOfName($0) } ?? template.count
    guard end > start, !isBraced || template[end...].first == UInt8(ascii: "}") else { return nil }
    position = end + (isBraced ? 1 : 0)
    return String(decoding: template[start..<end], as: UTF8.self)
  }

  private static func isOfName(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
  }
}
