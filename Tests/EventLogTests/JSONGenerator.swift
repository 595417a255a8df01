import Foundation
import Model

@testable import EventLog

/// A stream of random documents: a few templates, followed more or less.
struct JSONGenerator {
  let definition: StreamDefinition
  private struct Field {
    var key: String
    var kind: Int
    var isOptional: Bool
  }

  private struct Template {
    var top: [Field] = []
    var inner: [Field] = []
    var element: [Field] = []
    var style = JSONStyle()
    var timeForm = 0
  }

  private var templates: [Template] = []

  static let keys = [
    "a", "b", "a.b", "", "é", "e\u{301}", "雪", "say \"x\"", "two\nlines", "temperature",
    "a rather long key that takes many words", "c", "d", "x", "y", "\\",
  ]

  static func definition(_ random: inout SeededGenerator) -> StreamDefinition {
    let explode = random.pick([nil, nil, "items", "m.items"])
    var definition = StreamDefinition(
      name: "test", timePath: random.pick(["ts", "m.ts"]), explodePath: explode,
      elementTimePath: random.oneIn(3) ? nil : explode.map { $0 + ".t" })
    definition.idPaths = random.pick([
      [], ["id"], ["m.id"], ["id", "m.id"], ["m.k", "id", "m.id"],
    ])
    return definition
  }

  init(_ definition: StreamDefinition, _ random: inout SeededGenerator) {
    self.definition = definition
    for _ in 0..<random.within(1...4) {
      var template = Template()
      template.top = Self.fields(random.below(6), &random)
      template.inner = Self.fields(random.below(4), &random)
      template.element = Self.fields(random.below(4), &random)
      template.style = .random(&random)
      template.timeForm = random.below(6)
      templates.append(template)
    }
  }

  private static func fields(_ count: Int, _ random: inout SeededGenerator) -> [Field] {
    keys.shuffled(using: &random).prefix(count).map { key in
      Field(key: key, kind: random.below(9), isOptional: random.oneIn(3))
    }
  }

  /// The bytes of a document that has a time, and what they should give.
  func document(_ random: inout SeededGenerator) -> ([UInt8], Expected) {
    while true {
      let made = anyDocument(&random)
      if made.1.event.time != nil { return made }
    }
  }

  private func anyDocument(_ random: inout SeededGenerator) -> ([UInt8], Expected) {
    let template = random.pick(templates)
    var top = values(template.top, &random)
    var inner = values(template.inner, &random)
    if definition.elementTimePath == nil || !random.oneIn(4) {
      place(definition.timePath, Self.time(template.timeForm, &random), in: &top, &inner)
    }
    if random.oneIn(20) { place(definition.timePath, .null, in: &top, &inner, first: true) }
    for path in definition.idPaths where !random.oneIn(8) {
      place(path, Self.id(&random), in: &top, &inner)
    }
    if let path = definition.explodePath, !random.oneIn(10) {
      place(path, elements(template, &random), in: &top, &inner)
      // A second array at the same path, under another spelling or the same key.
      if random.oneIn(25) { top.append(JSONField(path, elements(template, &random))) }
    }
    if (definition.timePath.hasPrefix("m.") && random.oneIn(2)) || !inner.isEmpty {
      top.append(JSONField("m", .object(inner)))
    }
    if random.oneIn(25), !top.isEmpty { top.append(random.pick(top)) }
    let isOdd = random.oneIn(15)
    var writer = DocumentWriter(
      isOdd ? .random(&random) : template.style, definition, seed: random.next())
    writer.document(.object(top))
    return (writer.bytes, writer.expected)
  }

  private func place(
    _ path: String, _ value: JSON, in top: inout [JSONField],
    _ inner: inout [JSONField], first: Bool = false
  ) {
    if path.hasPrefix("m.") {
      inner.insert(JSONField(String(path.dropFirst(2)), value), at: first ? 0 : inner.count / 2)
    } else {
      top.insert(JSONField(path, value), at: first ? 0 : top.count / 2)
    }
  }

  private func values(
    _ fields: [Field], _ random: inout SeededGenerator
  ) -> [JSONField] {
    fields.compactMap { field in
      if field.isOptional, random.oneIn(4) { return nil }
      let kind = random.oneIn(30) ? random.below(9) : field.kind
      return JSONField(field.key, Self.value(kind, &random))
    }
  }

  private func elements(_ template: Template, _ random: inout SeededGenerator) -> JSON {
    .array(
      (0..<random.pick([0, 1, 1, 2, 3, 5])).map { _ in
        if random.oneIn(8) { return Self.value(random.below(9), &random) }
        var fields = values(template.element, &random)
        if !random.oneIn(3) { fields.append(JSONField("t", Self.time(template.timeForm, &random))) }
        return .object(fields)
      })
  }

  private static func value(_ kind: Int, _ random: inout SeededGenerator, depth: Int = 0) -> JSON {
    switch kind {
    case 0: return .string(random.pick(["ok", "warning", "", "idle"]))
    case 1: return .string(text(&random))
    case 2: return .number(String(random.within(-20...2_000)))
    case 3: return .number(String(format: "%.2f", Double(random.within(1...5_000)) / 100))
    case 4: return .number(number(&random))
    case 5: return random.oneIn(5) ? .null : .bool(random.oneIn(2))
    case 6:
      return .array(
        (0..<random.below(3)).map { _ in value(random.below(8), &random, depth: depth + 1) })
    case 7 where depth < 3:
      return .object(
        keys.shuffled(using: &random).prefix(random.below(3)).map {
          JSONField($0, value(random.below(8), &random, depth: depth + 1))
        })
    default: return .string(UUID.random(&random))
    }
  }

  private static func number(_ random: inout SeededGenerator) -> String {
    switch random.below(5) {
    case 0:
      random.pick([
        "0", "-0", "-0.0", "0.0", "1e400", "-1e400", "1e-400", "1E5", "2.5e+3", "1e0",
        "9223372036854775807", "9223372036854775808", "-9223372036854775808",
        "18446744073709551616", "9999999999999999999", "0.1000", "100",
        "1234567890123456789012345678901234567890", "0.0000000000000000001",
        "0.000000000000000001", "123456789.1234567890",
      ])
    case 1: "\(Double(bitPattern: random.next() & 0x7FEF_FFFF_FFFF_FFFF))"
    case 2: "\(Double(random.below(1_000_000)) / 997)"
    case 3: String(Int64(bitPattern: random.word()))
    default: "\(Double(random.within(-5_000...5_000)) / 100)"
    }
  }

  static func text(_ random: inout SeededGenerator) -> String {
    let alphabet = [
      "a", "B", "7", " ", "/", "\"", "\\", "\n", "\u{1}", "é", "雪", "𝄞", "\u{7F}", "\u{2028}",
      "{", "}", ",", "\u{FFFF}", "\u{10FFFF}", "\0",
    ]
    return (0..<random.below(14)).map { _ in random.pick(alphabet) }.joined()
  }

  private static func id(_ random: inout SeededGenerator) -> JSON {
    switch random.below(12) {
    case 0: .number(String(random.below(1_000)))
    case 1: .string("")
    case 2: .string("id \"\(random.below(9))\"")
    case 3: .number(number(&random))
    case 4: value(random.below(9), &random)
    default: .string(UUID.random(&random))
    }
  }

  /// A valid time; its instant comes from the parser, which has tests of its own.
  private static func time(_ form: Int, _ random: inout SeededGenerator) -> JSON {
    let second = random.within(1_600_000_000...1_800_000_000)
    let ns = Int64(second) * 1_000_000_000
    if random.oneIn(40) {
      return .time("2016-12-31T23:59:60Z", isNumber: false, ns: 1_483_228_800_000_000_000)
    }
    let text = String(Timestamp(ns: ns).description.dropLast())
    let milli = random.below(1_000)
    let fraction = String(1_000 + milli).dropFirst()
    let fine = ns + Int64(milli) * 1_000_000
    switch form {
    case 0: return .time(text + "Z", isNumber: false, ns: ns)
    case 1:
      let zoneNs: Int64 = 19_800_000_000_000
      return .time(text + ".\(fraction)+05:30", isNumber: false, ns: fine - zoneNs)
    case 2: return .time("\(second)", isNumber: true, ns: ns)
    case 3: return .time("\(second).\(fraction)", isNumber: true, ns: fine)
    case 4: return .time("\(second)\(fraction)000000", isNumber: true, ns: fine)
    default: return .time(text + ".\(fraction)000000000Z", isNumber: false, ns: fine)
    }
  }
}

extension UUID {
  static func random(_ random: inout SeededGenerator) -> String {
    let digits = Array("0123456789abcdef")
    return [8, 4, 4, 4, 12].map { count in
      String((0..<count).map { _ in random.pick(digits) })
    }.joined(separator: "-")
  }
}
