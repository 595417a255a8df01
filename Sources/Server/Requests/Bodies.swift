import Foundation
import Hummingbird
import Language
import NIOCore

/// When a body has to be there: a client that sends a byte now and then is not idle, but it is not waited for either. A
/// long one that arrives steadily has all the time it takes.
struct BodyDeadline {
  /// Whoever sends so much is not slow.
  private static let minBytesPerSecond = 16_384

  private let begin = ContinuousClock.now
  private let seconds: Int
  private var byteCount = 0

  init(seconds: Int) { self.seconds = seconds }

  /// To be called for each piece. Throws a ``Problem`` of kind `tooSlow` after the deadline.
  mutating func took(_ bytes: Int) throws(Problem) {
    byteCount += bytes
    let allowed = seconds + byteCount / Self.minBytesPerSecond
    if ContinuousClock.now > begin + .seconds(allowed) {
      throw Problem(
        .tooSlow,
        "the body did not arrive within \(seconds) s (limits.request_seconds) and \(Self.minBytesPerSecond) bytes a "
          + "second; send it in parts, or faster")
    }
  }
}

extension Request {
  /// All of the body, as long as it has no more than `maxBytes`.
  func collected(maxBytes: Int, within seconds: Int) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    var deadline = BodyDeadline(seconds: seconds)
    var pieces = body.makeAsyncIterator()
    while let piece = try await pieces.nextPiece() {
      try deadline.took(piece.readableBytes)
      guard bytes.count + piece.readableBytes <= maxBytes else {
        throw Problem(.tooLarge, "the body has more than \(maxBytes) bytes")
      }
      bytes.append(contentsOf: piece.readableBytesView)
    }
    return bytes
  }

  /// The fields of the query string, in their order.
  var queryFields: [FormField] { uri.query.map(FormField.all) ?? [] }

  /// Throws a ``Problem`` where the query string has a field that is none of `names`: one that is misspelt would have no
  /// effect. A name that ends with a dot stands for all that begin so.
  func require(parameters names: [String]) throws(Problem) {
    for field in queryFields where !names.contains(where: field.isNamed) {
      throw .unknown("parameter", field.name, of: names, in: uri.path)
    }
  }

  /// A field of the query string, the first of that name; nil when there is none.
  func queryParameter(_ name: String) -> String? { queryFields.first { $0.name == name }?.value }

  /// A field of the query string that is one of some words; nil when there is none. Throws a ``Problem`` for any other.
  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String
  ) throws(Problem) -> Choice? {
    guard let text = queryParameter(name) else { return nil }
    if let choice = Choice(rawValue: text) { return choice }
    let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
    throw Problem(.badRequest, "\(name) \(text) is not known; it is one of \(names)")
  }
}

/// A field of a query string or a form, as browsers and curl write them: `application/x-www-form-urlencoded` of the URL
/// standard, where a plus sign is a blank. The framework takes it for a plus sign.
struct FormField: Equatable {
  var name: String
  var value: String

  /// Whether it has this name, or one that begins so where `name` ends with a dot.
  func isNamed(_ name: String) -> Bool {
    name.hasSuffix(".") ? self.name.hasPrefix(name) && self.name != name : self.name == name
  }

  /// What is no percent-encoded UTF-8 stands as it is. O(bytes).
  static func all(_ text: String) -> [FormField] {
    text.split(separator: "&").map { field in
      let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return FormField(
        name: decoded(parts[0]), value: parts.count == 2 ? decoded(parts[1]) : "")
    }
  }

  /// What is no percent-encoded UTF-8 stands as it is.
  static func decoded(_ text: Substring) -> String {
    if !text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) {
      return String(text)
    }
    let spaced = text.replacing("+", with: " ")
    return spaced.removingPercentEncoding ?? String(spaced)
  }
}

extension Problem {
  /// What other systems, and the other way to ask, call it.
  private static let otherNames = [
    "query": ["q"], "q": ["query"], "sql": ["q", "query"], "nql": ["q", "query"],
    "statement": ["q", "query"], "text": ["query"], "parameters": ["params", "param."],
    "params": ["param."],
    "timezone": ["time_zone"], "tz": ["time_zone"], "accept": ["format"], "from": ["since"],
    "start": ["since"], "to": ["until"], "end": ["until"], "offset": ["cursor"],
    "page": ["cursor"], "per_page": ["limit"],
  ]

  /// There is no `what` of that name; `known` are those that there are.
  static func unknown(_ what: String, _ name: String, of known: [String], in place: String)
    -> Problem
  {
    let shown = known.map { $0.hasSuffix(".") ? "\($0)NAME" : $0 }
    let meant = otherNames[name]?.first { known.contains($0) }
    let advice =
      meant.map { "did you mean \($0.hasSuffix(".") ? "\($0)NAME" : $0)?" } ?? Spelling.nearest(
        name, known.filter { !$0.hasSuffix(".") }
      ).map { "did you mean \($0)?" }
      ?? (shown.isEmpty ? "there is none" : "there are \(shown.joined(separator: ", "))")
    return Problem(.badRequest, "\(place) has no \(what) \(name); \(advice)")
  }
}

extension RequestBody.AsyncIterator {
  /// The next piece; nil after the last. What goes wrong is a ``Problem`` of the client's: it has left, or what it sends is no
  /// body of HTTP.
  mutating func nextPiece() async throws -> ByteBuffer? {
    do {
      return try await next()
    } catch let error as CancellationError {
      throw error
    } catch {
      throw Problem(
        .unreadableBody, "the body ended before its end, or is not in the form that its headers say"
      )
    }
  }
}
