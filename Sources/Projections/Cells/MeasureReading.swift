import Language
import Sketches

/// What is wanted of a measure's states when rows are read. The rest is passed over.
struct MeasureReading: Sendable {
  private(set) var needs: FoldPlan.Needs
  private(set) var moments: MomentParts
  /// The percentiles that are wanted of rows which merge with no others: each is searched as its row is read, and counters are
  /// not kept. Nil where counters are.
  private(set) var shares: [Share]?
  /// Whether rows stay in memory for long.
  let areKept: Bool

  /// All of the states, of rows that stay in memory.
  init(keeping needs: FoldPlan.Needs) { (self.needs, moments, areKept) = (needs, .all, true) }

  /// The same of rows that are merged for an answer.
  init(merging needs: FoldPlan.Needs) { (self.needs, moments, areKept) = (needs, .all, false) }

  /// Nothing yet but the count, of rows which merge with no others.
  init() { (needs, moments, shares, areKept) = ([], [], [], false) }

  /// Adds what is looked at to compute a function.
  mutating func add(_ function: AggregateFunction) {
    needs.formUnion(FoldPlan.needs(function))
    switch function {
    case .sum, .avg, .stddev, .variance: moments.insert(.sums)
    case .min, .max: moments.insert(.extremes)
    case .first, .last, .delta: moments.insert(.ends)
    case .percentile(let percent):
      moments.insert(.extremes)
      if let share = Share(percent: percent), shares?.contains(share) == false {
        shares?.append(share)
      }
    case .count, .distinct, .top, .rate, .increase, .timeAverage: break
    }
  }
}
