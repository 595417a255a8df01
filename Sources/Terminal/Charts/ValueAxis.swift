import Glibc

/// A scale of values whose ticks are 1, 2 or 5 times a power of ten apart.
struct ValueAxis {
  let low: Double
  let high: Double
  /// Ascending; the first is `low` and the last is `high`.
  let ticks: [Double]
  private let step: Double

  /// A scale that holds all of `range` in at most `maxTicks` ticks, if they are at least 3.
  init(holding range: ClosedRange<Double>, maxTicks: Int) {
    let (low, high) = Self.widened(range)
    // Halved, since the whole may be beyond the greatest double.
    let half = high / 2 - low / 2
    let intervals = max(1, maxTicks - 1)
    for step in Self.steps(from: half / Double(intervals) * 2) {
      let (first, last) = ((low / step).rounded(.down), (high / step).rounded(.up))
      // Beyond this, neighbours cannot be told apart.
      guard max(abs(first), abs(last)) < 0x1p52, (first * step).isFinite, (last * step).isFinite
      else { break }
      if Int(last - first) > max(2, intervals) { continue }
      ticks = (0...Int(last - first)).map { (first + Double($0)) * step }
      (self.low, self.high, self.step) = (first * step, last * step, step)
      return
    }
    ticks = [low, high]
    (self.low, self.high, step) = (low, high, 0)
  }

  /// Where `value` is, from 0 at `low` to 1 at `high`.
  func fraction(_ value: Double) -> Double {
    min(1, max(0, (value / 2 - low / 2) / (high / 2 - low / 2)))
  }

  /// The texts of the ticks, with as many decimals as they need.
  var labels: [String] {
    // Without a step, all digits are needed to tell the ticks apart.
    ticks.map { step > 0 ? NumberText.of($0, step: step) : "\($0)" }
  }

  /// Some room around values that are all the same.
  private static func widened(_ range: ClosedRange<Double>) -> (Double, Double) {
    if range.lowerBound < range.upperBound { return (range.lowerBound, range.upperBound) }
    let margin = range.lowerBound == 0 ? 1 : max(abs(range.lowerBound) / 10, .leastNormalMagnitude)
    let limit = Double.greatestFiniteMagnitude
    return (max(-limit, range.lowerBound - margin), min(limit, range.upperBound + margin))
  }

  /// Distances of ticks, from the greatest that is not more than `least` on.
  private static func steps(from least: Double) -> [Double] {
    let exponent = log10(max(least, .leastNormalMagnitude)).rounded(.down)
    var steps: [Double] = []
    for more in 0...2 {
      let power = NumberText.power(exponent + Double(more))
      steps += [power, 2 * power, 5 * power]
    }
    return steps.filter { $0 >= least * (1 - 1e-9) && $0.isFinite }
  }
}

/// Numbers as labels.
enum NumberText {
  /// With the decimals that multiples of `step` need, or as `1.5e9` when they are very long.
  static func of(_ value: Double, step: Double) -> String {
    if value == 0 { return "0" }
    let exponent = log10(abs(value)).rounded(.down)
    let last = (log10(step) + 1e-9).rounded(.down)
    if exponent < 7 && last > -5 { return fixed(value, decimals: max(0, Int(-last))) }
    return scientific(value, exponent, decimals: Int(max(0, min(9, exponent - last))))
  }

  /// At most six significant digits, no zeros at the end.
  static func short(_ value: Double) -> String {
    if value == 0 { return "0" }
    let exponent = log10(abs(value)).rounded(.down)
    if -5..<7 ~= exponent {
      return trimmed(fixed(value, decimals: max(0, min(9, 5 - Int(exponent)))))
    }
    return scientific(value, exponent, decimals: 5)
  }

  private static func scientific(_ value: Double, _ exponent: Double, decimals: Int) -> String {
    // The least doubles are beyond the powers of ten that a division could use.
    let shift = exponent < -290 ? 290.0 : 0
    let digits = value * pow(10, shift) / power(exponent + shift)
    return "\(trimmed(fixed(digits, decimals: decimals)))e\(Int(exponent))"
  }

  /// Without zeros behind the point.
  private static func trimmed(_ digits: String) -> String {
    guard digits.contains(".") else { return digits }
    let kept = digits.reversed().drop { $0 == "0" }
    return String((kept.first == "." ? kept.dropFirst() : kept).reversed())
  }

  /// Exact for the powers that matter: a negative power is divided by, not multiplied with.
  static func power(_ exponent: Double) -> Double {
    exponent < 0 ? 1 / pow(10, -exponent) : pow(10, exponent)
  }

  /// `decimals` are 0 to 9, and the value below 10^8.
  private static func fixed(_ value: Double, decimals: Int) -> String {
    let factor = pow(10, Double(decimals))
    let product = (abs(value) * factor).rounded()
    guard product < 0x1p62 else { return "\(value)" }
    let scaled = Int64(product)
    let (whole, rest) = scaled.quotientAndRemainder(dividingBy: Int64(factor))
    let sign = value < 0 && scaled != 0 ? "-" : ""
    if decimals == 0 { return "\(sign)\(whole)" }
    let digits = String(rest)
    return "\(sign)\(whole)." + String(repeating: "0", count: decimals - digits.count) + digits
  }
}
