extension Literal {
  /// The number that a text is, written as a number is in JSON; nil when it is none. O(bytes).
  public static func number(in text: String) -> Double? {
    var rest = text.utf8[...]
    func isDigit(_ byte: UInt8) -> Bool { byte.isDigit }
    if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
    guard rest.first.map(isDigit) ?? false else { return nil }
    rest = rest.drop(while: isDigit)
    if rest.first == UInt8(ascii: ".") {
      rest.removeFirst()
      guard rest.first.map(isDigit) ?? false else { return nil }
      rest = rest.drop(while: isDigit)
    }
    if let mark = rest.first, mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") {
      rest.removeFirst()
      if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
        rest.removeFirst()
      }
      guard rest.first.map(isDigit) ?? false else { return nil }
      rest = rest.drop(while: isDigit)
    }
    guard rest.isEmpty, let number = Double(text), number.isFinite else { return nil }
    return number
  }
}
