/// Decimal numbers as JSON writes them, added without a loss: 0.1 and 0.2 are 0.3.
enum DecimalText {
  /// The sum; the one that is there when the other is not. What has more than 36 digits between its first and its last is the
  /// nearest double. O(digits).
  static func sum(_ first: String?, _ second: String?) -> String? {
    guard let first else { return second }
    guard let second else { return first }
    guard let left = Parts(first), let right = Parts(second),
      let (a, b, scale) = aligned(left, right), case let sum = a.addingReportingOverflow(b),
      !sum.overflow
    else { return ((Double(first) ?? 0) + (Double(second) ?? 0)).description }
    return text(sum.partialValue, scale: scale)
  }

  /// `value / 10^scale`, without zeros at the end of its decimals.
  static func text(_ value: some BinaryInteger, scale: Int) -> String {
    var digits = String(value.magnitude)
    let sign = value < 0 ? "-" : ""
    guard scale > 0 else {
      return sign + digits + String(repeating: "0", count: value == 0 ? 0 : -scale)
    }
    if digits.count <= scale {
      digits = String(repeating: "0", count: scale - digits.count + 1) + digits
    }
    let whole = digits.dropLast(scale)
    var decimals = digits.suffix(scale)
    while decimals.last == "0" { decimals.removeLast() }
    return "\(sign)\(whole)\(decimals.isEmpty ? "" : ".")\(decimals)"
  }

  /// A number is `mantissa / 10^scale`.
  private struct Parts {
    var mantissa: Int128
    var scale: Int

    private static let maxDigits = 36
    private static let maxScale = 400

    init?(_ text: String) {
      let parts = text.lowercased().split(separator: "e", omittingEmptySubsequences: false)
      let number = parts[0].split(separator: ".", omittingEmptySubsequences: false)
      let decimals = number.count > 1 ? String(number[1]) : ""
      let digits = String(number[0]) + decimals
      guard digits.count <= Self.maxDigits, let mantissa = Int128(digits) else { return nil }
      let exponent = parts.count > 1 ? Int(parts[1]) : 0
      guard let exponent, abs(exponent) <= Self.maxScale else { return nil }
      (self.mantissa, scale) = (mantissa, decimals.count - exponent)
    }
  }

  private static func aligned(_ left: Parts, _ right: Parts) -> (Int128, Int128, Int)? {
    let scale = max(left.scale, right.scale)
    func raised(_ parts: Parts) -> Int128? {
      var mantissa = parts.mantissa
      if mantissa == 0 { return 0 }
      for _ in 0..<(scale - parts.scale) {
        let (product, overflow) = mantissa.multipliedReportingOverflow(by: 10)
        if overflow { return nil }
        mantissa = product
      }
      return mantissa
    }
    guard let a = raised(left), let b = raised(right) else { return nil }
    return (a, b, scale)
  }
}
