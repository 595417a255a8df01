import ArgumentParser
import FileConnector
import Foundation
import Store

struct Ingest: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Append the documents of files, or of standard input, to a stream.",
    discussion: """
      The stream is made from its first documents: --time, --key, --dedup and --explode say what \
      is not to be detected. Files may be compressed by gzip or zstd. Documents that are no \
      events are rejected, with the reason on the ledger; the others go in. A file that was \
      ingested before continues where it ended: what it has since, and nothing twice. Standard \
      input and pipes are not remembered; events that have an id are known again anyway.

      Ctrl-C ends at a commit: what the summary counts is in the store. With --follow or --watch it \
      is the usual end, and its exit code is 0.

      Example:
        nilo ingest --stream weather Examples/weather/nyc-weather-2013.ndjson.gz
        zcat more.gz | nilo ingest --stream weather --json -
        nilo ingest --stream plant --watch /var/log/plant '*.ndjson'
      """)

  @OptionGroup var store: StoreArguments
  @OptionGroup var memory: MemoryArguments

  @Option(name: .long, help: ArgumentHelp("The stream to append to.", valueName: "name"))
  var stream: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "ndjson, json, senml, csv or tsv. (default: by the file's name, else ndjson)",
      valueName: "format"))
  var format: FileFormat?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "What stands before the decimals of CSV numbers: point or comma. (default: found out where "
        + "semicolons stand between fields, else point)", valueName: "mark"))
  var decimalMark: DecimalMark?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "What stands between the fields of CSV: one character such as '|', or tab. (default: found in the header)",
      valueName: "character"), transform: DelimiterText.init)
  var delimiter: DelimiterText?

  @Flag(
    name: .long,
    help: "Read files from their start, also where they were ingested before.")
  var fromStart = false

  @Flag(
    name: .long,
    help: "Wait for what is appended to the files, also across their rotation, until a signal.")
  var follow = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Follow the files of this directory, also those that come, whose names match FILE: '*.ndjson'.",
      valueName: "dir"))
  var watch: String?

  @OptionGroup(title: "What is made of documents") var mapping: MappingArguments

  @OptionGroup(title: "Options for a new stream") var definition: DefinitionArguments

  @Argument(help: ArgumentHelp("Files to read; - is standard input.", valueName: "file"))
  var files: [String]

  func validate() throws {
    do { try StreamDefinition.checkName(stream) } catch { throw ValidationError("\(error).") }
    if follow || watch != nil, files.contains("-") {
      throw ValidationError(
        "Standard input cannot be followed; name files, or pipe without --follow.")
    }
    if follow, watch != nil {
      throw ValidationError(
        "--watch follows the files that match as --follow does those that are named: leave --follow out."
      )
    }
    if watch != nil, let file = files.first(where: { $0.contains("/") }) {
      throw ValidationError("--watch takes patterns of names, such as '*.log', not \(file).")
    }
  }

  func run() throws {
    Interruption.catchSignals()
    var run = IngestRun(
      store, memory, stream: stream, definition: definition, mapping: try mapping.mapping,
      format: format, decimalMark: decimalMark, delimiter: delimiter?.byte, isFromStart: fromStart)
    if let watch {
      guard !isMissing(watch) else {
        throw Failure("no directory \(watch) to watch; make it first")
      }
      try run.follow(.directory(watch, files.map(FileNamePattern.init)))
    } else if follow {
      try tellMissing()
      try run.follow(.files(files))
    } else {
      try run.ingest(files)
    }
    if store.json { try Output.report(run.json) } else { try Output.report(run.text) }
    if run.isFollowing, !run.hasFailed { return }
    if Interruption.isRequested, !run.isFollowing { throw ExitCode(ExitStatus.interrupted) }
    if run.hasFailed || run.total.rejected > 0 { throw ExitCode(ExitStatus.failure) }
  }
}

extension Ingest {
  /// Says which files are waited for; one can come in a directory that is there.
  private func tellMissing() throws {
    for file in files where isMissing(file) {
      let directory = URL(fileURLWithPath: file).deletingLastPathComponent().path
      guard !isMissing(directory) else {
        throw Failure("no directory \(directory) for \(file) to come in; make it first")
      }
      printNote("\(file) is not there yet: waiting for it")
    }
  }
}

extension FileFormat: ExpressibleByArgument {}
extension DecimalMark: ExpressibleByArgument {}

/// A byte that can stand between the fields of a table.
struct DelimiterText: CustomStringConvertible {
  let byte: UInt8

  init(_ text: String) throws {
    if text == "tab" || text == "\\t" || text == "\t" {
      byte = UInt8(ascii: "\t")
      return
    }
    guard let only = text.utf8.first, text.utf8.count == 1, 0x21...0x7E ~= only,
      only != UInt8(ascii: "\""), !text[text.startIndex].isLetter, !text[text.startIndex].isNumber
    else {
      throw ValidationError("write one character of ASCII, no letter, digit or quote, or tab")
    }
    byte = only
  }

  var description: String { byte == UInt8(ascii: "\t") ? "tab" : String(UnicodeScalar(byte)) }
}
