import Language

/// Names of headers and parameters whose values are secrets, by the words in them: `Authorization`, `X-Api-Key`, `appid`.
enum SecretNames {
  private static let words: Set<String> = [
    "apikey", "appid", "appkey", "auth", "authorization", "bearer", "cookie", "credential",
    "credentials", "jwt", "key", "passwd", "password", "pwd", "secret", "session", "sig",
    "signature", "token",
  ]
  private static let ends = ["key", "token", "secret", "password"]

  /// Whether a name has such a word in it, or ends with one. O(bytes).
  static func has(_ name: some StringProtocol) -> Bool {
    let small = String(name).lowercased()
    let parts = small.split { !$0.isLetter && !$0.isNumber }.map(String.init)
    return parts.contains { words.contains($0) } || ends.contains { small.hasSuffix($0) }
  }

  /// What looks like a secret in a URL: the name of a parameter, or `password` for what stands before the host. Nil when
  /// nothing does, and where a place such as `{item}` stands for it.
  static func secret(inURL url: String) -> String? {
    guard let start = url.range(of: "://")?.upperBound else { return nil }
    let rest = url[start...]
    if rest.prefix(while: { !"/?#".contains($0) }).contains("@") { return "password" }
    guard let sign = rest.firstIndex(of: "?") else { return nil }
    for pair in rest[rest.index(after: sign)...].prefix(while: { $0 != "#" }).split(separator: "&")
    {
      let parts = pair.split(separator: "=", maxSplits: 1)
      if parts.count == 2, !parts[1].hasPrefix("{"), has(parts[0]) { return String(parts[0]) }
    }
    return nil
  }
}
