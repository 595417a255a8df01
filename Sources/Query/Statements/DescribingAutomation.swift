import Language
import Model

/// What SHOW CREATE and DESCRIBE tell beside streams and KPIs.
extension StatementRun {
  /// Something that a name of DESCRIBE or SHOW CREATE is of.
  enum Described {
    case stream(StreamInfo)
    case kpi(KpiInfo)
    case schedule(ScheduleInfo)
    case alert(AlertInfo)
    case source(DefinedSource)
    case sink(SinkInfo)
  }

  /// What has the name: a stream or KPI, or else what happens by itself, of which several may be called as each other. Throws
  /// that there is no such stream or KPI where nothing has it.
  func described(_ name: Name) throws -> [Described] {
    do {
      let (stream, kpi) = try target(name)
      return [kpi.map { .kpi($0) } ?? .stream(stream)]
    } catch {
      var found: [Described] = []
      found += try store.schedules().filter { $0.name == name.text }.map { .schedule($0) }
      found += try store.alerts().filter { $0.name == name.text }.map { .alert($0) }
      found += try store.definedSources().filter { $0.name == name.text }.map { .source($0) }
      found += try store.sinks().filter { $0.name == name.text }.map { .sink($0) }
      if found.isEmpty { throw error }
      return found
    }
  }

  func add(_ schedule: ScheduleInfo, to lines: inout PropertyLines) throws {
    let definition = schedule.definition
    lines.add("schedule", schedule.name)
    lines.add("version", "\(schedule.version)")
    lines.add("cron", definition.cron.value)
    lines.add("time zone", definition.timeZone?.value ?? "UTC")
    lines.add("query", definition.query.canonicalText)
    lines.add("target", definition.target.canonicalText)
    lines.add("defined", "\(Timestamp(ns: schedule.definedNs)), at seq \(grouped(schedule.seq))")
    if let last = schedule.lastRun {
      lines.add("last", "\(Timestamp(ns: last.boundaryNs)), \(last.state.rawValue)")
      if let failure = last.failure, last.state == .failed { lines.add("failure", failure) }
    }
    addWaiting(schedule.waitingRuns, "runs", schedule.waitingSinceNs, schedule.refusal, to: &lines)
    if let next = try schedule.nextNs { lines.add("next", "\(Timestamp(ns: next))") }
  }

  func add(_ alert: AlertInfo, to lines: inout PropertyLines) {
    let definition = alert.definition
    lines.add("alert", alert.name)
    lines.add("version", "\(alert.version)")
    lines.add("query", definition.query.canonicalText)
    lines.add("buckets", "\(definition.bucketCount?.value ?? 1)")
    lines.add(
      "judged", definition.isEarly ? "early, and when a bucket is final" : "when a bucket is final")
    lines.add("target", definition.target.canonicalText)
    lines.add("defined", "\(Timestamp(ns: alert.definedNs)), at seq \(grouped(alert.seq))")
    if alert.groups.isEmpty { lines.add("state", alert.stateOfNone) }
    for group in alert.groups {
      let provisional = group.isProvisional ? ", provisional" : ""
      lines.add(
        "group \(group.labels)",
        "\(group.state.rawValue) since \(Timestamp(ns: group.sinceNs))\(provisional)")
    }
    addWaiting(
      alert.waitingNotices, "notices", alert.waitingSinceNs, alert.refusal, to: &lines)
    if let failure = alert.failure { lines.add("failure", failure) }
  }

  /// What a target has not taken yet, if there is anything, and why.
  private func addWaiting(
    _ count: Int, _ what: String, _ sinceNs: Int64?, _ refusal: String?,
    to lines: inout PropertyLines
  ) {
    guard count > 0 else { return }
    let since = sinceNs.map { " since \(Timestamp(ns: $0))" } ?? ""
    lines.add("waiting", "\(grouped(UInt64(count))) \(what)\(since)")
    if let refusal { lines.add("not taken", refusal) }
  }

  func add(_ source: DefinedSource, to lines: inout PropertyLines) {
    lines.add("source", source.name)
    lines.add("version", "\(source.version)")
    lines.add("kind", source.definition.kind.value)
    lines.add("defined", "\(Timestamp(ns: source.definedNs)), at seq \(grouped(source.seq))")
    lines.add("state", source.stateText)
    guard let status = source.status else { return }
    lines.add("since", "\(Timestamp(ns: status.sinceNs))")
    lines.add("events", grouped(status.events))
    lines.add("rejected", grouped(status.rejected))
    if let lag = status.lag { lines.add("lag", grouped(lag)) }
    if let failure = status.failure { lines.add("failure", failure) }
  }

  func add(_ sink: SinkInfo, to lines: inout PropertyLines) {
    lines.add("sink", sink.name)
    lines.add("version", "\(sink.version)")
    lines.add("KPI", sink.definition.kpi.text)
    lines.add("target", sink.definition.target.canonicalText)
    lines.add("defined", "\(Timestamp(ns: sink.definedNs)), at seq \(grouped(sink.seq))")
    lines.add("state", sink.state.rawValue)
    lines.add("through", "seq \(grouped(sink.throughSeq))")
    lines.add("rows", grouped(UInt64(sink.rows)))
    if let sinceNs = sink.waitingSinceNs {
      lines.add(
        "waiting", "\(grouped(UInt64(sink.waitingRows))) rows since \(Timestamp(ns: sinceNs))")
    }
    if let failure = sink.failure { lines.add("failure", failure) }
  }
}
