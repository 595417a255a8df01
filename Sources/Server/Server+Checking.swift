import Foundation
import NIOCore
import NIOPosix

extension Server {
  /// Throws ``ConfigurationError`` where a server of these settings could not begin: a file cannot be used, nobody could show a
  /// token, or the address cannot be listened on. To be called before the store is made, so that none is left behind.
  public static func check(_ settings: ServerSettings) async throws {
    try await checkFiles(settings)
    try requireTokens(settings)
    let address = settings.address
    do {
      let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .bind(host: address.host, port: address.port).get()
      try await channel.close()
    } catch {
      throw failure(toListen: error, at: address)
    }
  }

  /// Opens all files that the settings name, and the tokens. Throws ``ConfigurationError``, which names all that is wrong.
  public static func checkFiles(_ settings: ServerSettings) async throws {
    var faults = settings.faultsOfPairs
    func note(_ body: () async throws -> Void) async {
      do { try await body() } catch let error as ConfigurationError {
        faults += error.faults
      } catch {
        faults.append("\(error)")
      }
    }
    if !settings.certificateFile.isEmpty, !settings.keyFile.isEmpty {
      await note {
        try Certificates(
          certificateFile: settings.certificateFile, keyFile: settings.keyFile
        ).check()
      }
    }
    if !settings.keySetFile.isEmpty {
      do { _ = try await KeySet(path: settings.keySetFile) } catch {
        faults.append("jwt.jwks: \(error)")
      }
    }
    if !settings.webhookSecretFile.isEmpty {
      await note { _ = try Webhooks.secret(in: settings.webhookSecretFile) }
    }
    if let fault = settings.faultOfOutputsDirectory { faults.append(fault) }
    await note { _ = try TokenFile(directory: settings.directory).all() }
    if !faults.isEmpty { throw ConfigurationError(faults: faults) }
  }

  /// Whoever reaches the server from elsewhere has to show a token, so there has to be one.
  static func requireTokens(_ settings: ServerSettings) throws {
    let tokens = TokenFile(directory: settings.directory)
    let isThere = try !tokens.all().isEmpty
    guard isThere || !settings.keySetFile.isEmpty || settings.address.isLoopback else {
      throw ConfigurationError(faults: [
        "other machines reach \(settings.address), and there is no token: make one with nilo token create --data "
          + "\(settings.directory) --role admin --name NAME, set jwt.jwks, or listen on 127.0.0.1"
      ])
    }
  }

  /// What it means that the system refuses an address; other errors as they are.
  static func failure(
    toListen error: any Error, at address: ServerSettings.Address
  ) -> any Error {
    let fault: String
    switch (error as? IOError)?.errnoCode {
    case EADDRINUSE:
      var next = address
      next.port = address.port < 65_535 ? address.port + 1 : address.port - 1
      fault =
        "another program listens at \(address), perhaps another nilo serve; stop it, or listen elsewhere: --listen \(next)"
    case EADDRNOTAVAIL:
      fault =
        "this machine has no address \(address.host) to listen at; listen at one that it has, at 0.0.0.0 for all, or at "
        + "127.0.0.1 for its own programs"
    case EACCES, EPERM:
      fault =
        "\(address) may not be listened at: ports below 1024 are for root; listen at a higher one, or give the program "
        + "the capability CAP_NET_BIND_SERVICE"
    default:
      guard error is SocketAddressError else { return error }
      fault =
        "\(address.host) is no address and no name that leads to one; listen at 127.0.0.1, say"
    }
    return ConfigurationError(faults: [fault])
  }
}
