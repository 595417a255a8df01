import Foundation
import TestSupport
import Testing

@testable import LineProtocol

/// The line protocol: what is read of a line, what is refused, and that a line comes back from its document.
@Suite struct LineProtocolTests {
  private static func point(
    _ line: String, _ unit: TimestampUnit? = .nanoseconds
  ) throws -> Point? {
    try LineParser(unit: unit).point(Array(line.utf8)[...])
  }

  private static func document(_ line: String, stream: String = "m") throws -> String {
    let bytes = Array(line.utf8)[...]
    let point = try #require(try LineParser(unit: .nanoseconds).point(bytes))
    var document: [UInt8] = []
    PointDocument.append(point, of: bytes, nowNs: 7, stream: stream, to: &document)
    let text = String(decoding: document, as: UTF8.self)
    return text.replacing(/"_id":"[0-9a-f]{32}"/, with: "\"_id\":*")
  }

  /// A line, and the document that it becomes.
  private static let documents: [(String, String)] = [
    (
      "m,host=a v=1.50,n=5i,u=18446744073709551615u,b=true,s=\"x\" 1717200000000000000",
      #"{"time":"2024-06-01T00:00:00Z","host":"a","v":1.50,"n":5,"u":18446744073709551615,"b":true,"s":"x","_form":"1 fiubs ns","_id":*}"#
    ),
    ("m v=1", #"{"time":"1970-01-01T00:00:00.000000007Z","v":1,"_form":"0 f -","_id":*}"#),
    (
      #"m\,\ x,a\,\=\ b=c\,\=\ d e\,\=\ f=1 0"#,
      #"{"time":"1970-01-01T00:00:00Z","a,= b":"c,= d","e,= f":1,"_measurement":"m, x","_form":"1 f ns","_id":*}"#
    ),
    (
      #"m s="a\"b\\c, =d" 0"#,
      #"{"time":"1970-01-01T00:00:00Z","s":"a\"b\\c, =d","_form":"0 s ns","_id":*}"#
    ),
    // What is not written in the usual way is kept.
    (
      #"m s="a\b" 0"#,
      #"{"time":"1970-01-01T00:00:00Z","s":"a\\b","_line":"m s=\"a\\b\" 0","_id":*}"#
    ),
    ("m v=1. 0", #"{"time":"1970-01-01T00:00:00Z","v":1,"_line":"m v=1. 0","_id":*}"#),
    ("m v=-.5 0", #"{"time":"1970-01-01T00:00:00Z","v":-0.5,"_line":"m v=-.5 0","_id":*}"#),
    ("m v=+1e5 0", #"{"time":"1970-01-01T00:00:00Z","v":1e5,"_line":"m v=+1e5 0","_id":*}"#),
    ("m v=1e5 0", #"{"time":"1970-01-01T00:00:00Z","v":1e5,"_form":"0 f ns","_id":*}"#),
    ("m v=007i 0", #"{"time":"1970-01-01T00:00:00Z","v":7,"_line":"m v=007i 0","_id":*}"#),
    (
      "m v=T,w=False 0",
      #"{"time":"1970-01-01T00:00:00Z","v":true,"w":false,"_form":"0 TB ns","_id":*}"#
    ),
    // Names that are taken.
    (
      "m,v=a v=1,time=2 0",
      #"{"time":"1970-01-01T00:00:00Z","v":"a","v_1":1,"time_1":2,"_line":"m,v=a v=1,time=2 0","_id":*}"#
    ),
    ("m v=0i,w=-0 0", #"{"time":"1970-01-01T00:00:00Z","v":0,"w":-0,"_form":"0 if ns","_id":*}"#),
  ]

  @Test func linesBecomeDocumentsAndComeBack() throws {
    for (line, expected) in Self.documents {
      #expect(try Self.document(line) == expected)
      let document = Array(
        try Self.document(line).replacing("\"_id\":*", with: "\"_id\":\"0\"").utf8)
      let back = StoredLine.line(document, stream: "m").map { String(decoding: $0, as: UTF8.self) }
      #expect(back == line)
    }
  }

  private static let faults = [
    "bad line": "invalid field format", "m": "missing fields", ",a=b v=1": "missing measurement",
    "m,a= v=1": "missing tag value", "m,=b v=1": "missing tag key", "m,a v=1": "missing tag value",
    "m,a=b=c v=1": "invalid tag format", "m,a=1,a=2 v=1": "duplicate tags",
    "m =1": "missing field key", "m v=": "missing field value", "m v=1,": "invalid field format",
    "m v=\"a": "unbalanced quotes", "m v=\"a\"b": "invalid field format",
    "m v=1x": "invalid number", "m v=-": "invalid number", "m v=.": "invalid number",
    "m v=1e": "invalid number", "m v=1e999": "invalid number", "m v=NaN": "invalid field format",
    "m v=truE": "invalid boolean", "m v=i": "invalid number", "m v=-1u": "invalid number",
    "m v=9223372036854775808i": "invalid number", "m v=18446744073709551616u": "invalid number",
    "m v=1 x": "bad timestamp", "m v=1 1.5": "bad timestamp", "m v=1 1 2": "bad timestamp",
    "m v=1 9223372036854775808": "time outside range",
    "m v=1 9223372036854775807": "time outside range",
  ]

  @Test func whatIsNoLineIsSaid() throws {
    for (line, reason) in Self.faults {
      #expect(throws: LineFault(reason), "\(line)") { try Self.point(line) }
    }
    let long = "m s=\"\(String(repeating: "x", count: LineParser.maxStringBytes))"
    #expect(throws: Never.self) { try Self.point(long + "\"") }
    #expect(throws: LineFault("string of 65537 bytes is over 65536")) {
      try Self.point(long + "x\"")
    }
    #expect(throws: LineFault("invalid UTF-8")) {
      try LineParser(unit: .nanoseconds).point([0x6D, 0x20, 0x76, 0x3D, 0x22, 0xFF, 0x22])
    }
    for line in ["", "   ", "# m v=1", "  # m v=1"] { #expect(try Self.point(line) == nil) }
  }

  @Test func timestampsCountInTheirUnit() throws {
    #expect(try Self.point("m v=1 5", .hours)?.time == .init(ns: 18_000_000_000_000, unit: .hours))
    #expect(throws: LineFault("time outside range")) {
      try Self.point("m v=1 9223372036855", .milliseconds)
    }
    for (digits, unit) in [
      ("1717200000", TimestampUnit.seconds), ("1717200000000", .milliseconds),
      ("1717200000000000", .microseconds), ("1717200000000000000", .nanoseconds),
    ] {
      #expect(
        try Self.point("m v=1 \(digits)", nil)?.time
          == .init(ns: 1_717_200_000_000_000_000, unit: unit))
    }
  }

  @Test func aPointIsKnownAgainInAnotherOrder() throws {
    func id(_ line: String) throws -> String {
      let point = try #require(try Self.point(line))
      return String(decoding: PointHash.text(point, ns: point.time?.ns ?? 0), as: UTF8.self)
    }
    let first = try id("m,a=1,b=2 v=1,w=2i 5")
    #expect(try first == id("m,b=2,a=1 w=2i,v=1 5"))
    #expect(try id("m v=T 1") == id("m v=true 1"))
    for other in [
      "n,a=1,b=2 v=1,w=2i 5", "m,a=1,b=3 v=1,w=2i 5", "m,a=1,b=2 v=1,w=2 5", "m,a=1,b=2 v=1,w=2i 6",
      "m,a=1 b=2,v=1,w=2i 5", "m,a=1,b=2 v=1 5",
    ] {
      #expect(try first != id(other))
    }
  }

  @Test func linesEndOutsideOfStrings() {
    let text = "a v=\"x\ny\" 1\r\n\n# it's \"\nb,t=\" v=1\nc v=\"\\\"\n\" 2\nd v=\"open\ne v=1"
    var splitter = LineSplitter(Array(text.utf8), isEnd: true)
    var lines: [String] = []
    while let line = splitter.next() {
      lines.append(String(decoding: Array(text.utf8)[line], as: UTF8.self))
    }
    #expect(
      lines == [
        "a v=\"x\ny\" 1", "", "# it's \"", "b,t=\" v=1", "c v=\"\\\"\n\" 2", "d v=\"open", "e v=1",
      ])
  }

  /// Wherever a text is cut into chunks, its lines are the same.
  @Test func linesDoNotDependOnChunks() throws {
    rounds(200) { random in
      let count = random.within(0...40)
      let text = (0..<count).map { _ in random.pick(Array("ab,= \"\\\n\r#".utf8)) }
      var whole = LineSplitter(text, isEnd: true)
      var expected: [[UInt8]] = []
      while let line = whole.next() { expected.append(Array(text[line])) }
      var lines: [[UInt8]] = []
      var begun: [UInt8] = []
      var rest = text[...]
      while true {
        // Chunks end with a line break, as the cutter gives them.
        let next = rest.firstIndex(of: 0x0A).map { rest[...$0] } ?? rest
        rest = rest[next.endIndex...]
        begun += next
        var splitter = LineSplitter(begun, isEnd: rest.isEmpty)
        while let line = splitter.next() { lines.append(Array(begun[line])) }
        begun = Array(begun[splitter.position...])
        if rest.isEmpty { break }
      }
      try checkEqual(lines, expected, "\(String(decoding: text, as: UTF8.self).debugDescription)")
    }
  }

  /// What a generator writes is read as it was meant, and comes back from its document.
  @Test func pointsComeBack() throws {
    rounds(500) { random in
      let point = LineGenerator.point(&random)
      let line = LineWriter.line(point)
      let text = String(decoding: line, as: UTF8.self).debugDescription
      try checkEqual(try LineParser(unit: point.time?.unit).point(line[...]), point, text)
      var document: [UInt8] = []
      PointDocument.append(point, of: line[...], nowNs: 0, stream: "m", to: &document)
      try check(
        (try? JSONSerialization.jsonObject(with: Data(document))) != nil,
        String(decoding: document, as: UTF8.self))
      try checkEqual(StoredLine.line(document, stream: "m"), line, text)
    }
  }

  /// Damaged lines are read or refused; none is taken for what it is not, and none ends the program.
  @Test func damagedLinesAreReadOrRefused() throws {
    rounds(2_000) { random in
      var line = LineWriter.line(LineGenerator.point(&random))
      for _ in 0..<random.within(1...4) where !line.isEmpty {
        let place = random.below(line.count)
        switch random.below(3) {
        case 0: line.remove(at: place)
        case 1: line.insert(random.pick(Array(",= \"\\\n#-.eiut0".utf8)), at: place)
        default: line[place] = UInt8(random.below(256))
        }
      }
      guard let point = try? LineParser(unit: .nanoseconds).point(line[...]) else { return }
      var document: [UInt8] = []
      PointDocument.append(point, of: line[...], nowNs: 0, stream: "m", to: &document)
      try checkEqual(
        StoredLine.line(document, stream: "m"), line,
        String(decoding: document, as: UTF8.self).debugDescription)
    }
  }
}

/// Makes up points, with all that has to be escaped.
private enum LineGenerator {
  static func point(_ random: inout SeededGenerator) -> Point {
    var point = Point(measurement: name(&random))
    var names: Set<Point.Bytes> = []
    for _ in 0..<random.below(4) {
      let name = name(&random)
      if names.insert(name).inserted {
        point.tags.append(.init(name: name, value: self.name(&random)))
      }
    }
    for _ in 0...random.below(4) {
      point.fields.append(.init(name: name(&random), value: value(&random)))
    }
    if !random.oneIn(4) {
      let unit = random.pick(TimestampUnit.allCases)
      let count = Int64.random(
        in: -9_000_000_000_000_000_000...9_000_000_000_000_000_000, using: &random)
      point.time = .init(ns: count / unit.ns * unit.ns, unit: unit)
    }
    return point
  }

  /// One that no backslash ends: there is no way to write it. Nor does a `#` begin it.
  private static func name(_ random: inout SeededGenerator) -> Point.Bytes {
    let parts = ["a", "b", "time", "_id", "é", ",", "=", " ", "\\", "\"", "#", "."]
    let text = (0...random.below(4)).map { _ in random.pick(parts) }.joined()
    return Array("n\(text)z".utf8)[...]
  }

  private static func value(_ random: inout SeededGenerator) -> FieldValue {
    switch random.below(5) {
    case 0:
      return .float(
        Array(random.pick(["0", "-1.50", "1e5", "2.5E-7", "12345678901234567890"]).utf8)[...])
    case 1: return .integer(Array("\(Int64(bitPattern: random.word()))".utf8)[...])
    case 2: return .unsigned(Array("\(random.word())".utf8)[...])
    case 3: return .boolean(random.oneIn(2), random.pick(BooleanSpelling.allCases))
    default:
      let parts = ["a", "\"", "\\", " ", ",", "=", "é", "\n", "\r", "\t", "\u{1}"]
      return .string(
        Array((0..<random.below(6)).map { _ in random.pick(parts) }.joined().utf8)[...])
    }
  }
}
