import ArgumentParser
import Bytes
import Language
import Model
import Query
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
        nilo ledger --url http://plant-7:4280 --stream fleet
      """)

  @OptionGroup var store: StoreArguments
  @OptionGroup var remote: RemoteArguments

  @Option(
    name: .long, help: ArgumentHelp("Entries of this kind only.", valueName: "kind"))
  var kind: LedgerEntry.Kind?

  @Option(name: .long, help: ArgumentHelp("Entries of this stream only.", valueName: "name"))
  var stream: String?

  @Option(name: .long, help: ArgumentHelp("At most so many entries.", valueName: "n"))
  var limit: UInt64?

  func validate() throws { try remote.check(store) }

  func run() throws {
    if let server = try remote.server() { return try list(server) }
    try store.reading { store in
      if let stream { try check(stream, store) }
      let sources = try store.definedSources()
      try list { write in
        try store.forEachLedgerEntry(kind: kind, stream: stream) { entry in
          var told = entry
          // Who defines a source writes statements, and has no options.
          if sources.contains(where: { $0.brings(entry.source) }) {
            told.reason = entry.reason.map { StatementWords.told($0, bySource: true) }
          }
          return try write(told.json)
        }
      }
    }
  }

  private func list(_ server: RemoteServer) throws {
    let fields = [
      ("kind", kind?.rawValue), ("stream", stream),
      ("limit", "\(min(limit ?? .max, Self.pageLimit))"),
    ]
    let query = fields.compactMap { name, value in
      value.map { "\(name)=\(RemoteServer.encoded($0))" }
    }
    try list { write in
      if limit == 0 { return }
      try server.forEach(of: "entries", at: "/v1/ledger?\(query.joined(separator: "&"))") {
        try write($0.bytes)
      }
    }
  }

  /// Of a server's lists.
  private static let pageLimit: UInt64 = 1_000

  /// Writes the entries, JSON objects, that `forEach` hands to what it is given, until that returns false.
  private func list(_ forEach: (([UInt8]) throws -> Bool) throws -> Void) throws {
    try Output.buffered { output in
      var left = limit ?? .max
      try forEach { entry in
        guard left > 0 else { return false }
        left -= 1
        if store.json {
          try output.line(entry)
        } else {
          try output.line(DisplayText.printable(LedgerLine(JSONReader.value(entry)).text))
        }
        return left > 0
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
