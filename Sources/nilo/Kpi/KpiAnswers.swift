import ArgumentParser
import Language
import Model
import Query

/// What all commands about KPIs have in common: each is a statement of the query language, written with arguments.
struct KpiArguments: ParsableArguments {
  @OptionGroup var store: StoreArguments

  @Option(
    name: .long,
    help: ArgumentHelp(
      "table, vertical, json, ndjson, objects, csv, tsv or markdown. (default: table)",
      valueName: "format"))
  var format: AnswerFormat?

  func validate() throws { try store.check(format) }

  /// Runs a statement, with `memory` if it changes something. `kpi` is the name that has to be that of a KPI, and not of a
  /// stream. With `server` that one is asked instead of the directory.
  func answer(
    _ body: Statement.Body, about kpi: String? = nil, memory: MemoryArguments? = nil,
    on server: RemoteServer? = nil, _ options: @escaping (inout QueryOptions) -> Void = { _ in }
  ) throws {
    let answers = StatementAnswers(
      runner: server.map { RemoteRunner($0) }
        ?? LocalRunner(store.directory(memory), staysWriting: true),
      format: store.format(format) ?? .table,
      options: options)
    try answers.write(QueryText(Statement(body))) { catalogue in
      guard let kpi, catalogue.streams.contains(where: { $0.name == kpi }) else { return }
      throw Failure("\(kpi) is a stream, and no KPI; ask it with: nilo query")
    }
  }
}

/// A time of the language on the command line.
struct TimeArgument {
  let expression: TimeExpression

  /// A text that is no time of the language is that of one, without the quotes. Throws `QuantityError` when it is none in
  /// any zone.
  init(_ text: String) throws {
    expression = (try? Parser.time(text)) ?? TimeExpression(.text(text))
    do throws(LanguageError.Issue) {
      _ = try TimeRange.rebuilt(since: expression, until: nil, in: .utc, nowNs: currentTimeNs())
    } catch {
      throw QuantityError(description: error.inOneLine)
    }
  }

  /// The time from `since` to before `until` on a clock. Throws ``Misuse`` when it ends before it begins.
  static func range(
    since: TimeArgument?, until: TimeArgument?, in zone: ZoneRules, nowNs: Int64
  ) throws -> Range<Int64> {
    do throws(LanguageError.Issue) {
      return try TimeRange.rebuilt(
        since: since?.expression, until: until?.expression, in: zone, nowNs: nowNs)
    } catch {
      // Each of the two can be read.
      throw Misuse("--since must be before --until")
    }
  }
}

extension LanguageError.Issue {
  /// What is wrong and what to write, where there is no place to mark.
  var inOneLine: String { ([message] + [hint].compactMap(\.self)).joined(separator: "; ") }
}

/// A part of a statement, given as an option.
enum StatementPart {
  /// Reads it; what is wrong with it is shown with its place in the option's text.
  static func read<Node>(
    _ text: String, _ parse: (String) throws(LanguageError) -> Node
  ) throws -> Node {
    do { return try parse(text) } catch { throw Shown("nilo: \(error)") }
  }
}
