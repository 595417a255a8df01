import ArgumentParser
import Store

struct Stat: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell what the store holds: streams, fields, counts, observers, and bytes on disk.",
    discussion: """
      Works while another process writes.

      Example:
        nilo stat
        nilo stat --json
      """)

  @OptionGroup var store: StoreArguments

  func run() throws {
    let report = try store.reading { try StatReport($0, directory: store.data) }
    if store.json { try Output.report(report.json) } else { try Output.report(report.text) }
  }
}
