import ArgumentParser
import Language

/// The names of commands among the arguments.
enum CommandName {
  /// Throws ``Misuse`` when the arguments, or those of `help`, name a command that there is not.
  static func check(_ arguments: ArraySlice<String>) throws {
    var names = arguments
    if names.first == "help" { names.removeFirst() }
    var command: any ParsableCommand.Type = Nilo.self
    var path = "nilo"
    while let name = names.popFirst(), !name.hasPrefix("-") {
      let others = command.configuration.subcommands
      if others.isEmpty || name == "help" { return }
      guard let next = others.first(where: { $0._commandName == name }) else {
        // It is an argument of the command that need not be named.
        if command.configuration.defaultSubcommand != nil { return }
        throw Misuse(
          "there is no command \(path) \(name); \(advice(name, path, others.map { $0._commandName }))\n"
            + "Usage: \(path) <subcommand>\n  See '\(path) --help' for more information.")
      }
      (command, path) = (next, "\(path) \(name)")
    }
  }

  private static func advice(_ name: String, _ path: String, _ commands: [String]) -> String {
    if Vocabulary.statements.contains(name.lowercased()) {
      return "that is a statement of the query language: nilo query '\(name.uppercased()) ...'"
    }
    return Spelling.nearest(name, commands).map { "did you mean \(path) \($0)?" }
      ?? "there are: \(commands.joined(separator: ", "))"
  }
}
