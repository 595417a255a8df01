import Bytes
import Model
import SimdJSON
import Testing

@testable import EventLog

/// What the scanner says of a document; nil when it accepts.
func scanError(_ document: [UInt8]) -> DocumentError? {
  var list = TokenList()
  var scanner = DocumentScanner(document.rawSpan, range: 0..<document.count, explodePath: nil)
  do throws(DocumentError) {
    try scanner.scan(into: &list)
    return nil
  } catch {
    return error
  }
}

private func simdError(
  _ document: [UInt8], _ validator: SimdJSONValidator
) -> SimdJSONValidator.Refusal? {
  do throws(SimdJSONValidator.Refusal) {
    try validator.validate(document.rawSpan, range: 0..<document.count)
    return nil
  } catch {
    return error
  }
}

/// One change that may or may not break a document.
private func mutated(_ document: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
  var bytes = document
  let structural = utf8("{}[]\",:\\-+.0123456789eEtfnu \n\t\r/ab")
  for _ in 0..<random.within(1...2) where !bytes.isEmpty {
    let place = random.below(bytes.count)
    let byte = random.oneIn(3) ? UInt8(random.below(256)) : random.pick(structural)
    switch random.below(5) {
    case 0: bytes[place] = byte
    case 1: bytes[place] ^= UInt8(1 << random.below(8))
    case 2: bytes.insert(byte, at: place)
    case 3: bytes.remove(at: place)
    default: if random.oneIn(4) { bytes.removeLast(bytes.count - place) }
    }
  }
  return bytes
}

@Suite struct DocumentScannerTests {
  private func checkAgreement(_ document: [UInt8], _ validator: SimdJSONValidator) throws {
    let text = String(decoding: document, as: UTF8.self)
    let scanned = scanError(document)
    guard let refusal = simdError(document, validator) else {
      let isScalar = scanned?.reason == "the document is not a JSON object"
      return try check(scanned == nil || isScalar, "only the scanner refuses \(text): \(scanned!)")
    }
    if refusal.isNumberRange { return }
    try check(scanned != nil, "only simdjson refuses \(text): \(refusal)")
  }

  @Test func agreesWithSimdjsonOnGeneratedDocuments() {
    rounds(40) { random in
      let validator = SimdJSONValidator()
      let generator = JSONGenerator(JSONGenerator.definition(&random), &random)
      for _ in 0..<40 {
        let (document, _) = generator.document(&random)
        let text = String(decoding: document, as: UTF8.self)
        try check(scanError(document) == nil, "refuses \(text)")
        try checkAgreement(document, validator)
        for _ in 0..<20 { try checkAgreement(mutated(document, &random), validator) }
      }
    }
  }

  /// Strings, escapes and numbers at every place of a word, with every byte in them.
  @Test func agreesWithSimdjsonOnEveryByte() throws {
    let validator = SimdJSONValidator()
    for length in 0..<17 {
      let filler = String(repeating: "x", count: length)
      for byte in 0...255 as ClosedRange<UInt8> {
        for (before, after) in [
          ("{\"\(filler)", "\":1}"), ("{\"a\":\"\(filler)", "xx\"}"),
          ("{\"a\":\"\(filler)\\", "0041\"}"), ("{\"a\":\(filler.count)", "1}"),
          ("{\"a\":\"\(filler)\\ud83d\\ude0", "\"}"), ("{\"a\":[1,2,\"\(filler)\"", "]}"),
        ] {
          try checkAgreement(utf8(before) + [byte] + utf8(after), validator)
        }
      }
    }
  }

  /// All sequences of two bytes, and all that begin like three or four, inside of a string.
  @Test func agreesWithSimdjsonOnUTF8() throws {
    let validator = SimdJSONValidator()
    func document(_ middle: [UInt8]) -> [UInt8] { utf8("{\"k\":\"") + middle + utf8("\"}") }
    for first in 0xC0...0xFF as ClosedRange<UInt8> {
      for second in stride(from: 0x70, through: 0xC8, by: 1) {
        let pair = [first, UInt8(second)]
        let rests: [[UInt8]] = [
          [], [0x80], [0xBF], [0x7F], [0x80, 0x80], [0xBF, 0xBF], [0xC0, 0x80],
        ]
        for rest in rests {
          try checkAgreement(document(pair + rest), validator)
        }
      }
    }
  }

  @Test(arguments: [1_000, 1_023, 1_024, 1_025, 1_026, 2_000])
  func nestingIsLimited(depth: Int) throws {
    let arrays =
      utf8("{\"a\":") + [UInt8](repeating: UInt8(ascii: "["), count: depth - 1)
      + [UInt8](repeating: UInt8(ascii: "]"), count: depth - 1) + utf8("}")
    let objects =
      utf8(String(repeating: "{\"a\":", count: depth) + "1" + String(repeating: "}", count: depth))
    for document in [arrays, objects] {
      let error = scanError(document)
      #expect((error == nil) == (depth <= Limits.maxNesting))
      if let error { #expect(error.reason == "nesting is deeper than the limit of 1024") }
    }
  }

  @Test func tokensStandWhereTheirBytesAre() throws {
    let text = #" {"a" : {"b":[1, {"c":2}], "d":"x\n"}, "e":-1.50, "f":{}, "g":null, "h":[]}"#
    let document = utf8(text)
    var list = TokenList()
    var scanner = DocumentScanner(document.rawSpan, range: 0..<document.count, explodePath: nil)
    try scanner.scan(into: &list)
    let found = list.tokens.map { token in
      "\(list.paths[Int(token.path)]) \(token.kind) "
        + String(decoding: document[token.start..<token.end], as: UTF8.self)
    }
    #expect(
      found == [
        #"a.b opaque [1, {"c":2}]"#, #"a.d string x\n"#, "e number -1.50", "f opaque {}",
        "g null null", "h opaque []",
      ])
    #expect(list.tokens[1].detail == 1)
    #expect(list.tokens[2].mantissa == -150 && list.tokens[2].detail == 2)
    #expect(!list.hasDuplicateKeys)
  }

  @Test(arguments: [
    (#"{"a":1,"a":2}"#, true), (#"{"a":1,"\u0061":2}"#, true), (#"{"a":{"a":1}}"#, false),
    (#"{"a":{"b":1,"b":2}}"#, true), (#"{"a":[{"b":1,"b":2}]}"#, false), (#"{"a":1,"b":2}"#, false),
  ])
  func duplicateKeysAreSeen(text: String, hasDuplicates: Bool) throws {
    let document = utf8(text)
    var list = TokenList()
    var scanner = DocumentScanner(document.rawSpan, range: 0..<document.count, explodePath: nil)
    try scanner.scan(into: &list)
    #expect(list.hasDuplicateKeys == hasDuplicates)
  }
}
