import Foundation

/// A zone's clock and its buckets, told by looking at each half hour of some months: slow, plain, and independent of
/// `ZoneRules` and `Buckets`. All changes of the zones that it is asked about are at half hours.
struct ClockModel {
  static let slotSeconds = 1_800

  enum Length: Equatable {
    /// Elapsed time.
    case seconds(Int)
    case days(Int)
    case months(Int)
  }

  let zone: TimeZone
  /// The first slot, in seconds since 1970.
  let start: Int
  /// What the clock shows at the begin of each slot, as seconds since its midnight of 1970-01-01.
  let locals: [Int]

  init(_ name: String, from start: Int, days: Int) {
    let zone = TimeZone(identifier: name) ?? .gmt
    (self.zone, self.start) = (zone, start / Self.slotSeconds * Self.slotSeconds)
    let first = self.start
    locals = (0..<days * 48).map { slot in
      let second = first + slot * Self.slotSeconds
      return second + zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second)))
    }
  }

  func seconds(_ slot: Int) -> Int { start + slot * Self.slotSeconds }

  // MARK: Buckets, as the slots where they begin

  /// Where buckets of a length of the clock or the calendar begin; weeks are 7 days from Monday.
  func begins(_ every: Length) -> [Int] {
    locals.indices.filter { $0 > 0 && isBegin($0, every) }
  }

  private func isBegin(_ slot: Int, _ every: Length) -> Bool {
    let (before, after) = (label(locals[slot - 1], every), label(locals[slot], every))
    // Days do not begin twice.
    guard case .seconds(let length) = every else { return after > before }
    // Buckets go on over a change that they are a part of; over others what falls in one stretch is one.
    let change = locals[slot] - locals[slot - 1] - Self.slotSeconds
    return change % length == 0 ? locals[slot] % length == 0 : after != before
  }

  private func label(_ local: Int, _ every: Length) -> Int {
    switch every {
    case .seconds(let length): return Self.floor(local, length)
    case .days(7): return Self.floor(Self.floor(local, 86_400) + 3, 7)
    case .days(let count): return Self.floor(Self.floor(local, 86_400), count)
    case .months(let count):
      let (year, month, _) = Self.date(local)
      return Self.floor((year - 1970) * 12 + month - 1, count)
    }
  }

  // MARK: Lengths

  /// The slot at which the clock showed the same so much earlier; nil when it never did. Of two it is the first.
  func before(_ slot: Int, _ length: Length) -> Int? {
    if case .seconds(let seconds) = length { return slot - seconds / Self.slotSeconds }
    return locals.firstIndex(of: shifted(locals[slot], length))
  }

  /// The same, where the clock skipped it the first slot after the gap.
  func earlier(_ slot: Int, _ length: Length) -> Int {
    if case .seconds(let seconds) = length { return slot - seconds / Self.slotSeconds }
    let wanted = shifted(locals[slot], length)
    return locals.firstIndex { $0 >= wanted } ?? locals.count
  }

  private func shifted(_ local: Int, _ length: Length) -> Int {
    switch length {
    case .seconds(let seconds): return local - seconds
    case .days(let days): return local - days * 86_400
    case .months(let months):
      var (year, month, day) = Self.date(local)
      month -= months
      while month < 1 { (year, month) = (year - 1, month + 12) }
      while Self.day(year, month, day) == nil { day -= 1 }
      return (Self.day(year, month, day) ?? 0) * 86_400 + local - Self.floor(local, 86_400) * 86_400
    }
  }

  private static let calendar: Calendar = {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = .gmt
    return calendar
  }()

  private static func date(_ local: Int) -> (year: Int, month: Int, day: Int) {
    let parts = calendar.dateComponents(
      [.year, .month, .day], from: Date(timeIntervalSince1970: Double(local)))
    return (parts.year ?? 0, parts.month ?? 0, parts.day ?? 0)
  }

  /// The day since 1970; nil when the month does not have it.
  private static func day(_ year: Int, _ month: Int, _ day: Int) -> Int? {
    let parts = DateComponents(year: year, month: month, day: day)
    guard let date = calendar.date(from: parts) else { return nil }
    let found = calendar.dateComponents([.month, .day], from: date)
    return found.month == month && found.day == day ? Int(date.timeIntervalSince1970) / 86_400 : nil
  }

  private static func floor(_ value: Int, _ divisor: Int) -> Int {
    value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor)
  }
}
