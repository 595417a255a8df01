import Bytes
import Checksum
import Foundation
import Hummingbird

/// The part of a list that a request asks for: `limit`, and `cursor`, which the answer before has given as `next`.
struct Paging {
  static let usualLimit = 100
  static let maxLimit = 1_000

  /// How many entries there may be.
  let limit: Int
  /// Where the part begins, in the terms of the list; nil for its beginning.
  let start: [String]?
  /// A hash of what else the request says: a cursor is of one list.
  private let scope: String

  /// Throws a ``Problem`` for a limit that is none, and for the cursor of another list. `fieldCount` is that of the places
  /// in the list.
  init(_ request: Request, fieldCount: Int) throws(Problem) {
    let fields = request.queryFields.filter { $0.name != "cursor" && $0.name != "limit" }
    let text = request.uri.path + fields.map { "\0\($0.name)\0\($0.value)" }.sorted().joined()
    scope = String(checksum(Array(text.utf8).rawSpan), radix: 16)
    limit = try Self.limit(request.queryParameter("limit"))
    guard let cursor = request.queryParameter("cursor") else {
      start = nil
      return
    }
    guard let parts = Self.parts(of: cursor), parts.count == fieldCount + 1, parts[0] == scope
    else {
      throw Problem(
        .badRequest,
        "the cursor is not of this list; take next from an answer to the same path with the same parameters"
      )
    }
    start = Array(parts.dropFirst())
  }

  private static func limit(_ text: String?) throws(Problem) -> Int {
    guard let text else { return usualLimit }
    guard let limit = Int(text), (1...maxLimit).contains(limit) else {
      throw Problem(.badRequest, "limit \(text) is no whole number from 1 to \(maxLimit)")
    }
    return limit
  }

  /// What a client sends back to get the part that begins at `place`.
  func cursor(_ place: [String]) -> String {
    Data(([scope] + place).joined(separator: "\0").utf8).base64EncodedString()
      .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }

  /// The part of `entries`, ascending by the events of their definitions, and where the next begins, if there is one. Throws a
  /// ``Problem`` for a cursor that no answer has given.
  func page<Entry>(
    of entries: [Entry], bySeq seq: (Entry) -> UInt64
  ) throws(Problem) -> (ArraySlice<Entry>, next: String?) {
    let part = try part(of: entries, bySeq: seq, after: start?[0])
    return (part.entries, part.hasMore ? cursor(["\(part.lastSeq)"]) : nil)
  }

  /// The part of `entries`, ascending by the events of their definitions, that comes after the event that a cursor has; nil for
  /// their beginning. Throws a ``Problem`` for a cursor that no answer has given.
  func part<Entry>(
    of entries: [Entry], bySeq seq: (Entry) -> UInt64, after text: String?
  ) throws(Problem) -> (entries: ArraySlice<Entry>, lastSeq: UInt64, hasMore: Bool) {
    guard let after = UInt64(text ?? "0") else { throw Self.damaged }
    let rest = entries.drop { seq($0) <= after }
    let part = rest.prefix(limit)
    return (part, part.last.map(seq) ?? after, part.count < rest.count)
  }

  /// A cursor has the right scope, and what no list has given.
  static let damaged = Problem(.badRequest, "the cursor is damaged; begin anew, without it")

  private static func parts(of cursor: String) -> [String]? {
    let padding = String(repeating: "=", count: (4 - cursor.utf8.count % 4) % 4)
    let base64 = cursor.replacing("-", with: "+").replacing("_", with: "/") + padding
    return Data(base64Encoded: base64).map {
      String(decoding: $0, as: UTF8.self).split(separator: "\0", omittingEmptySubsequences: false)
        .map(String.init)
    }
  }
}
