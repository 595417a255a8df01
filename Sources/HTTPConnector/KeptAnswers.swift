import Bytes
import Foundation
import Model
import Store

/// Keeps answers as they came, in a stream of their own: an event each, or several for a long one.
struct KeptAnswers {
  let store: Store
  let stream: String

  /// A part of a body with its escapes is a document.
  static let partBytes = 4 << 20

  /// Waits until it is durable.
  func keep(_ answer: Answer, source: String, item: String?, receivedNs: Int64) throws {
    let number = try store.endPosition(ofSource: source, in: stream) ?? 0
    var batch = DocumentBatch(bytes: [], documents: [], endPosition: number + 1)
    let parts = Self.parts(of: answer.body)
    for (index, part) in parts.enumerated() {
      let document = jsonObject { json in
        json.field("timestamp", timeNs: receivedNs)
        json.field("source", source)
        if let item { json.field("item", item) }
        json.field("number", number)
        if parts.count > 1 {
          json.field("part", Int64(index))
          json.field("parts", Int64(parts.count))
        }
        json.field("url", answer.request.shownURL)
        json.field("status", Int64(answer.head.status))
        for (name, header) in [
          ("content_type", "Content-Type"), ("etag", "ETag"), ("last_modified", "Last-Modified"),
        ] {
          if let value = answer.head.header(header) {
            json.field(name, answer.request.redacted(value))
          }
        }
        json.field("bytes", Int64(answer.body.count))
        if let text = String(validating: part, as: UTF8.self) {
          json.field("body", text)
        } else {
          json.field("body_base64", Data(part).base64EncodedString())
        }
      }
      batch.append(document, at: number)
    }
    _ = try store.append(
      batch, to: stream,
      options: StreamOptions(timePath: "timestamp", keyPath: "source", dedup: .none),
      source: source, actor: "http")
  }

  /// Pieces of a body, none of which ends within a character. An answer without a body has one.
  static func parts(of body: [UInt8]) -> [ArraySlice<UInt8>] {
    var parts: [ArraySlice<UInt8>] = []
    var rest = body[...]
    while rest.count > partBytes {
      var end = rest.startIndex + partBytes
      while end > rest.startIndex + partBytes - 4, rest[end] & 0xC0 == 0x80 { end -= 1 }
      parts.append(rest[..<end])
      rest = rest[end...]
    }
    return parts + [rest]
  }
}
