import Foundation
import NIOSSL
import Synchronization

/// The server's certificate and key. Their files are read again when they have changed, for the connections that follow: a
/// certificate is renewed without a restart.
final class Certificates: Sendable {
  private let certificateFile: String
  private let keyFile: String
  private let state: Mutex<State>

  private struct State {
    var modified: [Date]
    var override: NIOSSLContextConfigurationOverride
  }

  /// PEM files: the certificate with those that vouch for it, and its key. Throws ``ConfigurationError``.
  init(certificateFile: String, keyFile: String) throws {
    (self.certificateFile, self.keyFile) = (certificateFile, keyFile)
    state = Mutex(
      State(
        modified: (try? Self.modified(certificateFile, keyFile)) ?? [],
        override: try Self.read(certificateFile, keyFile)))
  }

  /// Throws ``ConfigurationError`` when the key is not that of the certificate.
  func check() throws {
    do { _ = try NIOSSLContext(configuration: configuration) } catch {
      throw ConfigurationError(faults: [
        "tls.key \(keyFile) is not the key of tls.certificate \(certificateFile): \(error)"
      ])
    }
  }

  /// TLS 1.2 and later.
  var configuration: TLSConfiguration {
    let now = current()
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: now.certificateChain ?? [], privateKey: now.privateKey!)
    configuration.minimumTLSVersion = .tlsv12
    configuration.sslContextCallback = { [self] _, promise in promise.succeed(current()) }
    return configuration
  }

  /// Those of the files; where these cannot be read any more, those that were read last.
  private func current() -> NIOSSLContextConfigurationOverride {
    state.withLock { state in
      if let modified = try? Self.modified(certificateFile, keyFile), modified != state.modified,
        let override = try? Self.read(certificateFile, keyFile)
      {
        state = State(modified: modified, override: override)
      }
      return state.override
    }
  }

  private static func read(
    _ certificateFile: String, _ keyFile: String
  ) throws -> NIOSSLContextConfigurationOverride {
    var override = NIOSSLContextConfigurationOverride.noChanges
    var faults: [String] = []
    func use(_ key: String, _ file: String, _ body: () throws -> Void) {
      if !FileManager.default.isReadableFile(atPath: file) {
        faults.append("\(key) \(file) cannot be read: it is not there, or may not be read")
        return
      }
      do { try body() } catch { faults.append("\(key) \(file) cannot be used: \(error)") }
    }
    use("tls.certificate", certificateFile) {
      override.certificateChain = try NIOSSLCertificate.fromPEMFile(certificateFile)
        .map { .certificate($0) }
    }
    use("tls.key", keyFile) {
      override.privateKey = .privateKey(try NIOSSLPrivateKey(file: keyFile, format: .pem))
    }
    if !faults.isEmpty { throw ConfigurationError(faults: faults) }
    return override
  }

  private static func modified(_ files: String...) throws -> [Date] {
    try files.map {
      try FileManager.default.attributesOfItem(atPath: $0)[.modificationDate] as? Date
        ?? .distantPast
    }
  }
}
