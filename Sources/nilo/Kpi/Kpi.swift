import ArgumentParser
import Model
import Store

struct Kpi: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Define and read KPIs: numbers kept up to date for each bucket of time and group.",
    discussion: """
      Example:
        nilo kpi define heat --from weather --select 'avg(temperature), p95(temperature)' \\
          --by city --every 1h
        nilo kpi read heat --since 2013-07-04T00:00:00Z --until 2013-07-05T00:00:00Z
      """,
    subcommands: [
      KpiDefine.self, KpiList.self, KpiShow.self, KpiRead.self, KpiDrop.self,
    ])
}

struct KpiDefine: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "define",
    abstract: "Define a KPI; its cells are filled from the log, and kept in step from then on.",
    discussion: """
      Items are arithmetic over count, sum, avg, min, max, stddev, variance, median, p50 to p99.9, \
      percentile, first, last, delta, distinct and top, each with a filter if need be.

      Example:
        nilo kpi define down_share --from fleet --by site --every 15m --rolling 1h \\
          --select "count(* WHERE status = 'down') / count(*) AS share"
      """)

  @OptionGroup var store: StoreArguments

  @Argument(help: "The KPI's name.") var name: String

  @Option(name: .long, help: ArgumentHelp("The stream it is computed from.", valueName: "stream"))
  var from: String

  @Option(name: .long, help: ArgumentHelp("What is computed.", valueName: "items"))
  var select: String

  @Option(name: .long, help: ArgumentHelp("The facts that count.", valueName: "predicate"))
  var `where`: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The dimensions of the groups, each a field or 'field AS name'.", valueName: "fields"))
  var by: String?

  @Option(
    name: .long,
    help: ArgumentHelp("The buckets' length: 1s to 1y; d, w, mo and y follow the calendar."))
  var every: String

  @Option(
    name: .long,
    help: ArgumentHelp("Cover so much time up to each bucket's end.", valueName: "time"))
  var rolling: String?

  @Option(name: .long, help: ArgumentHelp("The zone that buckets are aligned in."))
  var timeZone = "UTC"

  @Option(
    name: .long,
    help: ArgumentHelp(
      "A bucket is final when event time has passed its end by so much. (default: the stream's)"),
    transform: DurationText.init)
  var lateness: DurationText?

  func run() throws {
    Interruption.catchSignals()
    let definition = try KpiDefinition(
      name: name, stream: from, select: select, filter: `where`, groupBy: by, every: every,
      rolling: rolling, timeZone: timeZone,
      latenessNs: Int64(lateness?.milliseconds ?? 0) * 1_000_000)
    let opened = try store.changing()
    defer { opened.close() }
    var progress = Progress()
    defer { progress.wipe() }
    let defined = try opened.projections.define(
      definition, actor: userName(),
      progress: { progress.update(share: $0.share, events: $0.facts) },
      isCancelled: { Interruption.isRequested })
    progress.wipe()
    if store.json { try Output.report(defined.json()) } else { try Output.report(defined.text) }
  }
}

struct KpiList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the KPIs.",
    discussion: """
      Example:
        nilo kpi list --json
      """)

  @OptionGroup var store: StoreArguments

  func run() throws {
    let list = try store.reading { try $0.projections.list() }
    try Output.buffered { output in
      for kpi in list {
        if store.json {
          try output.line(kpi.definition.json(kpi))
        } else {
          let version = kpi.isActive ? "" : "  version \(kpi.definition.version), not active"
          let state = kpi.progress.map { "  filled to \(Int($0 * 100)) %" } ?? ""
          try output.line("\(kpi.definition.name)  \(kpi.definition.summary)\(version)\(state)")
        }
      }
    }
  }
}

struct KpiShow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a KPI's definition.",
    discussion: """
      Example:
        nilo kpi show heat
      """)

  @OptionGroup var store: StoreArguments
  @Argument(help: "The KPI's name.") var name: String

  func run() throws {
    let found = try store.reading { try $0.projections.definition(named: name) }
    if store.json { return try Output.report(found.definition.json(found)) }
    try Output.report(found.definition.text)
  }
}

struct KpiDrop: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drop", abstract: "Drop a KPI and its cells; the events stay.",
    discussion: """
      Example:
        nilo kpi drop heat
      """)

  @OptionGroup var store: StoreArguments
  @Argument(help: "The KPI's name.") var name: String

  func run() throws {
    let opened = try store.changing()
    defer { opened.close() }
    try opened.projections.drop(name, actor: userName())
    if !store.json { try Output.report("dropped \(name)") }
  }
}

extension KpiDefinition {
  /// The definition on one line, as one would type it.
  var summary: String {
    var text = "\(selectText) FROM \(stream)"
    if let filter { text += " WHERE \(filter.canonicalText)" }
    if !groupBy.isEmpty { text += " GROUP BY \(groupText)" }
    text += " EVERY \(every)"
    if let rolling { text += " ROLLING \(rolling)" }
    if timeZone != "UTC" { text += " TIME ZONE '\(timeZone)'" }
    return text + " LATENESS \(DurationText(milliseconds: Int(latenessNs / 1_000_000)))"
  }

  var text: String {
    Wording.table([
      ("kpi", name), ("version", "\(version), defined by seq \(Wording.count(id))"),
      ("stream", stream), ("select", selectText), ("where", filter?.canonicalText ?? "all facts"),
      ("by", groupBy.isEmpty ? "nothing" : groupText), ("every", every.description),
      ("rolling", rolling?.description ?? "no"), ("time zone", timeZone),
      ("lateness", Wording.seconds(Double(latenessNs) / 1e9)),
    ])
  }

  func json(_ listed: ListedKpi? = nil) -> [UInt8] {
    jsonObject { json in
      json.field("name", name)
      json.field("version", Int64(version))
      json.field("seq", id)
      json.field("stream", stream)
      json.field("select", selectText)
      json.field("where", optional: filter?.canonicalText)
      json.field(
        "by", strings: groupBy.map { $0.alias == nil ? $0.name.string : $0.canonicalText })
      json.field("every", every.description)
      json.field("rolling", optional: rolling?.description)
      json.field("time_zone", timeZone)
      json.field("lateness_s", seconds: Double(latenessNs) / 1e9)
      if let listed { json.field("active", listed.isActive) }
      if let progress = listed?.progress { json.field("filled", progress) }
    }
  }
}
