import Bytes
import Foundation

/// What messages of Kafka have beside their values, as members of JSON.
extension JSONObjectWriter {
  /// A text; what is none is in base64, under another name: `_key_base64`. O(bytes).
  package mutating func field(_ name: String, textOrBase64 bytes: [UInt8]) {
    let member = Self.member(name, bytes)
    field(member.name, json: member.json)
  }

  /// An object of the headers, with those of no value as null. A name that comes more than once has an array of its values, in
  /// their order. O(bytes).
  package mutating func field(_ name: String, headers: [(name: String, value: [UInt8]?)]) {
    var members: [(name: String, values: [[UInt8]])] = []
    var places: [Text: Int] = [:]
    for header in headers {
      let member = Self.member(header.name, header.value)
      let place = places[Text(member.name)] ?? members.count
      if place == members.count {
        places[Text(member.name)] = place
        members.append((member.name, []))
      }
      members[place].values.append(member.json)
    }
    field(
      name,
      json: jsonObject { json in
        for member in members {
          if member.values.count == 1 {
            json.field(member.name, json: member.values[0])
          } else {
            json.field(member.name, array: member.values)
          }
        }
      })
  }

  private static func member(_ name: String, _ bytes: [UInt8]?) -> (name: String, json: [UInt8]) {
    guard let bytes else { return (name, Array("null".utf8)) }
    var json: [UInt8] = []
    if let text = String(validating: bytes, as: UTF8.self) {
      json.append(jsonString: text)
      return (name, json)
    }
    json.append(jsonString: Data(bytes).base64EncodedString())
    return ("\(name)_base64", json)
  }
}
