import Foundation

/// One text of a setting that is a list.
protocol SettingItem {
  /// The text as it is compared. Throws ``Setting/Refusal`` for one that nothing would ever be equal to.
  static func read(_ text: String) throws -> String
}

/// An origin as browsers send it (RFC 6454, section 6.2): scheme, host, and the port where it is not that of the scheme.
enum ListedOrigin: SettingItem {
  static func read(_ text: String) throws -> String {
    let expected = "a list of origins as browsers send them, such as https://screens.example.com"
    if text == "*" {
      throw Setting.Refusal(expected: "\(expected): each is named, since pages of others could ask")
    }
    guard let url = URLComponents(string: text), let scheme = url.scheme?.lowercased(),
      let host = url.host?.lowercased(), !host.isEmpty
    else { throw Setting.Refusal(expected: expected) }
    let usualPort = ["http": 80, "https": 443][scheme]
    let port = url.port.flatMap { $0 == usualPort ? nil : ":\($0)" } ?? ""
    let origin = "\(scheme)://\(host)\(port)"
    guard text == origin else {
      throw Setting.Refusal(expected: "\(expected); \(text) would be \(origin)")
    }
    return origin
  }
}

/// A host of a URL, in small letters: a name or an address, without a port.
enum ListedHost: SettingItem {
  static func read(_ text: String) throws -> String {
    var host = text.lowercased()
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    let isIPv6 =
      host.count { $0 == ":" } > 1
      && host.allSatisfy { $0 == ":" || $0 == "." || $0.isASCII && $0.isHexDigit }
    let url = URL(string: isIPv6 ? "http://[\(host)]/" : "http://\(host)/")
    guard let url, url.path == "/", url.port == nil, url.user == nil, url.host == host else {
      throw Setting.Refusal(
        expected:
          "a list of hosts, such as 10.0.0.7 or hooks.example.com, without scheme, port and path")
    }
    return host
  }
}
