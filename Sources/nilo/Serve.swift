import ArgumentParser
import Dispatch
import Foundation
import Server
import Store
import Synchronization

struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve the store over HTTP: events in, queries, metrics.",
    discussion: """
      Settings come from flags, from the environment (NILO_LISTEN, NILO_LIMITS_QUERIES, ...) and \
      from a file, in this order; nilo config print shows them all. SIGTERM and Ctrl-C end it: \
      what has begun is answered, and what was acknowledged is durable in any case.

      Example:
        nilo serve --data plant-data
        curl --data-binary @events.ndjson http://127.0.0.1:4280/v1/streams/pumps/events
        curl -G http://127.0.0.1:4280/v1/query --data-urlencode 'q=SELECT count(*) FROM pumps'
      """)

  @OptionGroup var arguments: ServerArguments

  func run() throws {
    raiseFileLimit()
    let settings = try arguments.configuration().settings
    try configured { try await Server.check(settings) }
    let directory = StoreDirectory(path: settings.directory, memoryBytes: settings.memoryBytes)
    let store = try directory.writing()
    defer { store.close() }
    let manager = ServiceManager()
    var starter = Server.Starter()
    starter.whenListening = { port in
      var address = settings.address
      address.port = port
      if let note = Server.noteOfAccess(settings) { printNote(note) }
      printNote("nilo serves \(settings.directory) at \(settings.scheme)://\(address)")
      manager?.tell("READY=1")
    }
    starter.whenStopping = { manager?.tell("STOPPING=1") }
    starter.beat = manager?.watchdogInterval.map { interval in
      (interval, { manager?.tell("WATCHDOG=1") })
    }
    try configured { [starter] in try await Server(store, settings, starter: starter).run() }
  }
}

/// Where the settings of a server come from.
struct ServerArguments: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("A file of settings, YAML.", valueName: "file"))
  var config: String?

  @Option(
    name: .long,
    help: ArgumentHelp("The store's directory. (default: ./nilo-data)", valueName: "dir"))
  var data: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Where to listen. (default: 127.0.0.1:4280)", valueName: "address:port"))
  var listen: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Memory of the program, 64MiB or more. (default: 256MiB)", valueName: "size")
  )
  var memory: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Any other setting, such as limits.queries=8.", valueName: "name=value"))
  var set: [String] = []

  /// Throws ``Misuse``, which names all that is wrong.
  func configuration() throws -> ServerConfiguration {
    var flags: [String: String] = [:]
    for one in set {
      let parts = one.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else {
        throw Misuse("--set \(one): write name=value; nilo config print lists the names")
      }
      guard Setting.all.contains(where: { $0.key == parts[0] }) else {
        let hint = Setting.nearest(parts[0]).map { "is it \($0)?" }
        throw Misuse(
          "there is no setting \(parts[0]); "
            + (hint ?? "nilo config print lists those that there are"))
      }
      flags[parts[0]] = parts[1]
    }
    flags["data"] = data ?? flags["data"]
    flags["listen"] = listen ?? flags["listen"]
    flags["memory"] = memory ?? flags["memory"]
    return try configured { [flags, config] in
      try await ServerConfiguration(
        flags: flags, environment: ProcessInfo.processInfo.environment, file: config)
    }
  }
}

/// Waits as ``waiting(_:)`` does; a wrong configuration is the user's.
func configured<R: Sendable>(_ body: @escaping @Sendable () async throws -> R) throws -> R {
  do {
    return try waiting(body)
  } catch let error as ConfigurationError {
    throw Misuse(error.description)
  }
}

/// Waits for what is asynchronous. Not to be called by a task.
func waiting<R: Sendable>(_ body: @escaping @Sendable () async throws -> R) throws -> R {
  let result = Mutex<Result<R, any Error>?>(nil)
  let ended = DispatchSemaphore(value: 0)
  Task {
    let outcome: Result<R, any Error>
    do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
    result.withLock { $0 = outcome }
    ended.signal()
  }
  ended.wait()
  guard let outcome = result.withLock({ $0 }) else {
    preconditionFailure("a task ended without an outcome")
  }
  return try outcome.get()
}
