import Curl
import Foundation

/// What a server says about coming back: `Retry-After` (RFC 9110, 10.2.3).
enum RetryAfter {
  /// Longer pauses are taken for a mistake, and for this.
  static let longestNs: Int64 = 86_400_000_000_000

  /// How long to wait, from a number of seconds or from a date; nil for what is neither.
  static func pauseNs(_ text: String, nowNs: Int64) -> Int64? {
    if let seconds = Double(text), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
      return Int64(min(seconds * 1e9, Double(longestNs)))
    }
    guard let date = date(text) else { return nil }
    let pause = date.timeIntervalSince1970 * 1e9 - Double(nowNs)
    return Int64(min(max(pause, 0), Double(longestNs)))
  }

  /// A date of HTTP, also in the two forms of old (RFC 9110, 5.6.7).
  private static func date(_ text: String) -> Date? {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(identifier: "GMT")
    for format in [
      "EEE, dd MMM yyyy HH:mm:ss 'GMT'", "EEEE, dd-MMM-yy HH:mm:ss 'GMT'",
      "EEE MMM d HH:mm:ss yyyy",
    ] {
      formatter.dateFormat = format
      if let date = formatter.date(from: text) { return date }
    }
    return nil
  }
}

/// Links of an answer (RFC 8288).
enum LinkHeader {
  /// Where the link of a relation points to, such as `next`; nil when there is none.
  static func target(_ relation: String, in head: HTTPHead) -> String? {
    for (name, value) in head.headers where name.lowercased() == "link" {
      for link in links(value) where link.relations.contains(relation) { return link.target }
    }
    return nil
  }

  private static func links(_ text: String) -> [(target: String, relations: [String])] {
    var links: [(target: String, relations: [String])] = []
    var rest = text[...]
    while let open = rest.firstIndex(of: "<"), let close = rest[open...].firstIndex(of: ">") {
      let target = String(rest[rest.index(after: open)..<close])
      rest = rest[rest.index(after: close)...]
      let parameters = takeParameters(&rest)
      let relations = parameters.first { $0.name == "rel" }?.value.lowercased() ?? ""
      links.append((target, relations.split(separator: " ").map(String.init)))
    }
    return links
  }

  /// Takes `; name="value"` up to the comma before the next link. Commas within quotes are none.
  private static func takeParameters(
    _ rest: inout Substring
  ) -> [(name: String, value: String)] {
    var parts: [String] = [""]
    var isQuoted = false
    while let character = rest.popFirst() {
      if character == "\"" {
        isQuoted.toggle()
      } else if character == ",", !isQuoted {
        break
      } else if character == ";", !isQuoted {
        parts.append("")
      } else {
        parts[parts.count - 1].append(character)
      }
    }
    return parts.compactMap { part in
      let pair = part.split(separator: "=", maxSplits: 1).map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      return pair.count == 2 ? (pair[0].lowercased(), pair[1]) : nil
    }
  }
}

/// By what a server knows again what it has sent (RFC 9110, 8.8).
struct Validators: Equatable {
  var etag: String?
  var lastModified: String?

  /// Those of an answer; nil when it has none.
  init?(_ head: HTTPHead) {
    (etag, lastModified) = (head.header("ETag"), head.header("Last-Modified"))
    if etag == nil, lastModified == nil { return nil }
  }

  init(etag: String?, lastModified: String?) {
    (self.etag, self.lastModified) = (etag, lastModified)
  }

  var headers: [(name: String, value: String)] {
    [("If-None-Match", etag), ("If-Modified-Since", lastModified)].compactMap { name, value in
      value.map { (name, $0) }
    }
  }
}
