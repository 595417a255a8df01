import Bytes
import Foundation
import Model
import TestSupport
import Testing

/// What is made of documents before they are events.
@Suite struct MappingTests {
  private static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("cases/mapping.txt")

  /// The cases of `cases/mapping.txt`.
  @Test func asWritten() throws {
    let text = try String(contentsOf: Self.file, encoding: .utf8)
    let rewritten = text.components(separatedBy: "\n\n").map(Self.rewritten).joined(
      separator: "\n\n")
    if ProcessInfo.processInfo.environment["NILO_REWRITE"] != nil {
      try Data((rewritten + (rewritten.hasSuffix("\n") ? "" : "\n")).utf8).write(to: Self.file)
      return
    }
    for (wanted, got) in zip(
      text.components(separatedBy: "\n\n"), rewritten.components(separatedBy: "\n\n"))
    {
      #expect(got.trimmingCharacters(in: .newlines) == wanted.trimmingCharacters(in: .newlines))
    }
  }

  /// A case with what comes of it now.
  private static func rewritten(_ text: String) -> String {
    let parts = (text + "\n").components(separatedBy: "----\n")
    guard parts.count > 1 else { return text }
    let document = parts[1].trimmingCharacters(in: .newlines)
    return (parts.prefix(2) + [outcome(parts[0], Array(document.utf8))]).joined(separator: "----\n")
  }

  private static func outcome(_ options: String, _ document: [UInt8]) -> String {
    func values(_ name: String) -> [String] {
      options.split(separator: "\n").filter { $0.hasPrefix(name + " ") }
        .map { String($0.dropFirst(name.count + 1)) }
    }
    do {
      let mapping = try DocumentMapping(
        records: values("records").first, unnest: values("unnest").first,
        renames: values("rename"), constants: values("constants"))
      let made = try mapping.documents(of: document).map { String(decoding: $0, as: UTF8.self) }
      return made.isEmpty ? "(nothing)" : made.joined(separator: "\n")
    } catch {
      return "! \(error)"
    }
  }

  /// Renamed there and back a document has the same fields with the same bytes, whatever they are.
  @Test func namesThereAndBack() throws {
    rounds(300) { random in
      let document = Self.object(&random, depth: 3)
      let fields = try Self.fields(document)
      guard let (name, _) = fields.randomElement(using: &random), !name.contains("."),
        !name.isEmpty, !name.contains(" ")
      else { return }
      let there = try DocumentMapping(renames: ["\(name) AS new.place"])
      let back = try DocumentMapping(renames: ["new.place AS \(name)"])
      let once = try there.documents(of: document)
      try checkEqual(once.count, 1, "documents")
      let twice = try back.documents(of: once[0])
      try checkEqual(try Self.fields(twice[0]), fields, String(decoding: document, as: UTF8.self))
    }
  }

  /// A batch keeps the positions of what its documents are of.
  @Test func positionsOfABatch() throws {
    let texts = [#"{"l":[1,2]}"#, "{", #"{"l":[3]}"#]
    var batch = DocumentBatch(bytes: [], documents: [], endPosition: 30)
    for (number, text) in texts.enumerated() {
      batch.append(Array(text.utf8), at: Int64(number * 10))
    }
    batch.refuse(Array("x".utf8), "too long", at: 25)
    let mapped = batch.mapped(by: try DocumentMapping(unnest: "l"))
    #expect(mapped.documents.map(\.position) == [0, 0, 20])
    #expect(mapped.refused.map(\.position) == [10, 25])
    #expect(mapped.endPosition == 30)
    let documents = mapped.documents.map { range in
      String(
        decoding: mapped.bytes[Int(range.start)..<Int(range.start) + Int(range.byteCount)],
        as: UTF8.self)
    }
    #expect(documents == [#"{"l":1}"#, #"{"l":2}"#, #"{"l":3}"#])
  }

  /// Fields around a long array cannot fill the memory.
  @Test func moreThanThereIsRoomFor() throws {
    let around = String(repeating: "x", count: 100_000)
    let elements = Array(repeating: "1", count: 1_000).joined(separator: ",")
    let document = Array(#"{"a":"\#(around)","l":[\#(elements)]}"#.utf8)
    let mapping = try DocumentMapping(unnest: "l")
    let fault = #expect(throws: MappingFault.self) { _ = try mapping.documents(of: document) }
    #expect(fault?.description.contains("its 1000 elements with the 1000") == true)
  }

  /// One element that cannot be mapped is refused alone.
  @Test func anElementThatIsNoObject() throws {
    var batch = DocumentBatch(bytes: [], documents: [], endPosition: 1)
    batch.append(Array(#"{"items":[{"a":1},null,{"a":2}]}"#.utf8), at: 0)
    let mapped = batch.mapped(by: try DocumentMapping(records: "items", constants: ["b = c"]))
    #expect(mapped.documents.count == 2)
    #expect(mapped.refused.map { String(decoding: $0.head, as: UTF8.self) } == ["null"])
  }

  /// A document may be nested as deep as one that is not mapped: the store has the limit.
  @Test func anyNesting() throws {
    let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
    let mapping = try DocumentMapping(records: "items", renames: ["a AS b"])
    let made = try mapping.documents(of: Array(#"{"items":[{"a":1,"d":\#(deep)}]}"#.utf8))
    #expect(made == [Array(#"{"d":\#(deep),"b":1}"#.utf8)])
  }

  private static func object(_ random: inout SeededGenerator, depth: Int) -> [UInt8] {
    let names = ["a", "b", "c", "é", "q\"", "d"].shuffled(using: &random)
    let members = names.prefix(random.below(names.count)).map { name in
      var bytes: [UInt8] = []
      bytes.append(jsonString: name)
      return String(decoding: bytes, as: UTF8.self) + random.pick([":", " : "])
        + value(&random, depth: depth)
    }
    return Array("{\(members.joined(separator: random.pick([",", " , "])))}".utf8)
  }

  private static func value(_ random: inout SeededGenerator, depth: Int) -> String {
    if depth > 0, random.oneIn(3) {
      return String(decoding: object(&random, depth: depth - 1), as: UTF8.self)
    }
    return random.pick([
      "1", "1.50", "-0", "1e3", "null", "true", #""x""#, #""\u00e9\n""#, "[ 1,{ } ]",
    ])
  }

  /// The top fields with the bytes of their values.
  private static func fields(_ document: [UInt8]) throws -> [String: String] {
    var fields: [String: String] = [:]
    var reader = JSONReader(document)
    try reader.forEachField { name, reader throws(JSONReadError) in
      fields[name] = String(decoding: document[try reader.place()], as: UTF8.self)
    }
    return fields
  }
}
