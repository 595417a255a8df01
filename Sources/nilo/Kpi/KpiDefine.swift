import ArgumentParser
import Language
import Query

struct KpiDefine: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "define",
    abstract: "Define a KPI; its cells are filled from the log, and kept in step from then on.",
    discussion: """
      It is DEFINE KPI. Items are arithmetic over count, sum, avg, min, max, stddev, variance, median, \
      p50 to p99.9, percentile, first, last, delta, distinct and top, each with a filter if need be.

      Example:
        nilo kpi define down_share --from fleet --by site --every 15m --rolling 1h \\
          --select "count(* WHERE status = 'down') / count(*) AS share"
      """)

  @OptionGroup var answers: KpiArguments
  @OptionGroup var memory: MemoryArguments

  @Argument(help: "The KPI's name.") var name: String

  @Option(name: .long, help: ArgumentHelp("The stream it is computed from.", valueName: "stream"))
  var from: String

  @Option(name: .long, help: ArgumentHelp("What is computed.", valueName: "items"))
  var select: String

  @Option(name: .long, help: ArgumentHelp("The facts that count.", valueName: "predicate"))
  var `where`: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The dimensions of the groups, each a field or 'field AS name'.", valueName: "fields"))
  var by: String?

  @Option(
    name: .long,
    help: ArgumentHelp("The buckets' length: 1s to 1y; d, w, mo and y follow the calendar."))
  var every: String

  @Option(
    name: .long,
    help: ArgumentHelp("Cover so much time up to each bucket's end.", valueName: "time"))
  var rolling: String?

  @Option(name: .long, help: ArgumentHelp("The zone that buckets are aligned in."))
  var timeZone = "UTC"

  @Option(
    name: .long,
    help: ArgumentHelp(
      "A bucket is final when event time has passed its end by so much. (default: the stream's)"))
  var lateness: String?

  func run() throws {
    let definition = try definition()
    try answers.answer(.defineKpi(definition), memory: memory) { options in
      // However long the log is, the cells are filled from all of it.
      options.limits.maxSeconds = 1e9
    }
  }

  /// The options as a statement, which is then read and checked as a whole.
  private func definition() throws -> DefineKpi {
    let every = Every(
      try StatementPart.read(every, Parser.length),
      rolling: try rolling.map { try StatementPart.read($0, Parser.length) })
    return DefineKpi(
      Name(name), as: try StatementPart.read(select, Parser.items), from: Name(from),
      filter: try `where`.map { try StatementPart.read($0, Parser.predicate) },
      groupBy: try by.map { try StatementPart.read($0, Parser.dimensions) } ?? [], every: every,
      timeZone: timeZone == "UTC" ? nil : Spanned(timeZone),
      lateness: try lateness.map { try StatementPart.read($0, Parser.length) })
  }
}
