import ArgumentParser
import Store

struct Stat: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell what the store holds: streams, fields, counts, observers, and bytes on disk.",
    discussion: """
      Works while another process writes. Of a server it tells what there is; bytes, blocks and cells are told \
      where its directory is, and by /metrics.

      Example:
        nilo stat
        nilo stat --json
        nilo stat --url http://plant-7:4280
      """)

  @OptionGroup var store: StoreArguments
  @OptionGroup var remote: RemoteArguments

  func validate() throws { try remote.check(store) }

  func run() throws {
    if let server = try remote.server() {
      let report = try RemoteStatReport(server)
      return try Output.report(store.json ? report.json : Array(report.text.utf8))
    }
    let report = try store.reading { try StatReport($0, directory: store.data) }
    if store.json { try Output.report(report.json) } else { try Output.report(report.text) }
  }
}
