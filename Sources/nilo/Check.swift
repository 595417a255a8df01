import ArgumentParser
import Bytes
import Store

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Read everything, and verify every checksum and count.",
    discussion: """
      Works while another process writes. Exits with 1 when something is damaged.

      Example:
        nilo check --data /var/lib/nilo
      """)

  @OptionGroup var store: StoreArguments

  func run() throws {
    var progress = Progress()
    defer { progress.wipe() }
    let report = try store.reading { store in
      try store.check { progress.update(share: $0) }
    }
    progress.wipe()
    let title = report.isSound ? "the store is sound" : "the store is damaged"
    if store.json {
      try Output.report(report.json)
    } else {
      try Output.report(report.text(title: title))
    }
    if !report.isSound { throw ExitCode(ExitStatus.failure) }
  }
}

extension CheckReport {
  var json: [UInt8] { jsonObject { add(to: &$0) } }

  func add(to json: inout JSONObjectWriter) {
    json.field("sound", isSound)
    json.field("blocks", Int64(blocks))
    json.field("events", events)
    json.field("bytes", Int64(bytes))
    json.field("ledger_entries", Int64(ledgerEntries))
    json.field("dedup_runs", Int64(dedupRuns))
    json.field("cells", Int64(cells))
    json.field(
      "damages",
      array: damages.map { damage in
        jsonObject { json in
          json.field("what", damage.what)
          json.field("first_seq", damage.firstSeq)
          json.field("last_seq", damage.lastSeq)
        }
      })
  }

  /// What was verified, and each damaged range.
  func text(title: String) -> String {
    let table = Wording.table([
      ("blocks", "\(Wording.count(blocks)), \(Wording.bytes(bytes))"),
      ("events", "\(Wording.count(events)), the definitions of streams among them"),
      ("ledger entries", Wording.count(ledgerEntries)),
      ("runs of ids", Wording.count(dedupRuns)),
      ("cells", Wording.count(cells)),
    ])
    let list = damages.map { damage in
      let last = damage.lastSeq.map { " to \(Wording.count($0))" } ?? ""
      let range = damage.firstSeq.map { " (seq \(Wording.count($0))\(last))" } ?? ""
      return "damaged: \(damage.what)\(range)"
    }
    let advice =
      isSound
      ? []
      : [
        damages.allSatisfy(\.isOfCells)
          ? "only cells are damaged: nilo rebuild computes them anew from the events"
          : "restore what is damaged from a backup"
      ]
    return (["\(title); read and verified:", table] + list + advice).joined(separator: "\n")
  }
}
