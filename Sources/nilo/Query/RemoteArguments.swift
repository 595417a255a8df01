import ArgumentParser
import Foundation
import Model

/// Options of commands that can ask a server instead of a directory.
struct RemoteArguments: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Ask a server, such as http://127.0.0.1:4280, instead of a directory.", valueName: "url"))
  var url: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "With --url: a file with the token to show. (default: $NILO_TOKEN)", valueName: "file"))
  var tokenFile: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "With --url: a file of PEM with who vouches for the server.", valueName: "file"))
  var caFile: String?

  func validate() throws {
    guard let url else {
      if tokenFile != nil || caFile != nil {
        throw ValidationError("--token-file and --ca-file go with --url.")
      }
      return
    }
    guard let parts = URLComponents(string: url), ["http", "https"].contains(parts.scheme),
      parts.host?.isEmpty == false
    else {
      throw ValidationError("--url is the address of a server, such as http://127.0.0.1:4280.")
    }
  }

  /// Refuses to ask a server and a directory.
  func check(_ store: StoreArguments) throws {
    if url != nil, store.data != StoreArguments.defaultData {
      throw ValidationError("Ask either a server by --url or a directory by --data, not both.")
    }
  }

  /// Nil when no server is to be asked.
  func server() throws -> RemoteServer? {
    guard let url else { return nil }
    var token = ProcessInfo.processInfo.environment["NILO_TOKEN"]
    if let tokenFile { token = try QueryText.read(tokenFile) }
    return RemoteServer(
      url: url.hasSuffix("/") ? String(url.dropLast()) : url,
      token: token?.trimmingCharacters(in: .whitespacesAndNewlines), caFile: caFile)
  }
}
