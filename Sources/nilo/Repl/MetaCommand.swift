/// The commands of the prompt, beside statements.
enum MetaCommand: String, CaseIterable {
  case help = "?"
  case describe = "d"
  case vertical = "x"
  case format
  case chart
  case explain
  case watch
  case timing
  case parameter = "param"
  case output = "o"
  case include = "i"
  case edit = "e"
  case quit = "q"

  /// What stands behind it.
  var argument: String {
    switch self {
    case .describe: "[NAME]"
    case .watch: "[SECONDS]"
    case .output: "[FILE]"
    case .include: "FILE"
    case .format: "[NAME]"
    case .chart: "[line|bar]"
    case .parameter: "[NAME [VALUE]]"
    case .help, .vertical, .timing, .edit, .explain, .quit: ""
    }
  }

  var help: String {
    switch self {
    case .help: "this list"
    case .describe: "streams and KPIs; or one of them with its fields"
    case .vertical: "a line for each value, on and off"
    case .format: "table, vertical, json, ndjson, objects, csv, tsv or markdown"
    case .chart: "the last answer as a chart"
    case .explain: "how the last query is answered"
    case .watch: "the last statement again every 2 seconds, or so many, until Ctrl-C"
    case .timing: "the time that answers take, on and off"
    case .parameter: "the values of $name; sets or forgets one"
    case .output: "answers into a file; without one, back to the screen"
    case .include: "runs the statements of a file"
    case .edit: "edits the last text in $EDITOR, and runs it"
    case .quit: "leaves, as do exit, quit and Ctrl-D"
    }
  }

  var written: String { "\\\(rawValue)" }

  static var helpText: String {
    let rows = allCases.map { command in
      ("\(command.written) \(command.argument)".trimmed, command.help)
    }
    return """
      A statement ends with ";" and may have several lines. Tab completes, Ctrl-R searches the
      history, Ctrl-C gives up what is typed or ends what runs.

      \(Wording.table(rows, indent: 2))

      SELECT avg(x) FROM stream GROUP BY field EVERY 1h SINCE yesterday;
      SHOW STREAMS; SHOW KPIS; SHOW FIELDS FROM stream;
      DEFINE KPI name AS avg(x) FROM stream GROUP BY field EVERY 1h;
      """
  }
}
