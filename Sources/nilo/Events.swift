import ArgumentParser
import Bytes
import Model
import Store

struct Events: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print a stream's events: the original documents, byte for byte, a line each.",
    discussion: """
      Times are RFC 3339 or a date in UTC; --until itself is not included.

      Example:
        nilo events --stream weather --since 2013-02-01 --until 2013-02-02 --limit 10
        nilo events --stream weather --seq 5..9 --json
      """)

  @OptionGroup var store: StoreArguments

  @Option(name: .long, help: ArgumentHelp("The stream to read.", valueName: "name"))
  var stream: String

  @Option(
    name: .long, help: ArgumentHelp("Events from this time on.", valueName: "time"),
    transform: TimeText.parse)
  var since: Timestamp?

  @Option(
    name: .long, help: ArgumentHelp("Events before this time.", valueName: "time"),
    transform: TimeText.parse)
  var until: Timestamp?

  @Option(
    name: .long,
    help: ArgumentHelp("Sequence numbers: 5, 5..9, 5.. or ..9, ends included.", valueName: "range"),
    transform: SeqText.init)
  var seq = SeqText.all

  @Option(name: .long, help: ArgumentHelp("At most so many events.", valueName: "n"))
  var limit: UInt64?

  func validate() throws {
    if let since, let until, since >= until {
      throw ValidationError("--since must be before --until; it is \(since), --until is \(until).")
    }
  }

  func run() throws {
    let times = (since?.ns ?? .min)..<(until?.ns ?? .max)
    try store.reading { store in
      try Output.buffered { output in
        var left = limit ?? .max
        try store.forEachEvent(
          of: stream, seqs: seq.range, times: since == nil && until == nil ? nil : times
        ) { event in
          guard left > 0 else { return false }
          left -= 1
          try output.line(self.store.json ? event.json : event.bytes)
          return left > 0
        }
      }
    }
  }
}

extension LogEvent {
  /// The event with its envelope, on one line.
  fileprivate var json: [UInt8] {
    jsonObject { json in
      json.field("seq", seq)
      json.field("time", timeNs: timeNs)
      json.field("source", source)
      json.field("position", position)
      json.field("received", timeNs: receivedNs)
      json.field("actor", actor)
      json.field("document", json: documentOnOneLine)
    }
  }

  /// Line breaks of a document stand between its values, never within: a space there says the same.
  private var documentOnOneLine: [UInt8] {
    bytes.map { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") ? UInt8(ascii: " ") : $0 }
  }
}
