import Hummingbird
import Model
import PromQL

/// The fields of a request, of its form and its query string.
struct PrometheusRequest: Sendable {
  /// Room for a form.
  static let maxBodyBytes = 1 << 20

  let fields: [FormField]

  /// Of a request by GET, or by POST with a form, whose fields come first.
  init(_ request: Request, within seconds: Int) async throws {
    guard request.method == .post else {
      fields = request.queryFields
      return
    }
    let body = try await request.collected(maxBytes: Self.maxBodyBytes, within: seconds)
    fields = FormField.all(String(decoding: body, as: UTF8.self)) + request.queryFields
  }

  /// The first field of that name; nil when there is none, or it is empty.
  subscript(name: String) -> String? {
    fields.first { $0.name == name && !$0.value.isEmpty }?.value
  }

  /// The same, without which nothing can be done.
  func required(_ name: String) throws(Problem) -> String {
    guard let value = self[name] else { throw Self.invalid(name, "it is missing") }
    return value
  }

  static func invalid(_ name: String, _ reason: String) -> Problem {
    Problem(.badRequest, "invalid parameter \"\(name)\": \(reason)")
  }

  // MARK: Expressions

  /// The expression `query`.
  func expression() throws(Problem) -> Node {
    let text = try required("query")
    do throws(PromQLError) {
      return try PromQLParser.parse(text)
    } catch {
      throw Self.invalid("query", "\(error)")
    }
  }

  /// The selectors of `match[]`.
  func selectors() throws(Problem) -> [[Matcher]] {
    var selectors: [[Matcher]] = []
    for field in fields where field.name == "match[]" {
      do throws(PromQLError) {
        selectors.append(try PromQLParser.selector(field.value))
      } catch {
        throw Self.invalid("match[]", "\(error)")
      }
    }
    return selectors
  }

  // MARK: Times

  /// Seconds since 1970 with decimals, or RFC 3339; nil when the field is not there.
  func timeMs(_ name: String) throws(Problem) -> Int64? {
    guard let text = self[name] else { return nil }
    if let seconds = Double(text), let ms = PromQLTime.ms(seconds: seconds) { return ms }
    if let time = Timestamp(text) { return time.ns.milliseconds }
    throw Self.invalid(
      name,
      "cannot parse \(text.debugDescription) to a valid timestamp, which is RFC 3339 or seconds")
  }

  /// Seconds with decimals, or a duration such as `1m30s`; nil when the field is not there.
  func lengthMs(_ name: String) throws(Problem) -> Int64? {
    guard let text = self[name] else { return nil }
    let ms = Double(text).map { PromQLTime.ms(seconds: $0) } ?? PromQLDuration.ms(text)
    guard let ms else {
      throw Self.invalid(
        name, "cannot parse \(text.debugDescription) to a valid duration, which is 1m30s or seconds"
      )
    }
    return ms
  }

  /// How many entries there may be; nil where 0 or nothing says all.
  func limit() throws(Problem) -> Int? {
    guard let text = self["limit"] else { return nil }
    guard let limit = Int(text), limit >= 0 else {
      throw Self.invalid("limit", "\(text) is no whole number from 0 on")
    }
    return limit == 0 ? nil : limit
  }
}
