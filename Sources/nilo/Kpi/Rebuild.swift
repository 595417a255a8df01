import ArgumentParser
import Bytes
import Store

struct Rebuild: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compute the cells of KPIs anew from the log, beside the live ones.",
    discussion: """
      The new cells take the live ones' place in one commit. With --verify they are compared with \
      the live ones instead, bit for bit, and nothing is written: it works while another process \
      writes. It exits with 1 when any differs.

      Example:
        nilo rebuild --verify
        nilo rebuild heat
      """)

  @OptionGroup var store: StoreArguments

  @Argument(help: ArgumentHelp("The KPIs. (default: all)", valueName: "kpi"))
  var names: [String] = []

  @Flag(name: .long, help: "Compare with the live cells, and change nothing.")
  var verify = false

  func run() throws {
    Interruption.catchSignals()
    let opened = verify ? try store.directory.reading() : try store.changing()
    defer { opened.close() }
    var progress = Progress()
    defer { progress.wipe() }
    let start = ContinuousClock.now
    let reports = try opened.projections.rebuild(
      named: names, verify: verify, actor: userName(),
      progress: { progress.update(share: $0.share, events: $0.facts) },
      isCancelled: { Interruption.isRequested })
    progress.wipe()
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    try Output.buffered { output in
      for report in reports {
        if store.json {
          try output.line(json(report, seconds))
        } else {
          for difference in report.differences { try output.line("\(report.name): \(difference)") }
          try output.line(text(report))
        }
      }
      if !store.json { try output.line("time  \(Wording.seconds(seconds))") }
    }
    if reports.contains(where: { !$0.differences.isEmpty }) { throw ExitCode(ExitStatus.failure) }
  }

  private func text(_ report: RebuildReport) -> String {
    let size = "\(Wording.count(report.cells)) cells from \(Wording.count(report.facts)) facts"
    if !verify { return "\(report.name)  rebuilt, \(size)" }
    if !report.isFilled {
      return
        "\(report.name)  not filled yet, so there is nothing to compare; the next program that "
        + "opens the store for writing fills it"
    }
    let result =
      report.differences.isEmpty
      ? "the same in every bit" : "\(Wording.count(report.differences.count)) cells differ"
    return "\(report.name)  \(result), \(size)"
  }

  private func json(_ report: RebuildReport, _ seconds: Double) -> [UInt8] {
    jsonObject { json in
      json.field("kpi", report.name)
      json.field("version", Int64(report.version))
      json.field("facts", report.facts)
      json.field("cells", Int64(report.cells))
      json.field("verified", verify && report.isFilled)
      json.field("filled", report.isFilled)
      json.field("differences", strings: report.differences)
      json.field("elapsed_s", seconds: seconds)
    }
  }
}
