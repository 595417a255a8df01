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

  /// All instants at which local clocks show `localNs`, ascending: none where they skipped it, two where they were set
  /// back. O(log n) in the changes of the zone.
  public func times(showing localNs: Int64) -> [Int64] {
    let second = localNs.flooredQuotient(1_000_000_000)
    let fraction = localNs.flooredRemainder(1_000_000_000)
    var found: [Int64] = []
    for index in stretch(at: second - Self.maxOffsetSeconds)...changes.count {
      let instant = second - offsets[index]
      if start(ofStretch: index) > second + Self.maxOffsetSeconds { break }
      guard instant >= start(ofStretch: index), instant < end(ofStretch: index) else { continue }
      let (ns, overflow) = instant.multipliedReportingOverflow(by: 1_000_000_000)
      if !overflow { found.append(ns.saturatingSubtracting(-fraction)) }
    }
    return found
  }

  /// What local clocks show at a time, counted from the epoch's local midnight.
  public func localNs(at timeNs: Int64) -> Int64 {
    timeNs.saturatingSubtracting(-offsetNs(at: timeNs))
  }
}

extension ZoneRules {
  /// When the clocks of a zone show a local time.
  public enum Showings: Sendable, Equatable {
    /// Clocks were set forward over it.
    case never
    case once(ns: Int64)
    /// Clocks were set back over it.
    case twice(firstNs: Int64, lastNs: Int64)
  }

  /// When local clocks show `localNs`, counted from the epoch's local midnight. O(log n) in the changes of the
  /// zone.
  public func instants(showing localNs: Int64) -> Showings {
    let second = localNs.flooredQuotient(1_000_000_000)
    var index = stretch(at: second - Self.maxOffsetSeconds)
    var first: Int64?
    var last: Int64?
    while start(ofStretch: index) <= second + Self.maxOffsetSeconds {
      let shown = second - offsets[index]
      if start(ofStretch: index) <= shown && shown < end(ofStretch: index) {
        let (ns, overflow) = shown.multipliedReportingOverflow(by: 1_000_000_000)
        let found = ns.saturatingAdding(localNs.flooredRemainder(1_000_000_000))
        if !overflow { (first, last) = (first ?? found, found) }
      }
      guard index < changes.count else { break }
      index += 1
    }
    guard let first, let last else { return .never }
    return first == last ? .once(ns: first) : .twice(firstNs: first, lastNs: last)
  }
}
