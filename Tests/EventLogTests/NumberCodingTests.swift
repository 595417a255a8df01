import Bytes
import Testing

@testable import EventLog

private struct Numbers {
  var mantissas: [Int64] = []
  var scales: [UInt8] = []

  init(_ texts: [String]) {
    for text in texts {
      let bytes = Array(text.utf8)
      let number = JSONText.number(bytes.rawSpan, from: 0, limit: bytes.count)
      precondition(number.end == bytes.count && !number.isHard)
      mantissas.append(number.mantissa)
      scales.append(UInt8(number.scale))
    }
  }

  var encoded: [UInt8] {
    var bytes: [UInt8] = []
    NumberCoding.encode(mantissas, scales, into: &bytes)
    return bytes
  }
}

private func decoded(_ bytes: [UInt8], count: Int) throws -> NumberValues {
  var reader = ByteReader(bytes.rawSpan)
  let numbers = try NumberCoding.decode(&reader, count: count)
  try check(reader.isAtEnd, "bytes left over")
  return numbers
}

private func texts(_ numbers: NumberValues) -> [String] {
  numbers.mantissas.indices.map { index in
    var bytes = [UInt8](repeating: 0, count: 40)
    let count = bytes.withSink { sink in
      sink.append(
        mantissa: numbers.mantissas[index], scale: numbers.scale(index), numbers.style)
      return sink.count
    }
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }
}

@Suite struct NumberCodingTests {
  @Test(
    arguments: [
      (["21.50", "3.10", "-0.05"], .fixed),
      (["1", "-2", "300"], .fixed),
      (["0.0", "0.0"], .fixed),
      (["21.5", "3", "100", "-0.25", "0"], .stripped),
      (["21.5", "3.0", "0.0", "-10.125"], .strippedToOne),
      (["21.5", "3.10"], .each),
      (["21.50", "3"], .each),
      (["0.0", "0"], .each),
      (["999999999999999999", "0.5"], .each),
      (["9223372036854775", "0.001"], .stripped),
      (["9223372036854776", "0.001"], .each),
      (["0.00000000000000001", "1"], .stripped),
      (["12345678901234567.8", "12345678901234567"], .stripped),
      (["9223372036854775807", "-9223372036854775807", "0"], .fixed),
      (["0.123456789012345678", "1"], .stripped),
    ] as [([String], NumberStyle)])
  func styles(numbers: [String], style: NumberStyle) throws {
    let values = try decoded(Numbers(numbers).encoded, count: numbers.count)
    #expect(values.style == style)
    #expect(texts(values) == numbers)
    #expect(values.parts == (Numbers(numbers).mantissas, Numbers(numbers).scales))
    for (index, text) in numbers.enumerated() {
      #expect(values.double(index) == Double(text))
    }
  }

  @Test func randomColumnsComeBack() {
    rounds(400) { random in
      let style = random.below(5)
      let scale = random.below(6)
      let numbers = (0..<random.within(1...60)).map { _ in
        let digits = random.within(1...random.pick([2, 5, 10, 18]))
        let decimals = style == 0 ? scale : random.below(style == 1 ? 2 : 8)
        return decimalText(digits: digits, decimals: decimals, isStripped: style > 2, &random)
      }
      let values = try decoded(Numbers(numbers).encoded, count: numbers.count)
      try checkEqual(texts(values), numbers, "texts, style \(values.style)")
      let (parts, wanted) = (values.parts, Numbers(numbers))
      try checkEqual(parts.mantissas, wanted.mantissas, "mantissas, style \(values.style)")
      try checkEqual(parts.scales, wanted.scales, "scales, style \(values.style)")
      for (index, text) in numbers.enumerated() {
        try checkEqual(values.double(index).bitPattern, Double(text)!.bitPattern, text)
      }
    }
  }

  @Test func everyTruncationThrows() {
    let bytes = Numbers(["1.5", "2.25", "3", "-400.125", "7.10"]).encoded
    for length in 0..<bytes.count {
      #expect(throws: MalformedBytes.self) {
        try decoded(Array(bytes.prefix(length)), count: 5)
      }
    }
  }

  @Test func scaleBeyondAllPowersThrows() {
    for style in 0...4 as ClosedRange<UInt8> {
      #expect(throws: MalformedBytes.self) { try decoded([style, 19, 0, 2], count: 1) }
    }
    #expect(throws: MalformedBytes.self) { try decoded([3, 0, 0, 2, 0, 38], count: 1) }
  }
}

/// A decimal that the number column can hold, at most 18 digits.
private func decimalText(
  digits: Int, decimals: Int, isStripped: Bool, _ random: inout SeededGenerator
) -> String {
  let count = min(decimals, 17)
  let whole = max(1, min(digits, 18 - count))
  var text = whole == 1 ? "" : String(random.within(1...9))
  while text.utf8.count < whole { text += String(random.below(10)) }
  if count > 0 {
    text += "." + (0..<count).map { _ in String(random.below(10)) }.joined()
    while isStripped, text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
  }
  let isZero = text.allSatisfy { $0 == "0" || $0 == "." }
  return !isZero && random.oneIn(3) ? "-" + text : text
}
