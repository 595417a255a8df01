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
  }

  /// What has the name: a stream or KPI, or else the schedules and alerts, which may be called as each other. Throws that there
  /// is no such stream or KPI where nothing has it.
  func described(_ name: Name) throws -> [Described] {
    do {
      let (stream, kpi) = try target(name)
      return [kpi.map { .kpi($0) } ?? .stream(stream)]
    } catch {
      let schedules = try store.schedules().filter { $0.name == name.text }
      let alerts = try store.alerts().filter { $0.name == name.text }
      if schedules.isEmpty, alerts.isEmpty { throw error }
      return schedules.map { .schedule($0) } + alerts.map { .alert($0) }
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
      if let failure = last.failure { lines.add("failure", failure) }
    }
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
    for group in alert.groups {
      let provisional = group.isProvisional ? ", provisional" : ""
      lines.add(
        "group \(group.labels)",
        "\(group.state.rawValue) since \(Timestamp(ns: group.sinceNs))\(provisional)")
    }
    if let failure = alert.failure { lines.add("failure", failure) }
  }
}
