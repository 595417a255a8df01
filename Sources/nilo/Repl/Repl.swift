import ArgumentParser

struct Repl: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Ask in the query language, statement by statement.",
    discussion: """
      A statement ends with a semicolon. Tab completes, \\? lists the commands, Ctrl-C cancels \
      what runs, Ctrl-D leaves. The history is kept in $XDG_STATE_HOME/nilo/history, or in \
      ~/.local/state. In a pipe there is no prompt, the answers are tab-separated, and the first \
      error ends it with 1.

      Example:
        nilo repl --data /var/lib/nilo
        nilo repl --url http://127.0.0.1:4280
        echo 'SHOW STREAMS;' | nilo repl
      """)

  @Option(name: .long, help: ArgumentHelp("The store's directory.", valueName: "dir"))
  var data = "./nilo-data"

  @OptionGroup var remote: RemoteArguments

  func run() throws {
    let server = try remote.server()
    let runner: any StatementRunner =
      server.map { RemoteRunner($0) } ?? LocalRunner(StoreDirectory(path: data))
    let session = try ReplSession(
      runner, place: server.map { "server \($0.url)" } ?? "store \(data)")
    let status = try session.run()
    if status != ExitStatus.success { throw ExitCode(status) }
  }
}
