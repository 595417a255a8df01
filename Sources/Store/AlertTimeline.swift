import Query

/// The states of a group over time: a step function of the starts of buckets. Before its first step it is resolved.
package struct AlertTimeline: Sendable, Equatable {
  /// From the start of a bucket on it is so.
  package struct Step: Sendable, Equatable {
    package var startNs: Int64
    package var state: AlertInfo.State
    package init(_ startNs: Int64, _ state: AlertInfo.State) {
      (self.startNs, self.state) = (startNs, state)
    }
  }

  /// Ascending; neighbours differ, and the first is not resolved.
  package private(set) var steps: [Step] = []

  /// Resolved at all times.
  package init() {}

  /// The state at a bucket, and since when it is so; nil for resolved since ever. O(log steps).
  package func step(at ns: Int64) -> Step? {
    let place = firstPlace(after: ns)
    return place == 0 ? nil : steps[place - 1]
  }

  /// The state at a bucket. O(log steps).
  package func state(at ns: Int64) -> AlertInfo.State { step(at: ns)?.state ?? .resolved }

  /// The last of its states.
  package var last: Step? { steps.last }

  /// The steps within a range, which begins with one of its own. O(log steps + steps of the range).
  package func steps(in range: Range<Int64>) -> [Step] {
    if range.isEmpty { return [] }
    let (low, high) = (firstPlace(after: range.lowerBound), firstPlace(after: range.upperBound - 1))
    return [Step(range.lowerBound, state(at: range.lowerBound))] + steps[low..<high]
  }

  /// Makes it `state` within a range, and leaves it as it is elsewhere; `Int64.max` for no end. O(steps).
  package mutating func set(_ range: Range<Int64>, _ state: AlertInfo.State) {
    if range.isEmpty { return }
    let after = self.state(at: range.upperBound)
    var changed = Array(steps[..<firstPlace(after: range.lowerBound - 1)])
    changed.append(Step(range.lowerBound, state))
    if range.upperBound < .max {
      changed.append(Step(range.upperBound, after))
      changed += steps[firstPlace(after: range.upperBound)...]
    }
    steps = []
    for step in changed where step.state != steps.last?.state ?? .resolved { steps.append(step) }
  }

  private func firstPlace(after ns: Int64) -> Int {
    var (low, high) = (0, steps.count)
    while low < high {
      let middle = (low + high) / 2
      if steps[middle].startNs <= ns { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
