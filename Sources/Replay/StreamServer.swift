import FileConnector
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Offers each file of a directory as a stream of its documents over HTTP, as plants and services do: `GET
/// /stream_data_{name}` sends one JSON object on a line, then the next after the interval, until the file ends or the client has
/// enough. Each client has the file from its beginning. `GET /next_data_{name}` sends one document, the next one to each
/// request whoever asks, and in the end the last one again: a service that is polled.
public struct StreamServer: Sendable {
  private let directory: String
  private let host: String
  private let port: Int
  private let interval: Duration
  private let isLoop: Bool
  private let whenListening: @Sendable (Int) async -> Void
  /// Files are read on threads that may block.
  private let pool = NIOThreadPool.singleton
  private let polled = PolledFiles()

  /// `port` 0 takes one that is free; `whenListening` is told which. With `isLoop` a file begins again at its end.
  public init(
    directory: String, host: String, port: Int, interval: Duration, isLoop: Bool,
    whenListening: @escaping @Sendable (Int) async -> Void = { _ in }
  ) {
    (self.directory, self.host, self.port) = (directory, host, port)
    (self.interval, self.isLoop, self.whenListening) = (interval, isLoop, whenListening)
  }

  /// The names of the files, without what says their format: `metrics` for `metrics.json`. Of two files of one name, one.
  /// Throws ``FileError``.
  public static func names(in directory: String) throws -> [String: String] {
    var names: [String: String] = [:]
    for file in try directoryNames(directory).sorted()
    where FileStatus(path: "\(directory)/\(file)") != nil {
      let name = String(file.prefix { $0 != "." })
      if names[name] == nil { names[name] = "\(directory)/\(file)" }
    }
    return names
  }

  /// Serves until SIGTERM or SIGINT. Throws when the address cannot be listened on.
  public func run() async throws {
    var logger = Logger(label: "nilo")
    logger.logLevel = .error
    let router = Router()
    router.get("/") { _, _ in try await list() }
    router.get("/:stream") { _, context in
      try await answer(try context.parameters.require("stream"))
    }
    let application = Application(
      router: router,
      configuration: ApplicationConfiguration(
        address: .hostname(host, port: port), serverName: "nilo"),
      onServerRunning: { [whenListening] in await whenListening($0.localAddress?.port ?? 0) },
      logger: logger)
    var group = ServiceGroupConfiguration(
      services: [.init(service: application)], gracefulShutdownSignals: [.sigterm, .sigint],
      logger: logger)
    // Who reads an endless stream would never be done.
    group.maximumGracefulShutdownDuration = .milliseconds(500)
    try await ServiceGroup(configuration: group).run()
  }

  private static let prefix = "stream_data_"
  private static let polledPrefix = "next_data_"

  private func list() async throws -> Response {
    let names = try await pool.runIfActive { try Self.names(in: directory).keys.sorted() }
    let paths = names.map { "\"/\(Self.prefix)\($0)\"" }.joined(separator: ",")
    return Self.json(Array("[\(paths)]\n".utf8))
  }

  private static func json(_ bytes: [UInt8]) -> Response {
    Response(
      status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  private func answer(_ path: String) async throws -> Response {
    if path.hasPrefix(Self.polledPrefix) {
      let document = try await pool.runIfActive { () -> [UInt8]? in
        guard let file = try file(path, Self.polledPrefix) else { return nil }
        return try polled.next(of: file, isLoop: isLoop)
      }
      if let document { return Self.json(document + [UInt8(ascii: "\n")]) }
    } else {
      let documents = try await pool.runIfActive { () -> DocumentSequence? in
        try file(path, Self.prefix).map { try DocumentSequence(path: $0, isLoop: isLoop) }
      }
      if let documents { return stream(documents) }
    }
    throw HTTPError(.notFound, message: "there is no such stream; GET / lists those that there are")
  }

  private func file(_ path: String, _ prefix: String) throws -> String? {
    guard path.hasPrefix(prefix) else { return nil }
    return try Self.names(in: directory)[String(path.dropFirst(prefix.count))]
  }

  private func stream(_ documents: DocumentSequence) -> Response {
    Response(
      status: .ok,
      headers: [.contentType: "application/x-ndjson", .cacheControl: "no-store"],
      body: ResponseBody { [pool, interval] writer in
        var pace = Pace(.interval(interval))
        while let document = try await pool.runIfActive({ try documents.next() }) {
          try await Task.sleep(until: pace.due(document), clock: .continuous)
          try await writer.write(ByteBuffer(bytes: document.bytes + [UInt8(ascii: "\n")]))
        }
        try await writer.finish(nil)
      })
  }
}

/// Files of which a document is given to each request.
private final class PolledFiles: Sendable {
  private let files = Mutex<[String: (documents: DocumentSequence, last: [UInt8]?)]>([:])

  /// The next document, or the last one again; nil of a file without any. Throws ``FileError``.
  func next(of path: String, isLoop: Bool) throws -> [UInt8]? {
    try files.withLock { files in
      var file = try files[path] ?? (DocumentSequence(path: path, isLoop: isLoop), nil)
      if let next = try file.documents.next() { file.last = next.bytes }
      files[path] = file
      return file.last
    }
  }
}
