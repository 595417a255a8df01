import Testing

@testable import Bytes

/// The bytes that `body` writes, with room for `limit`.
private func written(limit: Int = 64, _ body: (inout ByteSink) -> Void) -> (String, Bool) {
  var bytes = [UInt8](repeating: 0, count: limit + ByteSink.slack)
  let (count, didOverflow) = bytes.withSink { sink in
    body(&sink)
    return (sink.count, sink.didOverflow)
  }
  return (String(decoding: bytes.prefix(count), as: UTF8.self), didOverflow)
}

@Suite struct ByteSinkTests {
  @Test func digitsAreThoseOfString() {
    rounds(3_000) { random in
      let value = random.word()
      try checkEqual(written { $0.append(decimal: value) }.0, String(value), "digits")
      let minDigits = random.within(1...20)
      let text = String(value)
      let padded = String(repeating: "0", count: max(0, minDigits - text.count)) + text
      try checkEqual(
        written { $0.append(decimal: value, minDigits: minDigits) }.0, padded,
        "\(value) with \(minDigits) digits")
    }
  }

  @Test func powersOfTenHaveTheirDigits() {
    var power: UInt64 = 1
    for _ in 0..<20 {
      for value in [power - 1, power, power + 1] {
        #expect(written { $0.append(decimal: value) }.0 == String(value))
      }
      power = power.multipliedReportingOverflow(by: 10).partialValue
    }
    #expect(written { $0.append(decimal: .max) }.0 == "18446744073709551615")
  }

  @Test func decimalsStandBehindThePoint() {
    rounds(2_000) { random in
      let value = random.word()
      let decimals = random.within(0...18)
      var digits = String(value)
      while digits.count <= decimals { digits = "0" + digits }
      let point = digits.index(digits.endIndex, offsetBy: -decimals)
      let wanted = decimals == 0 ? digits : "\(digits[..<point]).\(digits[point...])"
      try checkEqual(
        written { $0.append(decimal: value, decimals: decimals) }.0, wanted,
        "\(value) / 10^\(decimals)")
    }
  }

  @Test func twoDigitsArePadded() {
    for value in 0..<100 {
      let wanted = (value < 10 ? "0" : "") + String(value)
      #expect(written { $0.append(twoDigits: value) }.0 == wanted)
    }
  }

  @Test func runsAreCopied() {
    rounds(300) { random in
      let source = (0..<random.below(40)).map { _ in UInt8(random.within(32...126)) }
      let start = random.within(0...source.count)
      let end = random.within(start...source.count)
      let (text, didOverflow) = written {
        $0.append(UInt8(ascii: "<"))
        $0.append(source, range: start..<end)
        $0.append(word: 0x3E3E, byteCount: 1)
      }
      let middle = String(decoding: source[start..<end], as: UTF8.self)
      try checkEqual(text, "<\(middle)>", "copy of \(start)..<\(end)")
      try check(!didOverflow, "overflow")
    }
  }

  /// Whatever does not fit is not written at all, and is told.
  @Test func overflowIsFlaggedAndHarmless() {
    rounds(500) { random in
      let limit = random.below(12)
      var expected = ""
      var overflows = false
      let pieces = (0..<random.within(1...6)).map { _ in random.below(8) }
      let (text, didOverflow) = written(limit: limit) { sink in
        for (index, count) in pieces.enumerated() {
          let piece = String(repeating: "x", count: count)
          let source = Array(piece.utf8)
          switch index % 2 {
          case 0: sink.append(source, range: 0..<count)
          default: sink.append(word: 0x7878_7878_7878_7878, byteCount: count)
          }
          if expected.count + count <= limit { expected += piece } else { overflows = true }
        }
      }
      try checkEqual(text, expected, "text in \(limit) bytes, pieces \(pieces)")
      try checkEqual(didOverflow, overflows, "overflow in \(limit) bytes, pieces \(pieces)")
    }
  }

  @Test func slackIsWhatFitsBesideTheLimit() {
    #expect(written(limit: 3) { $0.append(decimal: 123) } == ("123", false))
    #expect(written(limit: 2) { $0.append(decimal: 123) } == ("", true))
    #expect(written(limit: 0) { $0.append(UInt8(ascii: "x")) } == ("", true))
    var none: [UInt8] = []
    let didOverflow = none.withSink { sink in
      sink.append(UInt8(ascii: "x"))
      return sink.didOverflow
    }
    #expect(didOverflow)
  }
}
