import Bytes
import Foundation
import Hummingbird
import Language
import Model
import Query

/// What a request asks: a text of the language, and with what it is run.
struct QueryRequest {
  var text: String
  var parameters: [Text: QueryValue] = [:]
  var timeZone: String?
  /// Nil leaves it to the header `Accept`.
  var format: AnswerFormat?

  /// Room for the text and parameters of a request.
  static let maxBodyBytes = LanguageLimits.maxTextBytes + (1 << 20)

  /// Of a query string: `q`, `format`, `time_zone`, and `param.NAME` for each parameter. Throws ``Problem``.
  init(query request: Request) throws(Problem) {
    guard let text = request.queryParameter("q") else {
      throw Problem(.badRequest, "the query is missing: ?q=SELECT...")
    }
    self.init(text: text)
    try take(request.queryFields)
  }

  /// Of a form, as browsers and `curl --data-urlencode` send it; nil where it is none: a statement does not begin so.
  private init?(form body: String) throws(Problem) {
    // Statements are long, and most are none.
    guard let mark = body.utf8.firstIndex(of: UInt8(ascii: "=")),
      ["q", "query"].contains(FormField.decoded(body[..<mark]))
    else { return nil }
    let fields = FormField.all(body)
    guard let first = fields.first else { return nil }
    self.init(text: first.value)
    let known = ["format", "time_zone", "param."]
    for field in fields.dropFirst() where !known.contains(where: field.isNamed) {
      throw .unknown("field", field.name, of: known, in: "the form")
    }
    try take(Array(fields.dropFirst()))
  }

  private mutating func take(_ fields: [FormField]) throws(Problem) {
    func value(_ name: String) -> String? { fields.first { $0.name == name }?.value }
    try take(format: value("format"))
    try take(timeZone: value("time_zone"))
    for field in fields where field.name.hasPrefix("param.") {
      parameters[Text(String(field.name.dropFirst("param.".count)))] = QueryValue(
        typed: field.value)
    }
  }

  /// Of a body: an object with `query`, `params`, `format` and `time_zone` where the type is JSON or it begins as one, else the
  /// text itself.
  /// Throws ``Problem``.
  init(body: [UInt8], of request: Request) throws(Problem) {
    let type = request.headers[.contentType]?.lowercased() ?? ""
    // No statement begins so, and curl does not say that it sends JSON.
    let isObject = body.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "{")
    guard type.hasPrefix("application/json") || isObject else {
      let text = String(decoding: body, as: UTF8.self)
      let form = try QueryRequest(form: text)
      self = form ?? QueryRequest(text: text)
      try take(format: request.queryParameter("format"))
      try take(timeZone: request.queryParameter("time_zone"))
      return
    }
    let fields: Fields
    do {
      fields = try JSONDecoder().decode(Fields.self, from: Data(body))
    } catch {
      throw Problem(
        .badRequest,
        "the body is no JSON object with query (text), and, if wanted, params (object of scalars), format and "
          + "time_zone (texts)")
    }
    if let name = fields.unknown.first {
      throw .unknown("field", name, of: Fields.names, in: "the body")
    }
    guard let text = fields.query else {
      throw Problem(.badRequest, "the body has no field query, which is the text of the statement")
    }
    self.init(text: text)
    for (name, value) in fields.params ?? [:] { parameters[Text(name)] = value.value }
    try take(format: fields.format)
    try take(timeZone: fields.timeZone)
  }

  /// Without parameters.
  init(text: String) { self.text = text }

  private mutating func take(format name: String?) throws(Problem) {
    if let name { format = try Self.format(named: name) }
  }

  private static func format(named name: String) throws(Problem) -> AnswerFormat {
    guard let format = AnswerFormat(rawValue: name) else {
      let names = AnswerFormat.allCases.map(\.rawValue).joined(separator: ", ")
      throw Problem(.badRequest, "format \(name) is not known; it is one of \(names)")
    }
    return format
  }

  /// The form of an answer: that of `name`, else of the header `Accept`, else JSON. Throws a ``Problem`` where there is no
  /// such form.
  static func format(_ name: String?, _ request: Request) throws(Problem) -> AnswerFormat {
    if let name { return try format(named: name) }
    if let format = AnswerFormat(accept: request.headers[.accept]) { return format }
    throw Problem(
      .notAcceptable,
      "answers are application/json, application/x-ndjson, text/csv, text/tab-separated-values, text/markdown and text/plain"
    )
  }

  private mutating func take(timeZone name: String?) throws(Problem) {
    guard let name else { return }
    do {
      _ = try ZoneRules(named: name)
    } catch {
      throw Problem(.badRequest, "\(error)")
    }
    timeZone = name
  }

  private struct Fields: Decodable {
    var query: String?
    var params: [String: Scalar]?
    var format: String?
    var timeZone: String?
    /// The names of others.
    var unknown: [String]

    static let names = CodingKeys.allCases.map(\.rawValue)

    enum CodingKeys: String, CodingKey, CaseIterable {
      case query, params, format
      case timeZone = "time_zone"
    }

    init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      query = try fields.decodeIfPresent(String.self, forKey: .query)
      params = try fields.decodeIfPresent([String: Scalar].self, forKey: .params)
      format = try fields.decodeIfPresent(String.self, forKey: .format)
      timeZone = try fields.decodeIfPresent(String.self, forKey: .timeZone)
      unknown = try decoder.fields(besides: CodingKeys.self)
    }
  }

  /// A value of JSON that a parameter may have; whole numbers keep all their digits.
  private struct Scalar: Decodable {
    var value: QueryValue

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        value = .null
      } else if let bool = try? container.decode(Bool.self) {
        value = .bool(bool)
      } else if let integer = try? container.decode(Int64.self) {
        value = .integer(integer)
      } else if let unsigned = try? container.decode(UInt64.self) {
        value = .unsigned(unsigned)
      } else if let number = try? container.decode(Double.self) {
        value = .number(number)
      } else {
        value = .text(Text(try container.decode(String.self)))
      }
    }
  }
}
