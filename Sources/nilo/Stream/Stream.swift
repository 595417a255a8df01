import ArgumentParser
import FileConnector
import Foundation
import Model
import Replay

struct Stream: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Send the documents of a file at a pace, as a plant would.",
    discussion: """
      Example:
        nilo stream send metrics.json --to http://127.0.0.1:4280/v1/streams/metrics/events
        nilo stream serve plant-data --listen 127.0.0.1:8000 --interval 0.1s --loop
      """,
    subcommands: [StreamSend.self, StreamServe.self], defaultSubcommand: StreamSend.self)
}

struct StreamSend: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "send",
    abstract: "Send the documents of a file one after the other.",
    discussion: """
      Documents are lines of NDJSON, elements of JSON or rows of CSV, plain or compressed. A server \
      or a broker that does not answer is tried again until it does, and takes no document twice. Ctrl-C ends it.

      Example:
        nilo stream metrics.json --to http://127.0.0.1:4280/v1/streams/metrics/events
        nilo stream orders.csv --to stdout --pace timestamps --speed 60x
        nilo stream metrics.json --to kafka://localhost:9092/metrics --key machine
      """)

  enum PaceName: String, ExpressibleByArgument { case interval, timestamps }

  @Argument(help: ArgumentHelp("The file to send.", valueName: "file"))
  var file: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "stdout, the URL of a stream's events, http://.../v1/streams/NAME/events, or kafka://HOST:PORT/TOPIC.",
      valueName: "target"))
  var to = "stdout"

  @Option(
    name: .long,
    help: ArgumentHelp("Time between two documents. (default: 0.1s)", valueName: "duration"),
    transform: DurationText.init)
  var interval: DurationText?

  @Option(
    name: .long,
    help: "What the pace goes by: interval, or the documents' own timestamps.")
  var pace = PaceName.interval

  @Option(
    name: .long,
    help: ArgumentHelp(
      "With --pace timestamps: how many times as fast, such as 60x. (default: 1x)",
      valueName: "factor"),
    transform: SpeedText.init)
  var speed: SpeedText?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "With --pace timestamps: the field with the time. (default: timestamp, time, ts, @timestamp or _time)",
      valueName: "path"))
  var time: String?

  @Flag(name: .long, help: "Begin again at the end of the file, until a signal.")
  var loop = false

  @Option(name: .long, help: ArgumentHelp("End after so many documents.", valueName: "n"))
  var limit: UInt64?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "A file with the token to show to the server. (default: $NILO_TOKEN)", valueName: "file"))
  var tokenFile: String?

  @Option(
    name: .long,
    help: ArgumentHelp("A file of PEM with who vouches for the server.", valueName: "file"))
  var caFile: String?

  @Option(
    name: .long,
    help: ArgumentHelp("To a topic: the field whose value is the key.", valueName: "path"))
  var key: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "To a topic: a file of options of librdkafka, name=value on each line.", valueName: "file"))
  var clientConfig: String?

  @Flag(name: .long, help: "Write the summary as JSON, to standard error.")
  var json = false

  func validate() throws {
    if pace == .interval, speed != nil || time != nil {
      throw ValidationError("--speed and --time go with --pace timestamps.")
    }
    if pace == .timestamps, interval != nil {
      throw ValidationError("--interval goes without --pace timestamps; --speed says how fast.")
    }
  }

  func run() throws {
    let token =
      try tokenFile.map { try QueryText.read($0) }
      ?? ProcessInfo.processInfo
      .environment["NILO_TOKEN"]
    let sink = try DocumentSinks.sink(
      to,
      SinkOptions(
        token: token?.trimmingCharacters(in: .whitespacesAndNewlines), caFile: caFile, key: key,
        clientConfig: clientConfig))
    Interruption.catchSignals()
    let kind: Pace.Kind =
      switch pace {
      case .interval: .interval(.milliseconds(interval?.milliseconds ?? 100))
      case .timestamps: .timestamps(path: time, speed: speed?.factor ?? 1)
      }
    var sending = PacedSending(
      try DocumentSequence(path: file, isLoop: loop), Pace(kind), timePath: time, to: sink,
      limit: limit)
    do {
      try sending.run()
    } catch is CancellationError {}
    printNote(json ? String(decoding: sending.json, as: UTF8.self) : sending.text)
    if Interruption.isRequested { throw ExitCode(ExitStatus.interrupted) }
    if sink.outcome.rejected > 0 || sending.refused > 0 { throw ExitCode(ExitStatus.failure) }
  }
}

/// A factor such as `60x` or `0.5`.
struct SpeedText: CustomStringConvertible {
  var factor: Double

  init(_ text: String) throws {
    guard let factor = Double(text.hasSuffix("x") ? String(text.dropLast()) : text),
      factor.isFinite, factor > 0
    else { throw ValidationError("write a factor greater than 0, such as 60x") }
    self.factor = factor
  }

  var description: String { "\(factor)x" }
}

struct StreamServe: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Offer each file of a directory as an HTTP stream of its documents.",
    discussion: """
      GET /stream_data_{name} sends one JSON object a line, each after the interval, to each client \
      from the file's beginning; metrics.json is /stream_data_metrics. GET /next_data_{name} sends one \
      document, the next one to each request. GET / lists the streams.

      Example:
        nilo stream serve plant-data --listen 127.0.0.1:8000 --loop
        curl -N http://127.0.0.1:8000/stream_data_metrics
      """)

  @Argument(help: ArgumentHelp("The directory with the files.", valueName: "dir"))
  var directory: String

  @Option(
    name: .long,
    help: ArgumentHelp("Where to listen. (default: 127.0.0.1:8000)", valueName: "address:port"))
  var listen = "127.0.0.1:8000"

  @Option(
    name: .long,
    help: ArgumentHelp("Time between two documents. (default: 0.1s)", valueName: "duration"),
    transform: DurationText.init)
  var interval = DurationText(milliseconds: 100)

  @Flag(name: .long, help: "Begin again at the end of a file.")
  var loop = false

  func run() throws {
    guard let colon = listen.lastIndex(of: ":"),
      let port = Int(listen[listen.index(after: colon)...]),
      0...65_535 ~= port
    else {
      throw Misuse("--listen is an address and a port, such as 127.0.0.1:8000, not \(listen)")
    }
    let host = String(listen[..<colon]).trimmingCharacters(in: ["[", "]"])
    if try StreamServer.names(in: directory).isEmpty {
      throw Failure("\(directory) has no file to offer; put one there, such as metrics.json")
    }
    let server = StreamServer(
      directory: directory, host: host, port: port, interval: .milliseconds(interval.milliseconds),
      isLoop: loop
    ) { [directory] port in
      printNote("nilo streams \(directory) at http://\(host):\(port)")
    }
    try waiting { try await server.run() }
  }
}
