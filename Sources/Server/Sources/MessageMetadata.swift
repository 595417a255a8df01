import Bytes
import KafkaConnector
import Model

/// Puts what a message says beside its value into the document: its last members, after the bytes of the value, which stay as
/// they came.
///
/// ```
/// {"t": 21.5}
/// {"t": 21.5,"_key":"pump-1","_headers":{"site":"north"},"_timestamp":"2024-06-01T00:00:00Z"}
/// ```
struct MessageMetadata {
  private let wanted: Set<String>

  /// Some of `key`, `headers`, `timestamp`, `topic`, `partition` and `offset`.
  init(_ wanted: Set<String>) { self.wanted = wanted }

  /// Nil when the value is no object. O(bytes).
  func document(_ message: DecodableMessage) -> [UInt8]? {
    let isBlank: (UInt8) -> Bool = { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
    guard message.value.first(where: { !isBlank($0) }) == UInt8(ascii: "{"),
      let end = message.value.lastIndex(where: { !isBlank($0) }),
      message.value[end] == UInt8(ascii: "}")
    else { return nil }
    let members = members(of: message).dropFirst().dropLast()
    var document = Array(message.value[..<end])
    let isEmpty = document.last { !isBlank($0) } == UInt8(ascii: "{")
    if !members.isEmpty, !isEmpty { document.append(UInt8(ascii: ",")) }
    document += members
    document += message.value[end...]
    return document
  }

  private func members(of message: DecodableMessage) -> [UInt8] {
    jsonObject { json in
      if wanted.contains("key"), let key = message.key { json.field("_key", textOrBase64: key) }
      if wanted.contains("headers"), !message.headers.isEmpty {
        json.field("_headers", headers: message.headers)
      }
      if wanted.contains("timestamp"), let time = message.timestampMs {
        json.field(
          "_timestamp", timeNs: time.multipliedReportingOverflow(by: 1_000_000).partialValue)
      }
      if wanted.contains("topic") { json.field("_topic", message.partition.topic) }
      if wanted.contains("partition") { json.field("_partition", Int64(message.partition.number)) }
      if wanted.contains("offset") { json.field("_offset", message.offset) }
    }
  }
}
