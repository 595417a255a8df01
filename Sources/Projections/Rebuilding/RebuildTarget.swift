import EventLog
import Model

/// What is to be built of one KPI: all of its cells, or those of some buckets.
struct RebuildTarget: Sendable {
  let kpi: CompiledKpi
  /// The live cells that others of the same buckets take the place of; nil when a new generation takes that of all.
  let live: CellCache?
  /// The buckets that start within it, `Int64.min` and `.max` for no bound; nil for all.
  let buckets: Range<Int64>?

  /// All buckets.
  init(_ kpi: CompiledKpi) { (self.kpi, live, buckets) = (kpi, nil, nil) }

  /// The buckets that hold some of `rangeNs`, wholly.
  init(_ kpi: CompiledKpi, _ live: CellCache, within rangeNs: Range<Int64>) {
    (self.kpi, self.live) = (kpi, live)
    let (low, high) = (rangeNs.lowerBound, rangeNs.upperBound)
    let first = low == .min ? low : kpi.buckets.start(of: low)
    let end = high == .max || high <= low ? high : kpi.buckets.range(of: high - 1).upperBound
    buckets = first..<max(first, end)
  }

  /// The facts that have to be folded. A late sample counts a revision in the next bucket of its series, however far away
  /// that is: to count those of a range, all facts before it are folded too. Those after it change nothing within it.
  var selection: FactSelection {
    guard let buckets else { return FactSelection() }
    return FactSelection(times: [foldsEarlier ? .min..<buckets.upperBound : buckets])
  }

  var foldsEarlier: Bool { buckets.map { $0.lowerBound > .min } == true && kpi.plan.hasSeries }

  /// Whether the bucket that starts there is to be built.
  func contains(_ bucketNs: Int64) -> Bool { buckets?.contains(bucketNs) ?? true }
}
