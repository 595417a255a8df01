import ArgumentParser
import Bytes
import Foundation
import Store

struct Backup: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Copy the store while it is in use, and check the copy.",
    discussion: """
      The copy is the store as it is at one commit, without free space; it is a store itself.

      Example:
        nilo backup /backups/nilo-2024-06-01
        nilo stat --data /backups/nilo-2024-06-01
      """)

  @OptionGroup var store: StoreArguments

  @Argument(help: ArgumentHelp("A directory that is new or empty.", valueName: "destination"))
  var destination: String

  func run() throws {
    var progress = Progress()
    defer { progress.wipe() }
    let report = try store.reading { store in
      try checkDestination()
      return try store.backup(to: destination) { progress.update(share: $0) }
    }
    progress.wipe()
    let size = try copyBytes(report.isSound ? destination : Store.uncheckedCopy(in: destination))
    if store.json {
      try Output.report(json(report, size))
    } else {
      try Output.report(text(report, size))
    }
    if !report.isSound { throw ExitCode(ExitStatus.failure) }
  }

  private func checkDestination() throws {
    let entries = try? FileManager.default.contentsOfDirectory(atPath: destination)
    // A copy that was interrupted, or was not sound, leaves this, which the next one replaces.
    if (entries ?? []).allSatisfy({ $0 == "unchecked" }) { return }
    throw Failure("\(destination) is not empty; choose a new directory or an empty one")
  }

  private func copyBytes(_ directory: String) throws -> Int64 {
    let values = try FileManager.default.attributesOfItem(atPath: "\(directory)/data.mdb")
    return (values[.size] as? NSNumber)?.int64Value ?? 0
  }

  private func json(_ report: CheckReport, _ size: Int64) -> [UInt8] {
    jsonObject { json in
      json.field("destination", destination)
      json.field("file_bytes", size)
      report.add(to: &json)
    }
  }

  private func text(_ report: CheckReport, _ size: Int64) -> String {
    if report.isSound {
      return report.text(
        title: "copied \(Wording.bytes(size)) to \(destination); the copy is sound")
    }
    return report.text(
      title:
        "copied \(Wording.bytes(size)) to \(Store.uncheckedCopy(in: destination)); the copy is damaged, "
        + "as the store must be: run nilo check")
  }
}
