/// Chooses exactly a given number of a known number of items, each subset as likely as any other,
/// in one pass: algorithm S of D. Knuth, "The Art of Computer Programming", volume 2, 3.4.2.
///
/// A coin thrown for every item would give a share only on average; the workloads promise an exact
/// count before the first event.
struct ExactShare: Sendable {
  /// How many items are still to be chosen, and of how many.
  private(set) var wanted: Int
  private var left: Int

  /// `share`, within 0...1, is rounded to the nearest whole number of items.
  init(_ share: Double, of items: Int) {
    wanted = min(items, Int((Double(items) * share).rounded()))
    left = items
  }

  /// Whether the next item is chosen. To be called once for each item. O(1).
  mutating func chooses(using random: inout Xoshiro256StarStar) -> Bool {
    guard wanted > 0, left > 0 else { return false }
    let chosen = random.below(left) < wanted
    left -= 1
    if chosen { wanted -= 1 }
    return chosen
  }
}
