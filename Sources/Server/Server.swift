import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import ServiceLifecycle
import Store

/// A store, served over HTTP.
///
/// ```swift
/// let server = Server(store, settings)
/// try await server.run()   // until SIGTERM or SIGINT
/// store.close()
/// ```
public struct Server: Sendable {
  private let store: Store
  private let settings: ServerSettings
  private let logger: Logger
  private let clock: @Sendable () -> Int64
  private let starter: Starter

  /// What whoever has started a server is told of it.
  public struct Starter: Sendable {
    /// It answers now, at this port, which is found out when that of the settings is 0.
    public var whenListening: @Sendable (Int) async -> Void = { _ in }
    /// It was told to stop, and takes no connections any more.
    public var whenStopping: @Sendable () -> Void = {}
    /// It is alive, so often, until it has stopped; nil when nobody wants to know.
    public var beat: (interval: Duration, tell: @Sendable () -> Void)?

    /// Tells nothing.
    public init() {}
  }

  /// `store` is open for writing; whoever opened it closes it after ``run()``.
  public init(_ store: Store, _ settings: ServerSettings, starter: Starter = Starter()) {
    self.init(store, settings, clock: Store.wallClockNs, starter: starter)
  }

  /// `clock` gives the wall clock, in nanoseconds since 1970.
  package init(
    _ store: Store, _ settings: ServerSettings, clock: @escaping @Sendable () -> Int64,
    starter: Starter
  ) {
    (self.store, self.settings, self.clock) = (store, settings, clock)
    self.starter = starter
    logger = LogLines.logger(settings)
  }

  /// Serves until SIGTERM or SIGINT: then no connection is taken any more, requests that have begun are answered, within
  /// `limits.stop_seconds`, and what they brought is durable. Throws when the address cannot be listened on.
  public func run() async throws {
    try Self.requireTokens(settings)
    let parts = ServerParts(
      store, settings, certificates: try settings.certificates(logger), clock: clock)
    try store.add(parts.scheduler, startingAfter: try store.snapshot().lastSeq)
    try parts.audit.noteConfiguration()
    try parts.scheduler.start()
    try parts.fetching.start()
    var application = Application(
      router: parts.router,
      server: try listener(parts),
      configuration: ApplicationConfiguration(
        address: .hostname(settings.address.host, port: settings.address.port),
        serverName: "nilo", backlog: 1_024,
        availableConnectionsDelegate: MaximumAvailableConnections(settings.limits.connections)),
      onServerRunning: { [starter] in await starter.whenListening($0.localAddress?.port ?? 0) },
      logger: logger)
    application.logger = logger
    var group = ServiceGroupConfiguration(
      // The last one is stopped first: who follows something would never be done.
      services: [
        .init(service: application), .init(service: parts.live),
        .init(service: StopNotice(tell: starter.whenStopping)),
      ],
      gracefulShutdownSignals: [.sigterm, .sigint],
      logger: logger)
    group.maximumGracefulShutdownDuration = Duration.seconds(settings.limits.stopSeconds)
    let beating = Task { [starter] in
      while let beat = starter.beat, !Task.isCancelled {
        beat.tell()
        try await Task.sleep(for: beat.interval)
      }
    }
    defer { beating.cancel() }
    do {
      try await ServiceGroup(configuration: group).run()
    } catch {
      await parts.stop()
      throw Self.failure(toListen: error, at: settings.address)
    }
    await parts.stop()
  }

  /// Says that the server is to stop, before anything is stopped.
  private struct StopNotice: Service {
    let tell: @Sendable () -> Void

    func run() async throws {
      try await gracefulShutdown()
      tell()
    }
  }

  /// HTTP/1.1, over TLS where there is a certificate.
  private func listener(_ parts: ServerParts) throws -> HTTPServerBuilder {
    let plain = HTTPServerBuilder { responder in
      OnConnectionLoop(base: HTTP1Channel(responder: responder, configuration: parts.http1))
    }
    guard let certificates = parts.certificates else { return plain }
    return try .tls(plain, tlsConfiguration: certificates.configuration)
  }
}
