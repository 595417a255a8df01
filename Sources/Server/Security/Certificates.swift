import Foundation
import Logging
import Model
import NIOPosix
import NIOSSL
import Synchronization

/// The server's certificate and key. Their files are read again when they have changed, for the connections that follow: a
/// certificate is renewed without a restart. What cannot be used is not: the log says why, and the old ones go on.
final class Certificates: Sendable {
  private let certificateFile: String
  private let keyFile: String
  private let logger: Logger?
  private let state: Mutex<State>

  private struct State {
    /// Of the files as they were looked at last, whether they could be used or not.
    var stamps: [FileStamp?]
    var pair: Pair
  }

  /// A certificate and its key, as they were read.
  private struct Pair {
    var override: NIOSSLContextConfigurationOverride
    /// When the certificate ends, in seconds since 1970.
    var endSeconds: Int
  }

  /// PEM files: the certificate with those that vouch for it, and its key. Throws ``ConfigurationError``.
  init(certificateFile: String, keyFile: String, logger: Logger? = nil) throws {
    (self.certificateFile, self.keyFile, self.logger) = (certificateFile, keyFile, logger)
    let stamps = [certificateFile, keyFile].map(FileStamp.init)
    state = Mutex(State(stamps: stamps, pair: try Self.read(certificateFile, keyFile)))
  }

  /// When the certificate that is used ends, in seconds since 1970. Looks at the files.
  var endSeconds: Int { current().endSeconds }

  /// TLS 1.2 and later.
  var configuration: TLSConfiguration {
    var configuration = Self.configuration(current().override)
    configuration.sslContextCallback = { [self] _, promise in
      // Not on the thread of the handshake: what BoringSSL finds wrong with a pair stays among the errors of the thread, and would
      // be taken for one of the connection.
      NIOThreadPool.singleton.submit { [self] _ in promise.succeed(current().override) }
    }
    return configuration
  }

  private static func configuration(
    _ override: NIOSSLContextConfigurationOverride
  ) -> TLSConfiguration {
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: override.certificateChain ?? [], privateKey: override.privateKey!)
    configuration.minimumTLSVersion = .tlsv12
    return configuration
  }

  /// Those of the files; where these cannot be used any more, those that were read last.
  private func current() -> Pair {
    state.withLock { state in
      let stamps = [certificateFile, keyFile].map(FileStamp.init)
      if stamps == state.stamps { return state.pair }
      state.stamps = stamps
      do {
        state.pair = try Self.read(certificateFile, keyFile)
        let end = Timestamp(ns: Int64(state.pair.endSeconds) * 1_000_000_000)
        logger?.notice("tls.certificate \(certificateFile) was read again; it ends \(end)")
      } catch {
        logger?.warning("the certificate of before is served on: \(error)")
      }
      return state.pair
    }
  }

  /// Throws ``ConfigurationError``, also when the key is not that of the certificate.
  private static func read(_ certificateFile: String, _ keyFile: String) throws -> Pair {
    var override = NIOSSLContextConfigurationOverride.noChanges
    var endSeconds = 0
    var faults: [String] = []
    func use(_ key: String, _ file: String, _ what: String, _ body: () throws -> Void) {
      if !FileManager.default.isReadableFile(atPath: file) {
        faults.append("\(key) \(file) cannot be read: it is not there, or may not be read")
        return
      }
      do { try body() } catch {
        faults.append("\(key) \(file) cannot be used: it is \(what) in the form of PEM")
      }
    }
    use("tls.certificate", certificateFile, "no certificate") {
      let chain = try NIOSSLCertificate.fromPEMFile(certificateFile)
      override.certificateChain = chain.map { .certificate($0) }
      endSeconds = chain.first.map { Int($0.notValidAfter) } ?? 0
    }
    use("tls.key", keyFile, "no private key without a password") {
      override.privateKey = .privateKey(try NIOSSLPrivateKey(file: keyFile, format: .pem))
    }
    if !faults.isEmpty { throw ConfigurationError(faults: faults) }
    do { _ = try NIOSSLContext(configuration: configuration(override)) } catch {
      throw ConfigurationError(faults: [
        "tls.key \(keyFile) is not the key of tls.certificate \(certificateFile)"
      ])
    }
    return Pair(override: override, endSeconds: endSeconds)
  }
}

extension ServerSettings {
  /// Nil where connections are not encrypted. Throws ``ConfigurationError``.
  func certificates(_ logger: Logger? = nil) throws -> Certificates? {
    if certificateFile.isEmpty || keyFile.isEmpty { return nil }
    return try Certificates(certificateFile: certificateFile, keyFile: keyFile, logger: logger)
  }
}
