import Bytes
import Language
import Model
import Query
import Store

/// The rows of buckets for which an alert's condition holds.
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
    buckets = Buckets(
      length: try BucketLength(parsing: definition.query.every?.length.canonicalText ?? ""),
      zone: try ZoneRules(named: definition.query.timeZone?.value ?? zone ?? "UTC"))
  }

  /// The query for the buckets of a range, as of a state of the log.
  func query(_ range: Range<Int64>, asOf seq: UInt64) -> Select {
    func time(_ ns: Int64) -> TimeExpression {
      TimeExpression(.text(Timestamp(ns: ns).description))
    }
    var query = definition.query
    query.range = .bounds(since: time(range.lowerBound), until: time(range.upperBound))
    query.asOf = .seq(Spanned(seq))
    query.isOnlyFinal = true
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
  /// to `range.upperBound` are new. O(groups + rows + steps of the timelines within the range).
  func events(
    _ rows: JudgedRows, _ range: Range<Int64>, judgedNs: Int64, _ ledger: AlertLedger?,
    asOf seq: UInt64
  ) -> [AlertEvent] {
    let known = ledger?.groups ?? [:]
    var events: [AlertEvent] = []
    for labels in Set(known.keys).union(rows.groups.keys).sorted() {
      let before = known[labels] ?? AlertTimeline()
      let held = rows.groups[labels] ?? []
      let after = timeline(held.map(\.bucketNs), range, after: before)
      for var event in corrections(
        before, after, range.lowerBound..<max(judgedNs, range.lowerBound))
        + changes(
          before, after, max(judgedNs, range.lowerBound)..<range.upperBound,
          isCorrected: judgedNs > range.lowerBound)
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
