import ArgumentParser
import Store

struct Stat: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell what the store holds: streams, fields, counts, and bytes on disk.",
    discussion: """
      Works while another process writes.

      Example:
        nilo stat
        nilo stat --json
      """)

  @OptionGroup var store: StoreArguments

  func run() throws {
    let statistics = try store.reading { try $0.statistics() }
    let report = StatReport(statistics, directory: store.data)
    if store.json { try Output.report(report.json) } else { try Output.report(report.text) }
  }
}
