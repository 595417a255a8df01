import ArgumentParser
import Bytes
import Foundation
import Model
import Server
import Store

struct TokenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Make, list and revoke what clients of nilo serve show.",
    discussion: """
      A token is shown once, when it is made; the store keeps its hash only, in the file tokens. \
      A server that runs knows of a change at once. Without any token only programs of the same \
      machine are served.

      Example:
        nilo token create --role writer --name plant-7 --stream pumps
        nilo token list
        nilo token revoke 4f1d22a09b3c
      """,
    subcommands: [Create.self, List.self, Revoke.self])

  struct Create: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a token and print it.",
      discussion: """
        A reader asks, a writer also appends events, an admin also defines, rebuilds and drops. \
        With --stream it is for these streams, and KPIs over them, only.

        Example:
          nilo token create --role reader --name hall-screen --expires 2027-01-01
        """)

    @OptionGroup var store: StoreArguments

    @Option(name: .long, help: ArgumentHelp("reader, writer or admin.", valueName: "role"))
    var role: Role

    @Option(name: .long, help: ArgumentHelp("Who has it, as events note it.", valueName: "name"))
    var name: String

    @Option(
      name: .long,
      help: ArgumentHelp(
        "A stream that it is for; may be repeated. (default: all)", valueName: "name"))
    var stream: [String] = []

    @Option(
      name: .long,
      help: ArgumentHelp("When it ends: a time or a date. (default: never)", valueName: "time"),
      transform: TimeText.parse)
    var expires: Timestamp?

    func validate() throws {
      guard Token.isName(name) else { throw ValidationError("--name: \(Token.nameRule).") }
      if let expires, expires.ns <= currentTimeNs() {
        throw ValidationError("--expires is \(expires), which has passed.")
      }
      for name in stream {
        if let fault = Store.faultOfStreamName(name) { throw ValidationError("--stream: \(fault)") }
      }
    }

    func run() throws {
      // A server that others reach needs one before its first start, which makes the store.
      try FileManager.default.createDirectory(
        atPath: store.data, withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o750])
      let made = Token.make(
        name: name, role: role, streams: stream.isEmpty ? nil : stream,
        created: Timestamp(ns: currentTimeNs()).description, expires: expires?.description)
      let file = TokenFile(directory: store.data)
      try exclusively { try file.add(made.token) }
      if store.json {
        try Output.report(
          jsonObject {
            $0.field("id", made.token.id)
            $0.field("token", made.text)
          })
      } else {
        try Output.report(made.text)
        printNote("this is shown once: keep it where others cannot read it")
      }
    }

    private func exclusively(_ body: () throws -> Void) throws {
      try TokenCommand.exclusively(store.data, body)
    }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the tokens, without their secrets.",
      discussion: """
        Example:
          nilo token list --json
        """)

    @OptionGroup var store: StoreArguments

    func run() throws {
      try store.directory().requireStoreOrTokens()
      let tokens = try TokenFile(directory: store.data).all()
      try Output.buffered { output in
        for token in tokens {
          try output.line(store.json ? token.line : Array(Wording.shown(token.text).utf8))
        }
      }
      if tokens.isEmpty, !store.json { printNote("there is no token") }
    }
  }

  struct Revoke: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove a token, at once also for a server that runs.",
      discussion: """
        Example:
          nilo token revoke 4f1d22a09b3c
        """)

    @OptionGroup var store: StoreArguments

    @Argument(help: "The id, as nilo token list has it.")
    var id: String

    func run() throws {
      try store.directory().requireStoreOrTokens()
      let file = TokenFile(directory: store.data)
      try TokenCommand.exclusively(store.data) {
        guard try file.revoke(id, atNs: currentTimeNs()) else {
          throw Failure("there is no token \(id); nilo token list shows those that there are")
        }
      }
      try Output.report("token \(id) is revoked")
    }
  }

  /// Two commands change the file one after the other.
  fileprivate static func exclusively(_ directory: String, _ body: () throws -> Void) throws {
    let result = whileLocked("\(directory)/tokens.lock", makesFile: true) {
      Result { try body() }
    }
    guard let result else { throw Failure("another command changes the tokens; try again") }
    try result.get()
  }
}

extension StoreDirectory {
  /// Throws ``Failure`` when there is nothing that could have tokens: a store, or those that were made before it.
  fileprivate func requireStoreOrTokens() throws {
    if isMissing(TokenFile(directory: path).path) { try requireStore() }
  }
}

extension Role: ExpressibleByArgument {}

extension Token {
  /// A line for programs.
  fileprivate var line: [UInt8] {
    jsonObject {
      $0.field("id", id)
      $0.field("name", name)
      $0.field("role", role.rawValue)
      $0.field("streams", strings: streams ?? [])
      $0.field("created", created)
      $0.field("expires", optional: expires)
    }
  }

  /// The same for people.
  fileprivate var text: String {
    let scope = streams.map { $0.joined(separator: ", ") } ?? "all streams"
    return "\(id)  \(role.rawValue)  \(name)  \(scope)  made \(created)"
      + (expires.map { ", ends \($0)" } ?? "")
  }
}
