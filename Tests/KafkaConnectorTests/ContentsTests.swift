import KafkaClient
import KafkaConnector
import Language
import TestSupport
import Testing

@testable import Server

/// What becomes of a message's value, before it is taken in.
@Suite struct ContentsTests {
  private func documents(
    _ options: String, into target: String, _ value: String, key: [UInt8]? = Array("k".utf8),
    headers: [(name: String, value: [UInt8]?)] = []
  ) throws -> [MessageDocument] {
    let text = "DEFINE SOURCE s FROM kafka(brokers 'a', topics 't', \(options)) INTO \(target)"
    guard case .defineSource(let definition)? = try Parser.statements(text).first?.body else {
      throw Mismatch(description: "\(text) defines no source")
    }
    let contents = try KafkaContents(definition, SourceOptions(definition), { 0 }).contents
    let message = DecodableMessage(
      partition: KafkaPartition("t", 0), offset: 5, key: key, value: Array(value.utf8),
      headers: headers)
    guard case .decoded(let decode) = contents, case .documents(let documents) = decode(message)
    else { throw Mismatch(description: "the value is taken as it is") }
    return documents
  }

  private func texts(_ documents: [MessageDocument]) -> [String] {
    documents.map {
      "\($0.stream) \(String(decoding: $0.bytes, as: UTF8.self)) \($0.refusal ?? "")"
    }
  }

  /// Several events of one message, each with what the message says beside its value.
  @Test func partsOfMessages() throws {
    let made = try documents(
      "unnest 'hours', rename 'hours.t AS time', constants 'site = north', metadata ('key', 'offset')",
      into: "FIELD kind", #"{"kind":"x","hours":[{"t":1},{"t":2}]}"#)
    #expect(
      texts(made)
        == [1, 2].map {
          #"x {"kind":"x","time":\#($0),"site":"north","_key":"k","_offset":5} "#
        })
    let records = try documents("records 'data'", into: "readings", #"{"data":[{"t":1},{"t":2}]}"#)
    #expect(texts(records) == [#"readings {"t":1} "#, #"readings {"t":2} "#])
  }

  /// A header that comes more than once has all its values, and a key that is empty is one.
  @Test func keysAndHeaders() throws {
    func document(
      _ key: [UInt8]?, _ headers: [(name: String, value: [UInt8]?)]
    ) throws -> String {
      let made = try documents(
        "metadata ('key', 'headers')", into: "readings", "{}", key: key, headers: headers)
      return try #require(texts(made).first)
    }
    #expect(
      try document(Array("k".utf8), [("x", [49]), ("y", nil), ("x", [255]), ("x", [50])])
        == #"readings {"_key":"k","_headers":{"x":["1","2"],"y":null,"x_base64":"/w=="}} "#)
    #expect(try document([], []) == #"readings {"_key":""} "#)
    #expect(try document([255], []) == #"readings {"_key_base64":"/w=="} "#)
    #expect(try document(nil, []) == "readings {} ")
  }

  /// What is no object comes as it is: the store says what is wrong with it.
  @Test func whatCanHaveNoMetadata() throws {
    for value in ["[1]", "{} x", " ", "\u{FEFF}{}"] {
      let made = try documents("metadata 'key'", into: "readings", value)
      #expect(texts(made) == ["readings \(value) "])
    }
    #expect(
      texts(try documents("metadata 'key'", into: "FIELD kind", "{} x")) == [
        "s {} x unexpected bytes after the document (byte 3 of the document)"
      ])
  }

  /// The message goes to the ledger as it came.
  @Test func whatCannotBeMapped() throws {
    #expect(
      texts(try documents("records 'data'", into: "readings", #"{"other":1}"#)) == [
        #"readings {"other":1} it has no data"#
      ])
    #expect(
      texts(try documents("records 'data'", into: "FIELD kind", "x")) == [
        "s x it cannot be mapped: no JSON at byte 0"
      ])
  }
}
