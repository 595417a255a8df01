import Model

/// Which of a schedule's times are due.
struct DueTimes: Equatable {
  /// Times too long ago to be run: the first, the last, and how many.
  struct PassedOver: Equatable {
    var firstNs: Int64
    var lastNs: Int64
    var count: Int
  }

  var passedOver: PassedOver?
  /// The first that is to be run now.
  var dueNs: Int64?
  /// The first that is to come, when none is due.
  var nextNs: Int64?

  /// Of the times after `lastNs`, the last one that was run. One that is `catchUpNs` before now or more is passed over.
  /// O(times that are passed over).
  init(_ times: CronTimes, after lastNs: Int64, nowNs: Int64, catchUpNs: Int64) {
    let horizonNs = nowNs.saturatingSubtracting(catchUpNs)
    var next = times.next(after: lastNs)
    while let ns = next, ns <= horizonNs, ns <= nowNs {
      passedOver = PassedOver(
        firstNs: passedOver?.firstNs ?? ns, lastNs: ns, count: (passedOver?.count ?? 0) + 1)
      next = times.next(after: ns)
    }
    guard let next else { return }
    if next <= nowNs { dueNs = next } else { nextNs = next }
  }
}
