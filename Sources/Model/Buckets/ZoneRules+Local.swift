extension ZoneRules {
  /// The first instant at which local clocks show `localNs` or later, counted from the epoch's local midnight: where
  /// clocks were set back, the earlier of two; where they skipped it, the end of the gap. O(log n) in the changes of
  /// the zone.
  public func timeNs(showing localNs: Int64) -> Int64 {
    let second = localNs.flooredQuotient(1_000_000_000)
    let found = firstSecond(showing: second)
    // In a gap all local times are its end.
    let isShown = found + offsets[stretch(at: found)] == second
    let (ns, overflow) = found.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return found < 0 ? .min : .max }
    let fraction = isShown ? localNs.flooredRemainder(1_000_000_000) : 0
    return ns.saturatingSubtracting(-fraction)
  }

  /// What local clocks show at a time, counted from the epoch's local midnight.
  public func localNs(at timeNs: Int64) -> Int64 {
    timeNs.saturatingSubtracting(-offsetNs(at: timeNs))
  }
}
