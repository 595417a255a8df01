import Foundation
import NIOCore
import NIOPosix
import Store

extension Server {
  /// Throws ``ConfigurationError`` where a server of these settings could not begin: a file or directory cannot be used, nobody
  /// could show a token, or the address cannot be listened on. To be called before the store is made, so that none is left
  /// behind. `besideOthers` leaves out whether the port is free: a server of the same settings may be running.
  public static func check(_ settings: ServerSettings, besideOthers: Bool = false) async throws {
    var faults = await faultsOfFiles(settings)
    // Tokens that cannot be read were told of.
    if faults.isEmpty { faults += await Self.faults { try requireTokens(settings) } }
    faults += await Self.faults {
      try await listen(at: settings.address, port: besideOthers ? 0 : settings.address.port)
    }
    if !faults.isEmpty { throw ConfigurationError(faults: faults) }
  }

  /// Listens for a moment.
  private static func listen(at address: ServerSettings.Address, port: Int) async throws {
    do {
      let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .bind(host: address.host, port: port).get()
      try await channel.close()
    } catch {
      throw failure(toListen: error, at: address)
    }
  }

  private static func faults(_ body: () async throws -> Void) async -> [String] {
    do { try await body() } catch let error as ConfigurationError {
      return error.faults
    } catch {
      return ["\(error)"]
    }
    return []
  }

  /// Opens all files and directories that the settings name, and the tokens. Gives all that is wrong.
  private static func faultsOfFiles(_ settings: ServerSettings) async -> [String] {
    var faults = settings.faultsOfPairs + settings.faultsOfDirectories
    func note(_ body: () async throws -> Void) async { faults += await Self.faults(body) }
    await note { _ = try settings.certificates() }
    if !settings.keySetFile.isEmpty {
      do { _ = try await KeySet(path: settings.keySetFile) } catch {
        faults.append("jwt.jwks: \(error)")
      }
    }
    if !settings.webhookSecretFile.isEmpty {
      await note { _ = try Webhooks.secret(in: settings.webhookSecretFile) }
    }
    await note { _ = try TokenFile(directory: settings.directory).all() }
    return faults
  }

  /// Whoever reaches the server from elsewhere has to show a token, so there has to be one that has not ended.
  static func requireTokens(_ settings: ServerSettings, nowNs: Int64 = Store.wallClockNs()) throws {
    if settings.address.isLoopback || !settings.keySetFile.isEmpty { return }
    let tokens = try TokenFile(directory: settings.directory).all()
    if tokens.contains(where: { !$0.isExpired(atNs: nowNs) }) { return }
    let what = tokens.isEmpty ? "there is no token" : "all tokens have ended"
    throw ConfigurationError(faults: [
      "other machines reach \(settings.address), and \(what): make one with nilo token create --data "
        + "\(settings.directory) --role admin --name NAME, set jwt.jwks, or listen on 127.0.0.1"
    ])
  }

  /// What whoever starts a server is to know of who may do what; nil where tokens say it.
  public static func noteOfAccess(_ settings: ServerSettings) -> String? {
    guard settings.keySetFile.isEmpty, !TokenFile(directory: settings.directory).isThere else {
      return nil
    }
    return "there is no token: all programs of this machine may do all; nilo token create makes one"
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
    case EINVAL where address.host.lowercased().hasPrefix("fe80:"):
      fault =
        "\(address.host) is an address of each network that this machine is in; name one: [\(address.host)%eth0], say"
    default:
      guard error is SocketAddressError || error is SocketAddressError.UnknownHost else {
        return error
      }
      fault =
        "\(address.host) is no address and no name that leads to one; listen at 127.0.0.1, say"
    }
    return ConfigurationError(faults: [fault])
  }
}
