import ArgumentParser
import Bytes
import Language
import Model
import Query

struct KpiRead: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "read", abstract: "Print a KPI's rows.",
    discussion: """
      It is SELECT * FROM the KPI, with WHERE for --group, and WHOLE BUCKETS with a range: buckets \
      are picked by their start, and none is cut. nilo query asks for single items, for facts and \
      revision, and for more.

      A row is final when event time has passed its bucket's end by the KPI's lateness; until then \
      it is provisional. A late event still corrects a final row: its revision then rises.

      Example:
        nilo kpi read heat --since 2013-07-04 --group city=JFK
        nilo kpi read heat --format csv > heat.csv
        nilo kpi read heat --url http://plant-7:4280 --token-file token
      """)

  @OptionGroup var answers: KpiArguments
  @OptionGroup var remote: RemoteArguments
  @Argument(help: "The KPI's name.") var name: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Buckets that start at or after it: a date or a time, on the KPI's clock when it has no "
        + "offset; yesterday; 3h ago.", valueName: "time"), transform: TimeArgument.init)
  var since: TimeArgument?

  @Option(
    name: .long, help: ArgumentHelp("Buckets that start before it.", valueName: "time"),
    transform: TimeArgument.init)
  var until: TimeArgument?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Rows of this group only; can be repeated, also for one field. FIELD alone: without a value.",
      valueName: "field=value"))
  var group: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp("How long it may take. (default: 300)", valueName: "seconds"))
  var maxSeconds: Double?

  @Option(
    name: .long,
    help: ArgumentHelp("What it may take of memory, about. (default: 1GiB)", valueName: "size"),
    transform: SizeText.init)
  var maxMemory: SizeText?

  func validate() throws {
    try remote.check(answers.store)
    if remote.url != nil, maxSeconds != nil || maxMemory != nil {
      throw ValidationError(
        "--max-seconds and --max-memory are for a directory; a server's limits are its settings.")
    }
    if let maxSeconds, !(0.001...1e9).contains(maxSeconds) {
      throw ValidationError("--max-seconds is a number from 0.001 to 1000000000.")
    }
  }

  func run() throws {
    var select = Select([.star(.none)], from: Name(name), filter: filter)
    if since != nil || until != nil {
      select.range = .bounds(since: since?.expression, until: until?.expression)
      select.wholeBuckets = TextSpan.none
    }
    try answers.answer(.select(select), about: name, on: remote.server()) { options in
      if let maxSeconds { options.limits.maxSeconds = maxSeconds }
      if let maxMemory { options.limits.maxMemoryBytes = maxMemory.bytes }
    }
  }

  /// The groups that are asked for: of each field one of the values that are given.
  private var filter: Predicate? {
    var fields: [Text] = []
    var wanted: [Text: Predicate] = [:]
    for text in group {
      let (field, test) = Self.test(text)
      if let known = wanted[field] {
        wanted[field] = .or(known, test)
      } else {
        fields.append(field)
        wanted[field] = test
      }
    }
    return fields.compactMap { wanted[$0] }.reduce(nil) { all, one in
      all.map { .and($0, one) } ?? one
    }
  }

  /// `city=JFK` or `city`.
  private static func test(_ text: String) -> (field: Text, Predicate) {
    guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else {
      return (Text(text), .isNull(FieldPath(Text(text)), isNegated: false))
    }
    let field = Text(String(text[..<equals]))
    let value = Text(String(text[text.utf8.index(after: equals)...]))
    return (field, .compare(FieldPath(field), .eq, .string(value)))
  }
}
