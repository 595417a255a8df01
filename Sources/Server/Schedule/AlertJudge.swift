import Bytes
import Language
import Model
import Query
import Store

/// The rows of buckets for which an alert's condition holds, or holds so far.
struct JudgedRows {
  /// Of each group, by its labels: the buckets for which it holds, ascending, each with the items of its row.
  var groups: [String: [(bucketNs: Int64, values: [UInt8])]] = [:]
}

/// Finds the state that each group of an alert has in each bucket.
struct AlertJudge {
  let key: DefinitionKey
  let definition: DefineAlert
  let buckets: Buckets

  /// Throws `BucketLengthError` or `UnknownZoneError` when the definition is of no buckets any more; `zone` is that of the KPI
  /// that is asked, if it is one.
  init(_ alert: AlertInfo, zone: String?) throws {
    key = DefinitionKey(alert.name, alert.version)
    definition = alert.definition
    buckets = try alert.buckets(zone: zone)
  }

  /// The query for the buckets of a range, and those that follow if they count before they are final, as of a state of the log.
  func query(_ range: Range<Int64>, asOf seq: UInt64) -> Select {
    func time(_ ns: Int64) -> TimeExpression {
      TimeExpression(.text(Timestamp(ns: ns).description))
    }
    var query = definition.query
    let isEarly = definition.isEarly
    query.range = .bounds(
      since: time(range.lowerBound), until: isEarly ? nil : time(range.upperBound))
    query.asOf = .seq(Spanned(seq))
    query.isOnlyFinal = !isEarly
    return query
  }

  /// The rows of its answer. O(values).
  func rows(of answer: Answer) -> JudgedRows {
    var rows = JudgedRows()
    guard let time = answer.columns.first(where: { $0.kind == .time }) else { return rows }
    let groupNames = Set(definition.query.groupBy.map(\.name.string))
    func objects(_ columns: [Answer.Column]) -> [[UInt8]] {
      if columns.isEmpty { return Array(repeating: Array("{}".utf8), count: answer.rowCount) }
      return AnswerRenderer(.ndjson).bytes(Answer(columns: columns))
        .split(separator: UInt8(ascii: "\n")).map(Array.init)
    }
    let labels = objects(answer.columns.filter { groupNames.contains($0.name) })
    let values = objects(
      answer.columns.filter {
        !groupNames.contains($0.name) && $0.kind != .state && $0.name != time.name
      })
    for row in 0..<answer.rowCount {
      guard case .time(let bucketNs) = time.values[row] else { continue }
      rows.groups[String(decoding: labels[row], as: UTF8.self), default: []]
        .append((bucketNs, values[row]))
    }
    for group in rows.groups.keys {
      rows.groups[group]?.sort { $0.bucketNs < $1.bucketNs }
    }
    return rows
  }

  /// What differs from what was found before. Buckets from `range.lowerBound` on up to before `judgedNs` were judged, those up
  /// to `range.upperBound` are new, and those that follow are not final. O(groups + rows + steps of the timelines within the
  /// range).
  func events(
    _ rows: JudgedRows, _ range: Range<Int64>, judgedNs: Int64, _ ledger: AlertLedger?,
    asOf seq: UInt64
  ) -> [AlertEvent] {
    let known = ledger?.groups ?? [:]
    let judged = range.lowerBound..<max(judgedNs, range.lowerBound)
    let new = judged.upperBound..<range.upperBound
    var events: [AlertEvent] = []
    let allEarly = ledger?.early ?? [:]
    for labels in Set(known.keys).union(allEarly.keys).union(rows.groups.keys).sorted() {
      let before = known[labels] ?? AlertTimeline()
      let foundEarly = allEarly[labels] ?? EarlyStates()
      let held = rows.groups[labels] ?? []
      let after =
        range.isEmpty ? before : timeline(held.map(\.bucketNs), range, after: before)
      let changes = changes(before, after, new, isCorrected: !judged.isEmpty)
      for var event in corrections(before, after, judged)
        + settled(changes, foundEarly, after, new)
        + early(held.map(\.bucketNs), from: range.upperBound, after, foundEarly)
      {
        (event.labels, event.asOfSeq) = (labels, seq)
        event.values = held.first { $0.bucketNs == event.bucketNs }?.values
        events.append(event)
      }
    }
    return events
  }

  /// The states within the range when the condition holds for `held`, after what was before the range.
  private func timeline(
    _ held: [Int64], _ range: Range<Int64>, after before: AlertTimeline
  ) -> AlertTimeline {
    var timeline = before
    let needed = definition.bucketCount?.value ?? 1
    var step = range.lowerBound > .min ? before.step(at: range.lowerBound - 1) : nil
    var state = step?.state ?? .resolved
    // Of those that are pending all buckets since held.
    var count = 0
    while state == .pending, let ns = step?.startNs, ns < range.lowerBound {
      count += 1
      step?.startNs = buckets.end(ofBucketStarting: ns)
    }
    timeline.set(range.lowerBound..<Int64.max, state)
    func go(to next: AlertInfo.State, _ ns: Int64) {
      if next != state { timeline.set(ns..<Int64.max, next) }
      state = next
    }
    var expectedNs = range.lowerBound
    for ns in held where range.contains(ns) {
      if ns > expectedNs {
        go(to: .resolved, expectedNs)
        count = 0
      }
      count += 1
      go(to: state == .firing || count >= needed ? .firing : .pending, ns)
      expectedNs = buckets.end(ofBucketStarting: ns)
    }
    if expectedNs < range.upperBound { go(to: .resolved, expectedNs) }
    return timeline
  }

  /// Where the two differ in buckets that were judged.
  private func corrections(
    _ before: AlertTimeline, _ after: AlertTimeline, _ range: Range<Int64>
  ) -> [AlertEvent] {
    let starts = Set((before.steps(in: range) + after.steps(in: range)).map(\.startNs)).sorted()
    var events: [AlertEvent] = []
    for (index, ns) in starts.enumerated() {
      let (was, now) = (before.state(at: ns), after.state(at: ns))
      if was == now { continue }
      let endNs = index + 1 < starts.count ? starts[index + 1] : range.upperBound
      var event = AlertEvent(key, .correction)
      (event.bucketNs, event.before, event.state) = (ns, was, now)
      // Up to the last bucket that was judged: it is so from then on, until the next.
      event.untilNs = endNs == range.upperBound ? nil : endNs
      events.append(event)
    }
    return events
  }

  /// The steps in buckets that are new.
  private func changes(
    _ before: AlertTimeline, _ after: AlertTimeline, _ range: Range<Int64>, isCorrected: Bool
  ) -> [AlertEvent] {
    if range.isEmpty { return [] }
    let earlier = isCorrected ? after : before
    var state = range.lowerBound > .min ? earlier.state(at: range.lowerBound - 1) : .resolved
    var events: [AlertEvent] = []
    for step in after.steps(in: range) where step.state != state {
      var event = AlertEvent(key, .change)
      (event.bucketNs, event.before, event.state) = (step.startNs, state, step.state)
      events.append(event)
      state = step.state
    }
    return events
  }
}

/// What is found of buckets before they are final, and what becomes of that.
extension AlertJudge {
  /// The states to which the condition raises a group in buckets from `finalNs` on. That it does not hold in such a bucket says
  /// nothing yet.
  private func early(
    _ held: [Int64], from finalNs: Int64, _ final: AlertTimeline, _ known: EarlyStates
  ) -> [AlertEvent] {
    let held = held.filter { $0 >= finalNs }
    guard definition.isEarly, let lastNs = held.last else { return [] }
    let found = timeline(held, finalNs..<buckets.end(ofBucketStarting: lastNs), after: final)
    let last = known.last.flatMap { $0.startNs >= finalNs ? $0 : nil }
    var state = last?.state ?? (finalNs > .min ? final.state(at: finalNs - 1) : .resolved)
    var events: [AlertEvent] = []
    for ns in held where ns >= last?.startNs ?? .min {
      let next = found.state(at: ns)
      if next.rank <= state.rank { continue }
      var event = AlertEvent(key, .early)
      (event.bucketNs, event.before, event.state) = (ns, state, next)
      events.append(event)
      state = next
    }
    return events
  }

  /// The changes in buckets that are new, and what else is to be said of those that were judged early: a change that was
  /// expected otherwise is a correction, and where nothing changes it is a correction or confirmed.
  private func settled(
    _ changes: [AlertEvent], _ early: EarlyStates, _ after: AlertTimeline, _ range: Range<Int64>
  ) -> [AlertEvent] {
    var events = changes
    for index in events.indices {
      guard let ns = events[index].bucketNs, let found = early.states[ns],
        found != events[index].state
      else { continue }
      (events[index].kind, events[index].isOfEarly) = (.correction, true)
      events[index].before = found
    }
    let changed = Set(changes.compactMap(\.bucketNs))
    for ns in early.open where range.contains(ns) && !changed.contains(ns) {
      let (found, state) = (early.states[ns], after.state(at: ns))
      var event = AlertEvent(key, found == state ? .confirmed : .correction)
      (event.bucketNs, event.untilNs) = (ns, buckets.end(ofBucketStarting: ns))
      (event.before, event.state, event.isOfEarly) = (found, state, found != state)
      events.append(event)
    }
    return events.sorted { $0.bucketNs ?? .min < $1.bucketNs ?? .min }
  }
}

extension AlertInfo.State {
  /// How far the condition has got.
  fileprivate var rank: Int {
    switch self {
    case .resolved: 0
    case .pending: 1
    case .firing: 2
    }
  }
}
