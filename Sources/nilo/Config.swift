import ArgumentParser
import Bytes
import Model
import Server

struct Config: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show or check the settings of nilo serve.", subcommands: [Print.self, Check.self])

  struct Print: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show all settings, what each is, and where that comes from.",
      discussion: """
        Flags come before the environment, that before the file of --config, and that before what \
        the program takes by itself. What is written is YAML that --config reads again.

        Example:
          nilo config print --config nilo.yaml
          nilo config print --set limits.queries=8 > nilo.yaml
          NILO_LIMITS_QUERIES=8 nilo config print --json
        """)

    @OptionGroup var arguments: ServerArguments

    @Flag(name: .long, help: "Write JSON, one object a line.")
    var json = false

    func run() throws {
      let configuration = try arguments.configuration()
      try Output.buffered { output in
        if !json { return try output.add(configuration.yaml.utf8) }
        for entry in configuration.entries {
          try output.line(
            jsonObject {
              $0.field("setting", entry.setting.key)
              $0.field("value", entry.text)
              $0.field("origin", entry.origin)
              $0.field("variable", entry.setting.variable)
              $0.field("meaning", entry.setting.meaning)
            })
        }
      }
    }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say what is wrong with the settings, if anything is.",
      discussion: """
        Names that there are not, values that cannot be, and files, directories and addresses that \
        cannot be used are all told, as nilo serve would; the exit code is 2 then. A server of the same \
        settings may be running.

        Example:
          nilo config check --config nilo.yaml
        """)

    @OptionGroup var arguments: ServerArguments

    func run() throws {
      let settings = try arguments.configuration().settings
      try configured { try await Server.check(settings, besideOthers: true) }
      try Output.report("the settings are fine")
    }
  }
}
