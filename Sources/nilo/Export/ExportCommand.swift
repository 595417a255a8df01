import ArgumentParser
import Export
import Model
import Store

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write facts or rows of KPIs as files: Parquet, CSV, NDJSON or line protocol.",
    discussion: """
      The store is read, beside a server that writes it if there is one.

      --to names a file, '-' for standard output, or a directory. A directory is gone on with: what \
      it has already is not written again, each event is in its files once, and after a crash there \
      is no half file. Its manifest tells which events are in which file.

      Example:
        nilo export facts weather --to weather.parquet
        nilo export facts weather --to lake/ --partition stream,date --follow 10s
        nilo export kpi heat --format csv --to -
      """,
    subcommands: [ExportFacts.self, ExportKpi.self])
}

struct ExportFacts: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "facts", abstract: "Export the facts of a stream: a row for each.",
    discussion: """
      A row has the number of its event (seq), its time, and a column for each field that has values \
      among the rows. Integers, other numbers, booleans and texts stay what they are. A field whose \
      values are of several kinds is text, and so are arrays.

      Late events are exported as others. What was rejected, or came twice, is no event: nilo ledger \
      lists it.

      Example:
        nilo export facts weather --to weather.parquet
        nilo export facts weather --to lake/ --partition date --since 2013-07-01
        nilo export facts weather --format line-protocol --tag city --to - | gzip > weather.lp.gz
      """)

  @OptionGroup var store: StoreArguments
  @Argument(help: ArgumentHelp("The stream.", valueName: "stream"))
  var stream: String
  @OptionGroup var export: ExportArguments

  @Option(
    name: .long,
    help: ArgumentHelp(
      "A field that is a tag in line protocol; can be repeated. (default: the stream's key)",
      valueName: "field"))
  var tag: [String] = []

  func validate() throws {
    if !tag.isEmpty, export.chosenFormat != .lineProtocol {
      throw ValidationError("--tag goes with --format line-protocol.")
    }
  }

  func run() throws {
    var settings = export.settings
    settings.tags = tag
    try ExportRun(store, .facts(stream: stream), name: stream, export, settings).run()
  }
}

struct ExportKpi: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kpi", abstract: "Export the rows of a KPI, and later on those that have changed.",
    discussion: """
      A row has the bucket's start, the groups, the items, its state and revision, and what has become \
      of it (change): changed, final, or restated, which is a correction after it was final.

      A file or standard output gets the rows of now. A directory gets all rows first, and with each \
      further run or --follow those that have changed since: of a bucket and group the row in the last \
      file counts. --since and --until pick buckets by their start.

      Example:
        nilo export kpi heat --to heat.parquet
        nilo export kpi heat --to lake/ --follow 10s
      """)

  @OptionGroup var store: StoreArguments
  @Argument(help: ArgumentHelp("The KPI.", valueName: "kpi"))
  var kpi: String
  @OptionGroup var export: ExportArguments

  func run() throws {
    try ExportRun(store, .kpi(kpi), name: kpi, export, export.settings).run()
  }
}
