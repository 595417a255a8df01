import Bytes

extension ColumnValues {
  /// Value `index` as text, a string's escapes resolved.
  func text(_ index: Int) -> [UInt8] {
    switch kind {
    case .string:
      var text: [UInt8] = []
      JSONText.unescape(strings.bytes.rawSpan, strings.range(index), into: &text)
      return text
    case .number:
      var text: [UInt8] = Array(repeating: 0, count: 40 + ByteSink.slack)
      let count = text.withSink { sink in
        sink.append(
          mantissa: numbers.mantissas[index], scale: numbers.scale(index), numbers.style)
        return sink.count
      }
      return Array(text.prefix(count))
    case .opaque:
      return Array(strings.bytes[strings.range(index)])
    case .bool:
      return Array((integers[index] == 1 ? "true" : "false").utf8)
    default:
      return Array(number(index).description.utf8)
    }
  }

  /// All strings, escapes resolved.
  var texts: [String] {
    guard strings.isDictionary else {
      return (0..<count).map { String(decoding: text($0), as: UTF8.self) }
    }
    var plain = self
    plain.strings.isDictionary = false
    let entries = strings.ends.indices.map { String(decoding: plain.text($0), as: UTF8.self) }
    return strings.codes.map { entries[Int($0)] }
  }
}
