import ArgumentParser
import Foundation
import Server
import Store

/// The command line of Nilometer.
@main
struct Nilo: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nilo",
    abstract: "An event-sourced KPI store: every event is kept, every number can be explained.",
    discussion: """
      Streams are made by the first ingest; what was taken wrong then is changed by a statement, \
      ALTER STREAM, which nilo query runs. Room that many small commits take is given back by \
      nilo compact.

      Exit codes: 0 fine, 1 something was rejected or failed, 2 wrong usage, 130 interrupted.

      Example:
        nilo generate fleet --hours 1 | nilo ingest --stream fleet -
        nilo stat
        nilo query "ALTER STREAM fleet LATENESS 5m"
        nilo compact
      """,
    version: "0.1.0",
    subcommands: [
      Serve.self, Config.self, TokenCommand.self, Ingest.self, Consume.self, KafkaCommand.self,
      QueryCommand.self, Repl.self,
      Stat.self, Events.self,
      Ledger.self,
      Check.self,
      ExportCommand.self, Backup.self, Compact.self, Kpi.self, Rebuild.self,
      Generate.self, Stream.self,
    ])

  static func main() {
    tuneAllocator()
    ignoreSignalsOfWrites()
    do {
      try CommandName.check(CommandLine.arguments.dropFirst())
      var command = try parseAsRoot()
      try command.run()
    } catch {
      exitProcess(report(error))
    }
    exitProcess(ExitStatus.success)
  }

  /// Tells the user what there is to say of `error`, and returns the exit status that fits it.
  private static func report(_ error: any Error) -> Int32 {
    switch error {
    case is ClosedOutput: return ExitStatus.success
    case let code as ExitCode: return code.rawValue
    case is RebuildCancelledError:
      printError("\(error)")
      return ExitStatus.interrupted
    case let error as Misuse:
      printError(error.text)
      return ExitStatus.usage
    case let error as Shown:
      printNote(error.text)
      return ExitStatus.failure
    default: break
    }
    switch exitCode(for: error) {
    case .success:
      // Help, the version and completion scripts come as errors too.
      return printHelp(fullMessage(for: error))
    case .validationFailure:
      let text = fullMessage(for: error)
      let prefix = "Error: "
      printError(text.hasPrefix(prefix) ? text.dropFirst(prefix.count) : text[...])
      return ExitStatus.usage
    default:
      printError(text(of: error))
      return ExitStatus.failure
    }
  }

  /// Foundation describes its errors by its own codes.
  private static func text(of error: any Error) -> String {
    guard let file = (error as? CocoaError)?.filePath else { return "\(error)" }
    return "\(file): \(FileReason.of(error))"
  }

  private static func printHelp(_ text: String) -> Int32 {
    do {
      try Output.report(text)
    } catch {
      return report(error)
    }
    return ExitStatus.success
  }
}

enum ExitStatus {
  static let success: Int32 = 0
  /// Something was rejected, or failed.
  static let failure: Int32 = 1
  static let usage: Int32 = 2
  static let interrupted: Int32 = 130
}
