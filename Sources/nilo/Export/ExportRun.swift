import ArgumentParser
import Bytes
import Export
import Foundation
import Model
import Query
import Store

/// One run of `nilo export`: exports, follows, and tells what was done.
struct ExportRun {
  private let store: StoreArguments
  private let what: Exporter.Subject
  private let name: String
  private let arguments: ExportArguments
  private let settings: ExportSettings

  init(
    _ store: StoreArguments, _ what: Exporter.Subject, name: String, _ arguments: ExportArguments,
    _ settings: ExportSettings
  ) {
    (self.store, self.what, self.name) = (store, what, name)
    (self.arguments, self.settings) = (arguments, settings)
  }

  func run() throws {
    Interruption.catchSignals()
    try store.reading { opened in
      let progress = ProgressLine()
      var settings = settings
      settings.times = try arguments.times(in: clock(of: opened))
      settings.progress = { rows, share in
        progress.line.update { "\(Wording.count(rows)) rows, \(Int(share * 100)) %" }
      }
      let exporter = Exporter(opened, what, settings)
      defer { progress.line.wipe() }
      do {
        switch arguments.target {
        case .output: try exportToOutput(exporter)
        case .file(let path): try tell(try timed { try exporter.write(toFile: path) }, progress)
        case .directory(let directory): try export(exporter, to: directory, progress)
        }
      } catch is CancellationError {
        progress.line.wipe()
        if arguments.follow != nil { return }
        printError("interrupted; what was exported until now stays, and no half file")
        throw ExitCode(ExitStatus.interrupted)
      }
    }
  }

  /// The clock that times without a zone are of.
  private func clock(of store: Store) throws -> ZoneRules {
    guard case .kpi(let name) = what else { return .utc }
    let kpi = try store.snapshot().kpis.first { $0.name == name && $0.isActive }
    return try ZoneRules(named: kpi?.timeZone ?? "UTC")
  }

  /// A progress that a closure of the settings can change.
  private final class ProgressLine { var line = Progress() }

  private func exportToOutput(_ exporter: Exporter) throws {
    var report = ExportReport()
    try Output.buffered { output in
      // The closure outlives no call of it, but Swift cannot know.
      var pieces = output
      report = try exporter.write { try pieces.add($0) }
      output = pieces
    }
    for note in report.notes { printError("note: \(note)") }
  }

  private func export(_ exporter: Exporter, to directory: String, _ progress: ProgressLine) throws {
    var notes: Set<String> = []
    while true {
      let start = ContinuousClock.now
      var (report, seconds) = try timed { try exporter.advance(in: directory) }
      report.notes.removeAll { !notes.insert($0).inserted }
      if arguments.follow == nil || report.files > 0 { try tell((report, seconds), progress) }
      guard let follow = arguments.follow else { return }
      let next = start + .milliseconds(follow.milliseconds)
      while ContinuousClock.now < next {
        if Interruption.isRequested { return }
        Thread.sleep(forTimeInterval: 0.05)
      }
      if Interruption.isRequested { return }
    }
  }

  private func timed(_ body: () throws -> ExportReport) throws -> (ExportReport, Double) {
    let start = ContinuousClock.now
    let report = try body()
    return (report, (ContinuousClock.now - start) / .seconds(1))
  }

  private func tell(_ done: (report: ExportReport, seconds: Double), _ progress: ProgressLine)
    throws
  {
    progress.line.wipe()
    let report = done.report
    for note in report.notes { printError("note: \(note)") }
    if store.json {
      return try Output.report(
        jsonObject { json in
          json.field("exported", name)
          json.field("rows", Int64(report.rows))
          json.field("files", Int64(report.files))
          json.field("bytes", Int64(report.bytes))
          json.field("last_seq", report.lastSeq)
          json.field("elapsed_s", seconds: done.seconds)
        })
    }
    let last = report.lastSeq.map { ", up to seq \(Wording.count($0))" } ?? ""
    if report.files == 0 { return try Output.report("nothing new of \(name)\(last)") }
    let files = report.files == 1 ? "1 file" : "\(Wording.count(report.files)) files"
    try Output.report(
      "\(Wording.count(report.rows)) rows of \(name), \(files), \(Wording.bytes(report.bytes))\(last)  "
        + Wording.seconds(done.seconds))
  }
}
