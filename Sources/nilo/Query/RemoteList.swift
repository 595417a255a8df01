import Bytes
import Curl
import Foundation

extension RemoteServer {
  /// Hands out the entries of a list, page after page, until `body` returns false, and gives the event as of which the last
  /// page is; 0 where lists do not say. `path` has what its query string is to have.
  @discardableResult
  func forEach(
    of name: String, at path: String, _ session: HTTPSession = HTTPSession(),
    isCancelled: () -> Bool = { false }, _ body: (JSONValue) throws -> Bool
  ) throws -> UInt64 {
    var next: String?
    while true {
      let cursor = next.map { "\(path.contains("?") ? "&" : "?")cursor=\(Self.encoded($0))" }
      let page = try JSONReader.value(
        ask(session, path + (cursor ?? ""), isCancelled: isCancelled))
      let seq = page["as_of_seq"]?.unsigned ?? 0
      for entry in page[name]?.array ?? [] where try !body(entry) { return seq }
      next = page["next"]?.string
      if next == nil { return seq }
    }
  }

  /// As a value of a query string.
  static func encoded(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
  }
}
