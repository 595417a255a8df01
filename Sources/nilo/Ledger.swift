import ArgumentParser
import Bytes
import Language
import Model
import Store
import Terminal

struct Ledger: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "List the documents that were rejected, came twice, late or with times ahead, oldest first.",
    discussion: """
      Example:
        nilo ledger --kind rejected --stream fleet --limit 20
        nilo ledger --kind late --json
      """)

  @OptionGroup var store: StoreArguments

  @Option(
    name: .long, help: ArgumentHelp("Entries of this kind only.", valueName: "kind"))
  var kind: LedgerEntry.Kind?

  @Option(name: .long, help: ArgumentHelp("Entries of this stream only.", valueName: "name"))
  var stream: String?

  @Option(name: .long, help: ArgumentHelp("At most so many entries.", valueName: "n"))
  var limit: UInt64?

  func run() throws {
    try store.reading { store in
      try Output.buffered { output in
        var left = limit ?? .max
        if let stream { try check(stream, store) }
        try store.forEachLedgerEntry(kind: kind, stream: stream) { entry in
          guard left > 0 else { return false }
          left -= 1
          if self.store.json {
            try output.line(entry.json)
          } else {
            try output.line(DisplayText.printable(entry.line))
          }
          return left > 0
        }
      }
    }
  }
}

extension Ledger {
  /// Documents that made no stream are on the ledger as well: a name is wrong when neither is there.
  private func check(_ name: String, _ store: Store) throws {
    let names = try store.snapshot().streams.map(\.name)
    if names.contains(name) { return }
    var isThere = false
    try store.forEachLedgerEntry(kind: nil, stream: name) { _ in
      isThere = true
      return false
    }
    if isThere { return }
    let list =
      names.isEmpty ? "there is none yet" : "there are: \(names.prefix(10).joined(separator: ", "))"
    let nearest = Spelling.nearest(name, names).map { "did you mean \($0)?" }
    throw Failure("there is no stream \(name.debugDescription); \(nearest ?? list)")
  }
}

extension LedgerEntry.Kind: ExpressibleByArgument {}

extension LedgerEntry {
  fileprivate var line: String {
    let place = position.map { "\(Wording.printable(source.utf8, maxCharacters: 500)):byte \($0)" }
    let what =
      switch kind {
      case .rejected:
        "\(place ?? source): \(reason ?? "no reason"): \(Wording.printable(bytes, maxCharacters: 60))"
      case .duplicate:
        "\(place ?? source): id \(Wording.printable(bytes, maxCharacters: 60)) is that of "
          + "seq \(Wording.count(seq ?? 0))"
          + (isDifferent == true
            ? ", but it differs: \(Wording.printable(head, maxCharacters: 60))" : "")
      case .late:
        "seq \(Wording.count(seq ?? 0)) of \(Timestamp(ns: timeNs ?? 0)): "
          + "\(Wording.seconds(behindSeconds)) behind"
      case .ahead:
        "seq \(Wording.count(seq ?? 0)) of \(Timestamp(ns: timeNs ?? 0)): "
          + "\(Wording.seconds(Double(aheadNs ?? 0) / 1e9)) ahead of \(aheadOf)"
      }
    return "\(Timestamp(ns: receivedNs))  \(kind)  \(stream)  \(what)"
  }

  private var aheadOf: String { isAheadOfClock ? "the clock" : "all before it" }

  private var behindSeconds: Double { Double(behindNs ?? 0) / 1e9 }
}
