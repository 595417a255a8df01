/// A part of the day in which one crew works, on the clock of whoever looks: `06:00-14:00`, or over midnight `22-06`.
public struct Shift: Sendable, Equatable {
  /// Minutes since midnight; the end is that of the next day where it is not after the start.
  public var startMinute: Int
  public var endMinute: Int

  /// Nil for anything else, and for one that ends when it begins.
  public init?(_ text: String) {
    let ends = text.split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count == 2, let start = Self.minute(ends[0]), let end = Self.minute(ends[1]),
      start != end
    else { return nil }
    (startMinute, endMinute) = (start, end)
  }

  /// Of `6`, `06` or `06:30`.
  private static func minute(_ text: Substring) -> Int? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), parts.allSatisfy({ (1...2).contains($0.utf8.count) }),
      let hour = UInt8(parts[0]), hour < 24, let minute = parts.count == 2 ? UInt8(parts[1]) : 0,
      minute < 60
    else { return nil }
    return Int(hour) * 60 + Int(minute)
  }

  /// `06:30`
  static func clock(_ minute: Int) -> String {
    func digits(_ number: Int) -> String { (number < 10 ? "0" : "") + "\(number)" }
    return digits(minute / 60) + ":" + digits(minute % 60)
  }
}
