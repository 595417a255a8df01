import ArgumentParser
import Bytes
import Foundation
import Language
import Query
import Server
import Store

struct Consume: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Read topics of Kafka into a store, each message once.",
    discussion: """
      It reads until Ctrl-C, or with --until-end to where the topics ended when it began. How far it has got is in the store, in \
      the same commit as the events: begin it again and it goes on there. A server does the same with DEFINE SOURCE.
      Brokers that do not answer are told of after some seconds, and tried again; with --until-end that ends it.

      Example:
        nilo consume --brokers localhost:9092 --topics 'plant.*' --into readings --until-end
      """)

  @OptionGroup var arguments: StoreArguments
  @OptionGroup var memory: MemoryArguments

  @Option(help: ArgumentHelp("Where to connect to first.", valueName: "host:port,..."))
  var brokers: String

  @Option(help: ArgumentHelp("Names and patterns with *.", valueName: "topic,..."))
  var topics: String

  @Option(help: ArgumentHelp("The stream that all events go to.", valueName: "stream"))
  var into: String?

  @Option(help: ArgumentHelp("The field that names an event's stream.", valueName: "field"))
  var intoField: String?

  @Flag(help: "Into a stream for each topic, of its name.")
  var intoTopic = false

  @Option(
    help: ArgumentHelp("Under which positions are noted. (default: kafka)", valueName: "name"))
  var name = "kafka"

  @Option(help: ArgumentHelp("Where to begin: earliest or latest.", valueName: "where"))
  var start: String?

  @Option(help: ArgumentHelp("Messages of a partition in a commit.", valueName: "n"))
  var commitEvents: Int?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Any other option of DEFINE SOURCE as it writes it, such as \"on_gap 'continue'\".",
      valueName: "option"))
  var options: [String] = []

  @Flag(help: "End where the topics ended when it began.")
  var untilEnd = false

  func run() throws {
    let source = try definition()
    let store = try arguments.directory(memory).writing()
    defer { store.close() }
    try noteOtherStreams(store)
    Interruption.catchSignals()
    var progress = Progress()
    defer { progress.wipe() }
    var (hasRun, toldNs): (Bool, Int64?) = (false, nil)
    let end = try ForegroundSource.run(
      source, in: store, untilEnd: untilEnd, isCancelled: Interruption.wish,
      progress: { status in
        hasRun = hasRun || status.state == .running
        let isTriedAgain = status.state == .waiting && (hasRun || !untilEnd)
        if isTriedAgain, status.sinceNs != toldNs, let failure = status.failure {
          toldNs = status.sinceNs
          progress.wipe()
          printNote("\(failure); trying again")
        }
        progress.update { Self.line(status) }
      })
    progress.wipe()
    if arguments.json {
      try Output.buffered { try $0.line(json(end)) }
    } else {
      printNote("\(Wording.count(end.events)) documents, \(Wording.count(end.rejected)) rejected")
    }
    if end.rejected > 0 {
      printNote("nilo ledger --kind rejected says what was wrong with them")
      throw ExitCode(ExitStatus.failure)
    }
  }

  /// Positions are noted under the name alone. Who gives it another stream gets what comes from now on, and may have expected
  /// all of it.
  private func noteOtherStreams(_ store: Store) throws {
    guard let into, try !store.progress(withPrefix: "\(name)/").isEmpty else { return }
    let before = try store.snapshot().streams.map(\.name).filter { stream in
      try store.sources(ofStream: stream).contains { $0.name.hasPrefix("\(name)/") }
    }
    if before.isEmpty || before.contains(into) { return }
    printNote(
      "what \(name) has read went into \(before.sorted().joined(separator: ", ")); only what comes after it goes into \(into). "
        + "To have all of it there, take another --name")
  }

  private func json(_ end: FetchStatus) -> [UInt8] {
    jsonObject {
      $0.field("name", name)
      $0.field("documents", end.events)
      $0.field("rejected", end.rejected)
      $0.field("empty", end.empty)
      $0.field("events_per_s", Int64(end.eventsPerSecond.rounded()))
      $0.field("lag", end.lag)
    }
  }

  private static func line(_ status: FetchStatus) -> String {
    var parts = ["\(Wording.count(status.events)) documents"]
    parts.append("\(Wording.count(UInt64(status.eventsPerSecond)))/s")
    if let lag = status.lag { parts.append("\(Wording.count(lag)) behind") }
    if let failure = status.failure { parts.append(failure) }
    return parts.joined(separator: ", ")
  }

  /// The same as a statement, so that both are checked alike.
  private func definition() throws -> DefineSource {
    let given = [
      into.map { SourceTarget.stream(Name($0)) }, intoField.map { .field(FieldPath($0)) },
      intoTopic ? .topic : nil,
    ].compactMap(\.self)
    guard given.count == 1, let target = given.first else {
      throw Misuse("say where events go: --into STREAM, --into-field FIELD or --into-topic")
    }
    var all = ["brokers \(Self.text(brokers))", "topics \(Self.text(topics))"]
    if let start { all.append("start \(Self.text(start))") }
    if let commitEvents { all.append("commit_events \(commitEvents)") }
    all += options
    let text =
      "DEFINE SOURCE \(Name(name).canonicalText) FROM kafka(\(all.joined(separator: ", "))) INTO \(target.canonicalText)"
    guard case .defineSource(let source)? = try Parser.statements(text).first?.body else {
      throw Misuse("\(text) is no definition of a source")
    }
    if let issue = SourceKind.issue(with: source) {
      throw Misuse(issue.message + (issue.hint.map { "; \($0)" } ?? ""))
    }
    return source
  }

  private static func text(_ value: String) -> String {
    "'\(value.replacingOccurrences(of: "'", with: "''"))'"
  }
}
