import Bytes
import Model

/// Why a record of SenML is no document.
struct SenMLFault: Error {
  let reason: String
}

/// The base fields of a pack, as the records so far say (RFC 8428, section 4.1), numbers as they were written.
struct SenMLBase: Sendable, Equatable {
  var name: String?
  var time: String?
  var unit: String?
  var value: String?
  var sum: String?

  /// Times below it count from now (section 4.5.3).
  private static let leastAbsoluteSeconds = Double(1 << 28)
  /// Names stand in each document: longer ones would make a chunk of many gigabytes.
  private static let maxNameBytes = 4_096
  private static let version = "10"

  /// The record with the base fields in it: a resolved record (section 4.6), whose time is absolute, with all other fields as
  /// they came. Nil when it has base fields alone. Takes note of its own base fields.
  mutating func resolve(_ record: [UInt8], nowNs: Int64) throws(SenMLFault) -> [UInt8]? {
    guard let parsed = try? JSONReader.value(record), case .object(let fields) = parsed else {
      throw SenMLFault(reason: "the SenML record is no JSON object")
    }
    var own = Own()
    for field in fields { try take(field, &own) }
    let hasBase = value != nil || sum != nil
    guard own.hasValue || own.sum != nil || (hasBase && own.isMeasured) else { return nil }
    return try document(own, nowNs)
  }

  /// The fields of one record.
  private struct Own {
    var name: String?
    var time: String?
    var unit: String?
    var number: String?
    var sum: String?
    /// `vs`, `vb` and `vd`, and what is no field of the standard, as JSON.
    var others: [(name: String, json: [UInt8])] = []
    var hasValue = false
    /// Something is said that is no base field.
    var isMeasured = false
  }

  private mutating func take(
    _ field: JSONValue.JSONField, _ own: inout Own
  ) throws(SenMLFault) {
    if !["bn", "bt", "bu", "bv", "bs", "bver"].contains(field.name) { own.isMeasured = true }
    switch field.name {
    case "bn": name = try text(field)
    case "bt": time = try number(field)
    case "bu": unit = try text(field)
    case "bv": value = try number(field)
    case "bs": sum = try number(field)
    case "bver":
      let version = try number(field)
      guard (Double(version) ?? .infinity) <= Double(Self.version) ?? 0 else {
        throw SenMLFault(reason: "version \(version) of SenML is not known; 10 is (RFC 8428)")
      }
    case "n": own.name = try text(field)
    case "t": own.time = try number(field)
    case "u": own.unit = try text(field)
    case "v": (own.number, own.hasValue) = (try number(field), true)
    case "s": own.sum = try number(field)
    case "vs", "vb", "vd":
      own.hasValue = true
      own.others.append((field.name, field.value.json))
    default:
      // Section 4.4: who does not understand such a field must not use the pack.
      if field.name.hasSuffix("_") {
        throw SenMLFault(
          reason: "the field \"\(field.name)\" has to be understood, and is not known")
      }
      own.others.append((field.name, field.value.json))
    }
  }

  private func document(_ own: Own, _ nowNs: Int64) throws(SenMLFault) -> [UInt8] {
    let fullName = (name ?? "") + (own.name ?? "")
    guard !fullName.isEmpty else {
      throw SenMLFault(reason: "the SenML record has no name: neither \"n\" nor \"bn\" is there")
    }
    guard fullName.utf8.count <= Self.maxNameBytes else {
      throw SenMLFault(
        reason:
          "the name of the SenML record has \(fullName.utf8.count) bytes, more than \(Self.maxNameBytes)"
      )
    }
    var json = JSONObjectWriter()
    json.field("n", fullName)
    json.field("t", json: Array(absolute(own.time, nowNs).utf8))
    if let unit = own.unit ?? unit { json.field("u", unit) }
    let isOther = own.hasValue && own.number == nil
    if !isOther, let number = DecimalText.sum(value, own.number) {
      json.field("v", json: Array(number.utf8))
    }
    if let total = own.sum.flatMap({ DecimalText.sum(sum, $0) }) ?? (own.hasValue ? nil : sum) {
      json.field("s", json: Array(total.utf8))
    }
    for other in own.others { json.field(other.name, json: other.json) }
    return json.finish()
  }

  private func absolute(_ own: String?, _ nowNs: Int64) -> String {
    let seconds = DecimalText.sum(time, own) ?? "0"
    if let number = Double(seconds), number >= Self.leastAbsoluteSeconds { return seconds }
    // To the millisecond: more would say more than the clock knows.
    let now = DecimalText.text(nowNs / 1_000_000, scale: 3)
    return DecimalText.sum(now, seconds) ?? now
  }

  private func text(_ field: JSONValue.JSONField) throws(SenMLFault) -> String {
    guard let text = field.value.string else {
      throw SenMLFault(reason: "\"\(field.name)\" of the SenML record is no text")
    }
    return text
  }

  private func number(_ field: JSONValue.JSONField) throws(SenMLFault) -> String {
    guard case .number(let text) = field.value else {
      throw SenMLFault(reason: "\"\(field.name)\" of the SenML record is no number")
    }
    return text
  }
}

extension JSONValue {
  /// The value as JSON again.
  fileprivate var json: [UInt8] {
    switch self {
    case .null: return Array("null".utf8)
    case .bool(let value): return Array((value ? "true" : "false").utf8)
    case .number(let text): return Array(text.utf8)
    case .string(let text):
      var bytes: [UInt8] = []
      bytes.append(jsonString: text)
      return bytes
    case .array(let values):
      return [UInt8(ascii: "[")] + values.map(\.json).joined(separator: [UInt8(ascii: ",")])
        + [UInt8(ascii: "]")]
    case .object(let fields):
      return jsonObject { json in
        for field in fields { json.field(field.name, json: field.value.json) }
      }
    }
  }
}
