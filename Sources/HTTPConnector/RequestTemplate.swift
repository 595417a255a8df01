import Foundation

/// A request with places in it for what changes: `{item}`, `{cursor}`, `{offset}`, `{page}`, `{size}`.
public struct RequestTemplate: Sendable {
  /// A part of a request.
  public struct Part: Sendable {
    public var text: String
    /// It is shown nowhere, and goes to no other server.
    public var isSecret: Bool

    public init(_ text: String, isSecret: Bool = false) {
      (self.text, self.isSecret) = (text, isSecret)
    }
  }

  public var method = "GET"
  public var url: Part
  /// Parameters that are added to the URL, by their names.
  public var query: [(name: String, value: Part)] = []
  public var headers: [(name: String, value: Part)] = []
  public var body: Part?

  /// GET, without headers.
  public init(url: Part) { self.url = url }

  /// Whether a place is somewhere in it.
  public func has(_ place: String) -> Bool {
    let texts = [url.text, body?.text ?? ""] + (query + headers).map(\.value.text)
    return texts.contains { $0.contains("{\(place)}") }
  }

  /// The request with `values` in the places; parameters of `added` stand in the URL, unless there is a place for them.
  public func request(
    _ values: [String: String] = [:], adding added: [(name: String, value: String)] = []
  ) -> PlannedRequest {
    var planned = PlannedRequest(
      method: method, url: Self.filled(url.text, values, Self.percentEncoded))
    for (name, value) in query {
      let text = Self.filled(value.text, values) { $0 }
      if value.isSecret {
        planned.secretQuery.append((name, text))
      } else {
        planned.url = planned.url.adding(name, text)
      }
    }
    for (name, value) in added { planned.url = planned.url.adding(name, value) }
    planned.headers = headers.map { name, value in
      (name, Part(Self.filled(value.text, values) { $0 }, isSecret: value.isSecret))
    }
    if let body {
      let isJSON = body.text.first { !$0.isWhitespace }.map { "{[\"".contains($0) } ?? false
      let text = Self.filled(body.text, values, isJSON ? Self.jsonEscaped : { $0 })
      planned.body = Part(text, isSecret: body.isSecret)
    }
    planned.isSecretURL = url.isSecret
    return planned
  }

  private static func filled(
    _ text: String, _ values: [String: String], _ escape: (String) -> String
  ) -> String {
    var (filled, rest) = ("", text[...])
    // In one pass: what was put in is not looked at again.
    while let open = rest.firstIndex(of: "{") {
      filled += rest[..<open]
      rest = rest[open...]
      guard let close = rest.firstIndex(of: "}"),
        let value = values[String(rest[rest.index(after: open)..<close])]
      else {
        filled.append(rest.removeFirst())
        continue
      }
      filled += escape(value)
      rest = rest[rest.index(after: close)...]
    }
    return filled + rest
  }

  /// As within a parameter of a URL (RFC 3986).
  static func percentEncoded(_ text: String) -> String {
    let unreserved = CharacterSet(
      charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
    return text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
  }

  /// As within a string of JSON.
  private static func jsonEscaped(_ text: String) -> String {
    var bytes: [UInt8] = []
    bytes.append(jsonString: text)
    return String(decoding: bytes.dropFirst().dropLast(), as: UTF8.self)
  }
}

/// A request that is to be sent, to the server that was meant or where that one points to.
public struct PlannedRequest {
  var method: String
  /// Without parameters that are secret.
  var url: String
  var isSecretURL = false
  var secretQuery: [(name: String, value: String)] = []
  public var headers: [(name: String, value: RequestTemplate.Part)] = []
  var body: RequestTemplate.Part?

  /// What is sent.
  public var fullURL: String { secretQuery.reduce(url) { $0.adding($1.name, $1.value) } }

  /// The URL as it may be shown.
  public var shownURL: String {
    if !isSecretURL { return redacted(url) }
    return URLOrigin(url).map { "\($0)/..." } ?? "the URL"
  }

  /// A text without the secrets of this request, if they should stand in it.
  public func redacted(_ text: String) -> String {
    var secrets = secretQuery.map(\.value)
    secrets += headers.filter(\.value.isSecret).map(\.value.text)
    if let body, body.isSecret { secrets.append(body.text) }
    // A server may name the token alone of a header that has `Bearer` before it.
    let words = secrets.flatMap { $0.split(separator: " ").map(String.init) }
    let hidden = secrets.filter { $0.utf8.count > 3 } + words.filter { $0.utf8.count > 7 }
    return hidden.reduce(text) { text, secret in
      text.replacing(secret, with: "***")
        .replacing(RequestTemplate.percentEncoded(secret), with: "***")
    }
  }

  /// The same request to another URL, which a server has named. Secrets go to the same origin alone (RFC 6454), and the body,
  /// too. Throws ``PollFailure`` for a URL that must not be followed.
  func redirected(to location: String, keepingBody: Bool = true) throws(PollFailure) -> Self {
    guard let target = URL(string: location, relativeTo: URL(string: url))?.absoluteString,
      let origin = URLOrigin(target)
    else {
      throw PollFailure("\(shownURL) points to what is no URL of http: \(redacted(location))")
    }
    let ownOrigin = URLOrigin(url)
    if ownOrigin?.scheme == "https", origin.scheme != "https" {
      throw PollFailure(
        "\(shownURL) points from https to \(redacted(target)), which is not followed")
    }
    var other = self
    other.url = target
    for (name, _) in secretQuery { other.url = other.url.removing(name) }
    if !keepingBody { (other.method, other.body) = (method == "HEAD" ? "HEAD" : "GET", nil) }
    if origin == ownOrigin { return other }
    if other.body != nil {
      throw PollFailure(
        "\(shownURL) points to \(origin) for a request with a body, which is sent to no other server"
      )
    }
    (other.secretQuery, other.isSecretURL) = ([], false)
    other.headers.removeAll {
      $0.value.isSecret || ["authorization", "cookie"].contains($0.name.lowercased())
    }
    return other
  }
}

/// A server: its scheme, host and port.
struct URLOrigin: Equatable, CustomStringConvertible {
  var scheme: String
  /// In small letters, an address of version 6 without brackets.
  var host: String
  var port: Int

  /// Nil for what is no URL of http or https.
  init?(_ url: String) {
    guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased(),
      ["http", "https"].contains(scheme), let host = parts.host, !host.isEmpty
    else { return nil }
    self.scheme = scheme
    self.host = host.lowercased().trimmingCharacters(in: ["[", "]"])
    port = parts.port ?? (scheme == "https" ? 443 : 80)
  }

  var description: String {
    let isUsual = port == (scheme == "https" ? 443 : 80)
    return "\(scheme)://\(host.contains(":") ? "[\(host)]" : host)" + (isUsual ? "" : ":\(port)")
  }
}

extension String {
  /// A URL with one more parameter.
  fileprivate func adding(_ name: String, _ value: String) -> String {
    let pair = "\(RequestTemplate.percentEncoded(name))=\(RequestTemplate.percentEncoded(value))"
    let parts = split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    let sign =
      parts[0].contains("?") ? (parts[0].last.map { "?&".contains($0) } == true ? "" : "&") : "?"
    return parts[0] + sign + pair + (parts.count > 1 ? "#\(parts[1])" : "")
  }

  /// A URL without a parameter.
  fileprivate func removing(_ name: String) -> String {
    guard var parts = URLComponents(string: self), let items = parts.percentEncodedQueryItems,
      items.contains(where: { $0.name.removingPercentEncoding == name })
    else { return self }
    let left = items.filter { $0.name.removingPercentEncoding != name }
    parts.percentEncodedQueryItems = left.isEmpty ? nil : left
    return parts.string ?? self
  }
}
