/// Numbers as Prometheus writes them.
public enum PromQLNumber {
  /// The shortest text that gives the same double: without an exponent from 1e-6 to below 1e21, and else with one; `NaN`,
  /// `+Inf`, `-Inf`.
  public static func text(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    let (digits, point) = shortest(abs(value))
    let sign = value.sign == .minus ? "-" : ""
    if value != 0, abs(value) < 1e-6 || abs(value) >= 1e21 {
      let exponent = point - 1
      let rest = digits.dropFirst()
      let shown = abs(exponent) < 10 ? "0\(abs(exponent))" : "\(abs(exponent))"
      return sign + String(digits.prefix(1)) + (rest.isEmpty ? "" : ".\(rest)")
        + "e\(exponent < 0 ? "-" : "+")\(shown)"
    }
    if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
    if point >= digits.count {
      return sign + digits + String(repeating: "0", count: point - digits.count)
    }
    return sign + digits.prefix(point) + "." + digits.dropFirst(point)
  }

  /// The digits of a number that is not negative, and how many of them stand before the point.
  private static func shortest(_ value: Double) -> (digits: String, point: Int) {
    let parts = "\(value)".split(separator: "e")
    let mantissa = parts[0].split(separator: ".")
    let exponent = parts.count == 2 ? Int(parts[1]) ?? 0 : 0
    let fraction = mantissa.count == 2 && mantissa[1] != "0" ? String(mantissa[1]) : ""
    let all = mantissa[0] + fraction
    let digits = all.drop { $0 == "0" }
    if digits.isEmpty { return ("0", 1) }
    let point = mantissa[0].count + exponent - (all.count - digits.count)
    let kept = digits.reversed().drop { $0 == "0" }.reversed()
    return (String(kept), point)
  }
}

extension PromQLTime {
  /// In seconds, with as many decimals as there are.
  public static func text(_ ms: Int64) -> String {
    let (seconds, rest) = abs(ms).quotientAndRemainder(dividingBy: 1_000)
    let sign = ms < 0 ? "-" : ""
    if rest == 0 { return "\(sign)\(seconds)" }
    let digits = String("\(1_000 + rest)".dropFirst())
    let kept = String(digits.reversed().drop { $0 == "0" }.reversed())
    return "\(sign)\(seconds).\(kept)"
  }
}
