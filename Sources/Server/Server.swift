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
  private let whenListening: @Sendable (Int) async -> Void

  /// `store` is open for writing; whoever opened it closes it after ``run()``. `whenListening` is told the port, which is
  /// found out when that of the settings is 0.
  public init(
    _ store: Store, _ settings: ServerSettings,
    whenListening: @escaping @Sendable (Int) async -> Void = { _ in }
  ) {
    self.init(store, settings, clock: Store.wallClockNs, whenListening: whenListening)
  }

  /// `clock` gives the wall clock, in nanoseconds since 1970.
  package init(
    _ store: Store, _ settings: ServerSettings, clock: @escaping @Sendable () -> Int64,
    whenListening: @escaping @Sendable (Int) async -> Void
  ) {
    (self.store, self.settings, self.clock) = (store, settings, clock)
    self.whenListening = whenListening
    logger = LogLines.logger(settings)
  }

  /// Serves until SIGTERM or SIGINT: then no connection is taken any more, requests that have begun are answered, within
  /// `limits.stop_seconds`, and what they brought is durable. Throws when the address cannot be listened on.
  public func run() async throws {
    try Self.requireTokens(settings)
    let parts = ServerParts(store, settings, clock: clock)
    try store.add(parts.scheduler, startingAfter: try store.snapshot().lastSeq)
    try parts.audit.noteConfiguration()
    try parts.scheduler.start()
    var application = Application(
      router: parts.router,
      server: try listener(parts),
      configuration: ApplicationConfiguration(
        address: .hostname(settings.address.host, port: settings.address.port),
        serverName: "nilo", backlog: 1_024,
        availableConnectionsDelegate: MaximumAvailableConnections(settings.limits.connections)),
      onServerRunning: { [whenListening] in await whenListening($0.localAddress?.port ?? 0) },
      logger: logger)
    application.logger = logger
    var group = ServiceGroupConfiguration(
      // The last one is stopped first: who follows something would never be done.
      services: [.init(service: application), .init(service: parts.live)],
      gracefulShutdownSignals: [.sigterm, .sigint],
      logger: logger)
    group.maximumGracefulShutdownDuration = Duration.seconds(settings.limits.stopSeconds)
    do {
      try await ServiceGroup(configuration: group).run()
    } catch {
      await parts.stop()
      throw Self.failure(toListen: error, at: settings.address)
    }
    await parts.stop()
  }

  /// HTTP/1.1, over TLS where there is a certificate.
  private func listener(_ parts: ServerParts) throws -> HTTPServerBuilder {
    let plain = HTTPServerBuilder.http1(configuration: parts.http1)
    let (certificate, key) = (settings.certificateFile, settings.keyFile)
    if certificate.isEmpty, key.isEmpty { return plain }
    let certificates = try Certificates(certificateFile: certificate, keyFile: key)
    return try .tls(plain, tlsConfiguration: certificates.configuration)
  }
}
