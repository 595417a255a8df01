import Bytes

extension Node {
  /// The expression in one line, as `format_query` gives it: what is read of it is the same expression. O(nodes).
  public var canonicalText: String {
    switch form {
    case .number(let value): return PromQLNumber.text(value)
    case .text(let text): return text.quoted
    case .selector(let selector): return selector.canonicalText
    case .parenthesized(let inner): return "(\(inner.canonicalText))"
    case .negated(let inner): return "-\(inner.canonicalText)"
    case .binary(let binary):
      var middle = binary.operation.rawValue
      if binary.isBool { middle += " bool" }
      if let matching = binary.matching {
        middle += " \(matching.isOn ? "on" : "ignoring") \(matching.labels.canonicalText)"
      }
      return "\(binary.left.canonicalText) \(middle) \(binary.right.canonicalText)"
    case .aggregation(let aggregation):
      var text = aggregation.operation.rawValue
      if let grouping = aggregation.grouping {
        text += " \(grouping.isWithout ? "without" : "by") \(grouping.labels.canonicalText) "
      }
      let arguments = [aggregation.parameter, aggregation.argument].compactMap { $0?.canonicalText }
      return text + "(\(arguments.joined(separator: ", ")))"
    case .call(let function, let arguments):
      return "\(function.rawValue)(\(arguments.map(\.canonicalText).joined(separator: ", ")))"
    }
  }
}

extension Selector {
  /// As it is written.
  public var canonicalText: String {
    var shown = matchers
    var text = ""
    let place = shown.firstIndex { $0.name == Labels.metricName && $0.comparison == .equal }
    if let place, shown[place].value.isMetricName { text = shown.remove(at: place).value.string }
    if !shown.isEmpty {
      text += "{\(shown.map(\.canonicalText).joined(separator: ", "))}"
    }
    if let rangeMs { text += "[\(PromQLDuration.text(rangeMs))]" }
    switch at {
    case .ms(let ms): text += " @ \(PromQLTime.text(ms))"
    case .start: text += " @ start()"
    case .end: text += " @ end()"
    case nil: break
    }
    if offsetMs != 0 {
      text += " offset \(offsetMs < 0 ? "-" : "")\(PromQLDuration.text(abs(offsetMs)))"
    }
    return text
  }
}

extension Matcher {
  fileprivate var canonicalText: String {
    if name == Labels.metricName, comparison == .equal { return value.quoted }
    return "\(name.isLabelName ? name.string : name.quoted)\(comparison.rawValue)\(value.quoted)"
  }
}

extension [Text] {
  fileprivate var canonicalText: String {
    "(\(map { $0.isLabelName ? $0.string : $0.quoted }.joined(separator: ", ")))"
  }
}

extension Text {
  /// Whether it is a name that needs no quotes: letters, digits and `_`, no digit first.
  public var isLabelName: Bool { isName { $0 == UInt8(ascii: "_") } }

  /// The same of a metric, which may have colons.
  public var isMetricName: Bool {
    isName { $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ":") }
      && !["inf", "nan"].contains(string.lowercased())
  }

  private func isName(_ isMark: (UInt8) -> Bool) -> Bool {
    guard let first = utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
      return false
    }
    return utf8.allSatisfy {
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || isMark($0)
    }
  }

  /// In double quotes, with the escapes that there have to be.
  fileprivate var quoted: String {
    let escaped = string.unicodeScalars.map { scalar in
      switch scalar {
      case "\"": "\\\""
      case "\\": "\\\\"
      case "\n": "\\n"
      case "\t": "\\t"
      case "\r": "\\r"
      default: String(Character(scalar))
      }
    }
    return "\"\(escaped.joined())\""
  }
}
