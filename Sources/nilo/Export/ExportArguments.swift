import ArgumentParser
import Export
import Foundation
import Model

extension ExportFormat: ExpressibleByArgument {}

/// Where to, and how: what both exports have in common.
struct ExportArguments: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "parquet, csv, ndjson or line-protocol. (default: what the name of --to ends with, else parquet)",
      valueName: "format"))
  var format: ExportFormat?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "A directory; a file, whose name ends with .parquet, .csv, .ndjson or .lp; or - for standard output.",
      valueName: "target"))
  var to: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Folders of a directory: stream, date (a day of times, in UTC), or both.",
      valueName: "stream,date"),
    transform: PartitionText.init)
  var partition: PartitionText?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Rows with this time or a later one; of KPIs on their own clock, else in UTC.",
      valueName: "time"),
    transform: TimeArgument.init)
  var since: TimeArgument?

  @Option(
    name: .long, help: ArgumentHelp("Rows with a time before this one.", valueName: "time"),
    transform: TimeArgument.init)
  var until: TimeArgument?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Go on exporting what comes, each time after so long, until Ctrl-C: 10s, 5m.",
      valueName: "interval"),
    transform: DurationText.init)
  var follow: DurationText?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Rows of a row group in Parquet; a file of a directory has four at most. (default: 1048576)",
      valueName: "rows"))
  var rowGroupSize: Int?

  /// What `--to` names.
  enum Target {
    case output
    case file(String)
    case directory(String)
  }

  var target: Target {
    if to == "-" { return .output }
    var isDirectory = ObjCBool(false)
    let isThere = unsafe FileManager.default.fileExists(atPath: to, isDirectory: &isDirectory)
    if isThere { return isDirectory.boolValue ? .directory(to) : .file(to) }
    return formatOfName == nil || to.hasSuffix("/") ? .directory(to) : .file(to)
  }

  private var formatOfName: ExportFormat? {
    ExportFormat.allCases.first { to.hasSuffix(".\($0.fileExtension)") }
  }

  var chosenFormat: ExportFormat { format ?? formatOfName ?? .parquet }

  func validate() throws {
    if case .directory = target, !to.hasSuffix("/"), !FileManager.default.fileExists(atPath: to),
      to.split(separator: "/").last?.dropFirst().contains(".") == true
    {
      throw ValidationError(
        "--to '\(to)' names no format: a file ends with .parquet, .csv, .ndjson or .lp, a new directory with /."
      )
    }
    if let rowGroupSize, !(1...1_000_000_000).contains(rowGroupSize) {
      throw ValidationError("--row-group-size is from 1 to 1000000000 rows.")
    }
    if rowGroupSize != nil, chosenFormat != .parquet {
      throw ValidationError("--row-group-size goes with --format parquet.")
    }
    if let follow, follow.milliseconds < 100 {
      throw ValidationError("--follow is 100ms or more.")
    }
    if case .directory = target { return }
    for (option, isGiven) in [("--partition", partition != nil), ("--follow", follow != nil)]
    where isGiven {
      throw ValidationError("\(option) needs a directory; '\(to)' is a file.")
    }
  }

  /// The times that are asked for, on a clock; nil for all.
  func times(in zone: ZoneRules) throws -> Range<Int64>? {
    if since == nil, until == nil { return nil }
    return try TimeArgument.range(since: since, until: until, in: zone, nowNs: currentTimeNs())
  }

  var settings: ExportSettings {
    var settings = ExportSettings(chosenFormat)
    settings.partition = partition?.parts ?? []
    if let rowGroupSize { settings.parquet.groupRows = rowGroupSize }
    settings.parquet.createdBy = "nilometer version \(Nilo.configuration.version)"
    settings.isCancelled = Interruption.wish
    return settings
  }
}

/// `stream,date` on the command line.
struct PartitionText {
  var parts: Set<ExportSettings.Partition> = []

  init(_ text: String) throws {
    for name in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let part = ExportSettings.Partition(rawValue: String(name)) else {
        throw QuantityError(description: "write stream, date, or stream,date")
      }
      parts.insert(part)
    }
  }
}
