import Bytes
import Testing

@testable import Model

@Suite struct TimeParserTests {
  @Test func randomTimesComeBackByteForByte() {
    rounds(200) { random in
      // One parser and one writer, for their caches of the last day.
      var parser = TimeParser()
      var writer = TimeWriter()
      for _ in 0..<20 {
        let wanted = TimeText.random(&random)
        let bytes = Array(wanted.text.utf8)
        guard let time = parser.parse(bytes.rawSpan, 0..<bytes.count) else {
          throw Mismatch(description: "\(wanted.text) is not read")
        }
        try checkEqual(time.ns, wanted.ns, wanted.text)
        try check(time.format != .irreproducible, "\(wanted.text) is irreproducible")
        try checkEqual(written(time, with: &writer), wanted.text, "text")
      }
    }
  }

  @Test(
    arguments: [
      ("1970-01-01T00:00:00Z", 0),
      ("1969-12-31T23:59:59.999999999Z", -1),
      ("2024-02-29T12:00:00+05:30", 1_709_188_200_000_000_000),
      ("1678-01-01T00:00:00Z", -9_214_560_000_000_000_000),
      ("2261-12-31T23:59:59.999999999Z", 9_214_646_399_999_999_999),
      ("1678-01-01T00:00:00+23:59", -9_214_646_340_000_000_000),
      ("2261-12-31T23:59:59.999999999-23:59", 9_214_732_739_999_999_999),
    ] as [(String, Int64)])
  func knownTimes(text: String, ns: Int64) throws {
    let time = try #require(parsed(text))
    #expect(time.ns == ns)
    #expect(written(time) == text)
  }

  @Test(arguments: [
    "", "2024-07-30", "2024-07-30T12:00:00", "2024-00-30T12:00:00Z",
    "2024-13-30T12:00:00Z", "2024-07-00T12:00:00Z", "2024-07-32T12:00:00Z",
    "2024-06-31T12:00:00Z", "2023-02-29T12:00:00Z", "1900-02-29T12:00:00Z",
    "2024-07-30T24:00:00Z", "2024-07-30T12:60:00Z", "2024-07-30T12:00:61Z",
    "2024-07-30T12:00:00.Z", "2024-07-30T12:00:00+24:00",
    "2024-07-30T12:00:00+05:60", "2024-07-30T12:00:00Zx", "2024-07-30T12:00:00 Z",
    "2024-07-30_12:00:00Z",
    "2024/07/30T12:00:00Z", "24-07-30T12:00:00.00Z", "1677-12-31T23:59:59Z",
    "2262-01-01T00:00:00Z", "0000-00-00T00:00:00Z", "2024-07-30T1:00:00.00Z",
    "2024-07-30T12:00:00.5", "2024-07-30T12:00:00.5+", "-024-07-30T12:00:00Z",
    "2024-07-30T12:00:00.5+01:0", "２024-07-30T12:00:00Z", "now, in twenty bytes",
    "\0\0\0\0\0\0\0\0\0\0T00:00:00Z",
  ])
  func refuses(text: String) { #expect(parsed(text) == nil) }

  /// Every single changed byte gives either a refusal or a time that is written as it was read.
  @Test func changedBytesAreNotMisread() {
    rounds(40) { random in
      let wanted = TimeText.random(&random)
      for place in wanted.text.utf8.indices {
        for byte in 1...127 as ClosedRange<UInt8> {
          var bytes = Array(wanted.text.utf8)
          bytes[wanted.text.utf8.distance(from: wanted.text.startIndex, to: place)] = byte
          let text = String(decoding: bytes, as: UTF8.self)
          guard let time = parsed(text), time.format != .irreproducible else { continue }
          try checkEqual(written(time), text, "\(wanted.text) changed")
        }
      }
    }
  }

  @Test func leapSecondIsTheNextSecond() throws {
    let leap = try #require(parsed("2016-12-31T23:59:60Z"))
    #expect(leap.ns == parsed("2017-01-01T00:00:00Z")?.ns)
    #expect(leap.format == .irreproducible)
    let shifted = try #require(parsed("2017-01-01T05:29:60.25+05:30"))
    #expect(shifted.ns == parsed("2017-01-01T00:00:00.25Z")?.ns)
  }

  @Test func finerThanNanosecondsIsCut() throws {
    let time = try #require(parsed("2024-07-30T12:00:00.1234567899Z"))
    #expect(time.ns == parsed("2024-07-30T12:00:00.123456789Z")?.ns)
    #expect(time.format == .irreproducible)
    #expect(parsed("2024-07-30T12:00:00.\(String(repeating: "1", count: 60))Z") == nil)
  }

  @Test func formatsAreToldApart() {
    let texts = [
      "2024-07-30T12:00:00Z", "2024-07-30T12:00:00z", "2024-07-30 12:00:00Z",
      "2024-07-30t12:00:00Z", "2024-07-30T12:00:00.0Z", "2024-07-30T12:00:00+00:00",
      "2024-07-30T12:00:00-00:00",
    ]
    #expect(Set(texts.map { parsed($0)?.ns }) == [1_722_340_800_000_000_000])
    #expect(Set(texts.map { parsed($0)?.format.code }).count == texts.count)
  }
}
