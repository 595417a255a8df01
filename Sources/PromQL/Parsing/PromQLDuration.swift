/// Lengths of time as Prometheus writes them: `1h30m`, `500ms`. A day has 24 hours, a week 7 days, a year 365.
public enum PromQLDuration {
  private static let units: [(name: String, ms: Int64)] = [
    ("y", 31_536_000_000), ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000),
    ("s", 1_000), ("ms", 1),
  ]

  /// In milliseconds; nil for what is no duration, or none of some 290 million years. Units come from the longest to the
  /// shortest, each once.
  public static func ms(_ text: String) -> Int64? {
    var rest = text.utf8[...]
    var next = 0
    var sum: Int64 = 0
    while !rest.isEmpty {
      let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      rest = rest[digits.endIndex...]
      let name = rest.prefix { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      rest = rest[name.endIndex...]
      let unit = units[next...].firstIndex { $0.name.utf8.elementsEqual(name) }
      guard let unit, let count = Int64(String(Substring(digits))) else { return nil }
      next = unit + 1
      let (ms, isBeyond) = count.multipliedReportingOverflow(by: units[unit].ms)
      let (total, isTooMuch) = sum.addingReportingOverflow(ms)
      if isBeyond || isTooMuch || total > maxMs { return nil }
      sum = total
    }
    return next == 0 ? nil : sum
  }

  /// Two of them, and any time, can be added.
  private static let maxMs = Int64.max / 4

  /// The shortest text of it; `0s` for none.
  static func text(_ ms: Int64) -> String {
    if ms == 0 { return "0s" }
    var (rest, text) = (ms, "")
    for unit in units where rest >= unit.ms {
      // A year or a week is written only where nothing is left of it: `8d` is no `1w1d`.
      if ["y", "w"].contains(unit.name), rest % unit.ms != 0 { continue }
      text += "\(rest / unit.ms)\(unit.name)"
      rest %= unit.ms
    }
    return text
  }
}
