import Bytes
import Foundation
import Model

/// How an answer that is one page of many says where the next one is.
public struct AnswerPaging: Sendable {
  /// What leads from one page to the next.
  public enum Kind: String, Sendable, CaseIterable {
    /// There is one page.
    case none
    /// The header `Link` with the relation `next` (RFC 8288).
    case link
    /// A URL in the body.
    case next
    /// A text in the body, which goes into the next request. It stays the place to go on from in the next poll.
    case cursor
    /// The number of records so far. It stays the place to go on from in the next poll.
    case offset
    /// The number of the page.
    case page
  }

  public var kind = Kind.none
  /// Where the body has the URL or the cursor; of an endless answer, where each record has it.
  public var nextPath: String?
  /// Where the body says whether there is more; nil when what is there says so.
  public var hasMorePath: String?
  /// The parameter of the URL for the cursor, the offset or the number of the page, unless the request has a place for it.
  public var parameter: String?
  /// The cursor, offset or page to begin with.
  public var first: String?
  /// How many records a page has at most; nil when that is not known.
  public var pageSize: Int?
  /// The parameter that asks for so many; nil for none.
  public var sizeParameter: String?
  /// Of one poll.
  public var maxPages = 1_000

  /// One page.
  public init() {}
}

/// Which page a request asks for.
enum PageRequest: Equatable, Hashable {
  case first
  /// Where the page before has pointed to.
  case url(String)
  case cursor(String)
  /// An offset, or the number of a page.
  case number(Int)
}

extension AnswerPaging {
  /// Whether the next poll goes on where the last one has ended.
  var goesOn: Bool { kind == .cursor || kind == .offset }

  /// The request for a page, as the server was meant to be asked. Throws ``PollFailure``.
  func request(
    _ page: PageRequest, of template: RequestTemplate, item: String?
  ) throws(PollFailure) -> PlannedRequest {
    var values: [String: String] = [:]
    var added: [(name: String, value: String)] = []
    if let item { values["item"] = item }
    if let pageSize {
      values["size"] = "\(pageSize)"
      if let sizeParameter { added.append((sizeParameter, "\(pageSize)")) }
    }
    let place = kind.rawValue
    let value = self.value(page)
    if template.has(place) {
      values[place] = value ?? ""
    } else if let value {
      added.append((parameter ?? place, value))
    }
    let request = template.request(values, adding: added)
    guard case .url(let url) = page else { return request }
    return try request.redirected(to: url)
  }

  private func value(_ page: PageRequest) -> String? {
    switch (kind, page) {
    case (.cursor, .cursor(let cursor)): cursor
    case (.offset, .number(let number)), (.page, .number(let number)): "\(number)"
    case (.cursor, _): first
    case (.offset, _): first ?? "0"
    case (.page, _): first ?? "1"
    case (.none, _), (.link, _), (.next, _): nil
    }
  }

  /// What follows a page that had so many records: the page to ask for next, and whether that is in another poll. Throws
  /// ``PollFailure`` when the answer does not say it in the way that was said.
  func next(
    after answer: Answer, _ page: PageRequest, recordCount: Int
  ) throws(PollFailure) -> (page: PageRequest, isDone: Bool) {
    // What has no body has no more.
    if answer.body.isEmpty { return (goesOn ? page : .first, true) }
    switch kind {
    case .none: return (.first, true)
    case .link:
      let target = LinkHeader.target("next", in: answer.head)
      return try pointed(target, by: answer)
    case .next: return try pointed(try text(nextPath, in: answer), by: answer)
    case .cursor:
      guard let cursor = try text(nextPath, in: answer), .cursor(cursor) != page else {
        return (page, true)
      }
      let isDone = try hasMore(answer) == false || recordCount == 0
      return (.cursor(cursor), isDone)
    case .offset, .page:
      let number = value(page).flatMap { Int($0) } ?? 0
      let isLast = try hasMore(answer).map { !$0 } ?? (recordCount < pageSize ?? 1)
      let next = PageRequest.number(kind == .page ? number + 1 : number + recordCount)
      return isLast ? (goesOn ? next : .first, true) : (next, false)
    }
  }

  private func pointed(
    _ target: String?, by answer: Answer
  ) throws(PollFailure) -> (page: PageRequest, isDone: Bool) {
    guard let target else { return (.first, true) }
    // Relative to what has answered; secrets in it are added again when it is asked for.
    let next = try answer.request.redirected(to: target)
    return (.url(next.url), false)
  }

  private func hasMore(_ answer: Answer) throws(PollFailure) -> Bool? {
    guard let hasMorePath else { return nil }
    guard let more = (try? Self.value(hasMorePath, in: answer.body))??.bool else {
      throw PollFailure(
        "the answer of \(answer.request.shownURL) has no true or false at \(hasMorePath)")
    }
    return more
  }

  private func text(_ path: String?, in answer: Answer) throws(PollFailure) -> String? {
    do throws(PollFailure) { return try Self.text(path, in: answer.body) } catch {
      throw PollFailure("the answer of \(answer.request.shownURL) \(error)")
    }
  }

  /// Where to go on after a record of an endless answer; nil when nothing is said of that, or the record does not say it.
  func cursor(in record: [UInt8]) -> String? {
    kind == .cursor ? (try? Self.text(nextPath, in: record)) ?? nil : nil
  }

  /// Nil for what is null, empty or not there: the pages end.
  private static func text(
    _ path: String?, in document: [UInt8]
  ) throws(PollFailure) -> String? {
    guard let path else { return nil }
    switch try value(path, in: document) {
    case nil, .null?, .bool(false)?, .string("")?: return nil
    case .string(let text)?, .number(let text)?: return text
    default: throw PollFailure("has no text at \(path)")
    }
  }

  private static func value(
    _ path: String, in document: [UInt8]
  ) throws(PollFailure) -> JSONValue? {
    do throws(MappingFault) { return try JSONPath(path).value(in: document) } catch {
      throw PollFailure("is no JSON: \(error)")
    }
  }
}
