import Model
import Projections

extension Store {
  /// Computes the cells of the named KPIs, or of all, anew from the log's columns, beside the live ones, and puts them in
  /// their place in one commit; with `verify` they are compared with the live ones instead, bit for bit, and nothing is
  /// written: then a store that is open for reading will do, while another process writes.
  ///
  /// `range` gives the time that is asked for, on the clock of a KPI: only the buckets that hold some of it are rebuilt.
  /// `progress` is told how many facts are done, and the share. Throws ``RebuildCancelledError`` when `isCancelled` has said
  /// so, `UnknownKpiError`, `DamageError`. O(facts).
  public func rebuild(
    named names: [String] = [], verify: Bool = false, actor: String = "program",
    within range: ((ZoneRules) throws -> Range<Int64>)? = nil,
    progress: (RebuildProgress) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> [RebuildReport] {
    try projections.rebuild(
      named: names, verify: verify, actor: actor, within: range, progress: progress,
      isCancelled: isCancelled)
  }
}
