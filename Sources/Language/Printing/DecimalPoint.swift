/// Moves the decimal point of a number's text, so that not a digit changes, as it would in
/// arithmetic.
enum DecimalPoint {
  /// The text of the number times ten to the power of `places`; `text` has no sign. Very small ones
  /// have an exponent. O(digits).
  static func shifted(_ text: String, by places: Int) -> String {
    let parts = text.utf8.split(separator: UInt8(ascii: "e"), maxSplits: 1)
    let exponent = parts.count > 1 ? Int(String(decoding: parts[1], as: UTF8.self)) ?? 0 : 0
    let mantissa = parts[0].split(
      separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    var digits = Array(mantissa[0])
    // Where the point stands among the digits.
    var point = digits.count + exponent + places
    if mantissa.count > 1 { digits += mantissa[1] }
    let zeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
    digits.removeFirst(zeros)
    point -= zeros
    while digits.last == UInt8(ascii: "0") { digits.removeLast() }
    if digits.isEmpty { return "0" }
    let written = String(decoding: digits, as: UTF8.self)
    if point > digits.count {
      if point > 20 { return "\(written)e\(point - digits.count)" }
      return written + String(repeating: "0", count: point - digits.count)
    }
    if point == digits.count { return written }
    if point > 0 { return "\(written.prefix(point)).\(written.dropFirst(point))" }
    if point > -7 { return "0." + String(repeating: "0", count: -point) + written }
    return "\(written)e\(point - digits.count)"
  }
}
