import ArgumentParser
import FileConnector
import Store

struct Ingest: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Append the documents of files, or of standard input, to a stream.",
    discussion: """
      The stream is made from its first documents: --time, --key, --dedup and --explode say what \
      is not to be detected. Files may be compressed by gzip or zstd. Documents that are no \
      events are rejected, with the reason on the ledger; the others go in. Ingesting a file \
      again is safe where the events have an id: those in the store already are duplicates.

      Ctrl-C ends at a commit: what the summary counts is in the store.

      Example:
        nilo ingest --stream weather Examples/weather/nyc-weather-2013.ndjson.gz
        zcat more.gz | nilo ingest --stream weather --json -
      """)

  @OptionGroup var store: StoreArguments
  @OptionGroup var memory: MemoryArguments

  @Option(name: .long, help: ArgumentHelp("The stream to append to.", valueName: "name"))
  var stream: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "ndjson, json, csv or tsv. (default: by the file's name, else ndjson)", valueName: "format"))
  var format: FileFormat?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "What stands before the decimals of CSV numbers: point or comma. (default: found out where "
        + "semicolons stand between fields, else point)", valueName: "mark"))
  var decimalMark: DecimalMark?

  @OptionGroup(title: "Options for a new stream") var definition: DefinitionArguments

  @Argument(help: ArgumentHelp("Files to read; - is standard input.", valueName: "file"))
  var files: [String]

  func validate() throws {
    do { try StreamDefinition.checkName(stream) } catch { throw ValidationError("\(error).") }
  }

  func run() throws {
    Interruption.catchSignals()
    var run = IngestRun(
      store, memory, stream: stream, definition: definition, format: format,
      decimalMark: decimalMark)
    try run.ingest(files)
    if store.json { try Output.report(run.json) } else { try Output.report(run.text) }
    if Interruption.isRequested { throw ExitCode(ExitStatus.interrupted) }
    if run.hasFailed || run.total.rejected > 0 { throw ExitCode(ExitStatus.failure) }
  }
}

extension FileFormat: ExpressibleByArgument {}
extension DecimalMark: ExpressibleByArgument {}
