import ArgumentParser
import Bytes
import Store

struct Compact: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Merge the small blocks that small commits leave, and give free room back.",
    discussion: """
      Events that come a few at a time are stored in small blocks, which take more room and are \
      read more slowly than large ones. A program that writes merges most of them by itself; this \
      merges all of them now. Events, their numbers and every answer stay the same. The room that \
      gets free is given back to the file system as holes of data.mdb, whose size stays what it \
      was: du shows what it takes. It can be interrupted at any moment.

      It tells what nilo stat tells of the store: its blocks, with their bytes, and what it takes \
      on disk.

      Example:
        nilo compact
      """)

  @OptionGroup var store: StoreArguments
  @OptionGroup var memory: MemoryArguments

  func run() throws {
    Interruption.catchSignals()
    let opened = try store.directory(memory).changing()
    defer { opened.close() }
    var progress = Progress()
    defer { progress.wipe() }
    let start = ContinuousClock.now
    let report: CompactReport
    do {
      report = try opened.compact(
        progress: { progress.update(share: $0) }, isCancelled: { Interruption.isRequested })
    } catch is CancellationError {
      progress.wipe()
      printError("interrupted; what was merged until now stays so, and the rest is as it was")
      throw ExitCode(ExitStatus.interrupted)
    }
    progress.wipe()
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    if store.json {
      try Output.report(json(report, seconds))
    } else {
      try Output.report(text(report, seconds))
    }
  }

  private func text(_ report: CompactReport, _ seconds: Double) -> String {
    func change(_ before: String, _ after: String) -> String {
      before == after ? "\(after), as before" : "\(after); before \(before)"
    }
    let blocks = change(
      Wording.blocks(report.blocksBefore, report.blockBytesBefore),
      Wording.blocks(report.blocksAfter, report.blockBytesAfter))
    var disk = change(Wording.bytes(report.diskBytesBefore), Wording.bytes(report.diskBytesAfter))
    if let reason = report.keptRoom { disk += "; free room could not be given back: \(reason)" }
    return Wording.table([
      ("blocks", blocks), ("on disk", disk), ("time", Wording.seconds(seconds)),
    ])
  }

  private func json(_ report: CompactReport, _ seconds: Double) -> [UInt8] {
    jsonObject { json in
      json.field("blocks_before", Int64(report.blocksBefore))
      json.field("blocks", Int64(report.blocksAfter))
      json.field("block_bytes_before", report.blockBytesBefore)
      json.field("block_bytes", report.blockBytesAfter)
      json.field("disk_bytes_before", Int64(report.diskBytesBefore))
      json.field("disk_bytes", Int64(report.diskBytesAfter))
      json.field("kept_room", optional: report.keptRoom)
      json.field("elapsed_s", seconds: seconds)
    }
  }
}
