import ArgumentParser
import Bytes
import Language
import Model
import Query
import Server
import Store

struct Rebuild: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compute the cells of KPIs anew from the log, beside the live ones.",
    discussion: """
      The new cells take the live ones' place in one commit. With --verify they are compared with \
      the live ones on disk instead, bit for bit, as of the last event that these have, and nothing \
      is written: it works while another process writes. It exits with 1 when any differs.

      With --since or --until only the buckets that hold some of that time are computed, and put \
      among the live ones. Times are on the KPI's clock when they have no offset.

      Example:
        nilo rebuild --verify
        nilo rebuild heat --since 2013-07-04 --until 2013-07-05
      """)

  @OptionGroup var store: StoreArguments
  @OptionGroup var memory: MemoryArguments

  @Argument(help: ArgumentHelp("The KPIs. (default: all)", valueName: "kpi"))
  var names: [String] = []

  @Flag(name: .long, help: "Compare with the live cells, and change nothing.")
  var verify = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Only buckets that end after it: a date or a time; yesterday; 3h ago.", valueName: "time"),
    transform: TimeArgument.init)
  var since: TimeArgument?

  @Option(
    name: .long, help: ArgumentHelp("Only buckets that start before it.", valueName: "time"),
    transform: TimeArgument.init)
  var until: TimeArgument?

  func run() throws {
    Interruption.catchSignals()
    let directory = store.directory(memory)
    let opened = verify ? try directory.reading() : try directory.changing()
    defer { opened.close() }
    var progress = Progress()
    defer { progress.wipe() }
    let start = ContinuousClock.now
    let reports = try opened.rebuild(
      named: names, verify: verify, actor: userName(), within: range,
      progress: { progress.update(share: $0.share, events: $0.facts) },
      isCancelled: { Interruption.isRequested })
    progress.wipe()
    if !verify { try note(Set(reports.map(\.name)).sorted(), in: opened) }
    let kpis = try opened.snapshot().kpis
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    try Output.buffered { output in
      for report in reports {
        if store.json {
          try output.line(json(report, seconds))
        } else {
          let hasVersions = reports.count { $0.name == report.name } > 1
          let name = hasVersions ? "\(report.name) version \(report.version)" : report.name
          for difference in report.differences { try output.line("\(name): \(difference)") }
          let kpi = kpis.first { $0.name == report.name && $0.version == report.version }
          let zone = try ZoneRules(named: kpi?.timeZone ?? "UTC")
          try output.line("\(name)  \(text(report, zone))")
        }
      }
      if !store.json, reports.isEmpty { try output.line("there are no KPIs") }
      if !store.json { try output.line("time  \(Wording.seconds(seconds))") }
    }
    if reports.contains(where: { !$0.differences.isEmpty }) { throw ExitCode(ExitStatus.failure) }
  }

  /// Notes what was rebuilt in `_audit`.
  private func note(_ names: [String], in store: Store) throws {
    let range: TimeRange? =
      since == nil && until == nil
      ? nil : .bounds(since: since?.expression, until: until?.expression)
    for name in names {
      try Audit(store).running(
        Statement(.rebuildKpi(Name(name), range: range)), actor: userName(), address: "local"
      ) {}
    }
  }

  /// The time that is asked for, on the clock of a KPI.
  private var range: ((ZoneRules) throws -> Range<Int64>)? {
    if since == nil, until == nil { return nil }
    let nowNs = currentTimeNs()
    return { try TimeArgument.range(since: since, until: until, in: $0, nowNs: nowNs) }
  }

  /// The buckets that were computed, when they are not all, on the KPI's clock.
  private func buckets(_ report: RebuildReport, _ zone: ZoneRules) -> String {
    guard let range = report.rangeNs else {
      return since == nil && until == nil ? "" : ", of all buckets, since it was not filled yet"
    }
    let bounds = [
      range.lowerBound > .min ? "from \(zone.text(ofTimeNs: range.lowerBound))" : nil,
      range.upperBound < .max ? "to before \(zone.text(ofTimeNs: range.upperBound))" : nil,
    ]
    return ", of the buckets " + bounds.compactMap(\.self).joined(separator: " ")
      + (report.foldedEarlier ? ", with all facts up to them" : "")
  }

  private func text(_ report: RebuildReport, _ zone: ZoneRules) -> String {
    let isOfRange = since != nil || until != nil
    let isEmpty = isOfRange && report.isFilled && report.cells == 0
    let size =
      "\(Wording.count(report.cells)) cells from \(Wording.count(report.facts)) facts"
      + buckets(report, zone) + (isEmpty ? "; no event that counts is in that range" : "")
    if !verify { return "rebuilt, \(size)" }
    if !report.isFilled {
      return
        "not filled yet, so there is nothing to compare; the next program that "
        + "opens the store for writing fills it"
    }
    let result =
      report.differences.isEmpty
      ? "the same in every bit" : "\(Wording.count(report.differences.count)) cells differ"
    let state = report.comparedSeq.map { " as of seq \(Wording.count($0))" } ?? ""
    return "\(result)\(state), \(size)"
  }

  private func json(_ report: RebuildReport, _ seconds: Double) -> [UInt8] {
    jsonObject { json in
      json.field("kpi", report.name)
      json.field("version", Int64(report.version))
      json.field("facts", report.facts)
      json.field("cells", Int64(report.cells))
      json.field("verified", verify && report.isFilled)
      json.field("filled", report.isFilled)
      if verify { json.field("as_of_seq", report.comparedSeq) }
      if let range = report.rangeNs {
        if range.lowerBound > .min {
          json.field("since", Timestamp(ns: range.lowerBound).description)
        }
        if range.upperBound < .max {
          json.field("until", Timestamp(ns: range.upperBound).description)
        }
        json.field("folded_earlier", report.foldedEarlier)
      }
      json.field("differences", strings: report.differences)
      json.field("elapsed_s", seconds: seconds)
    }
  }
}
