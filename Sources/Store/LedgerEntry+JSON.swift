import Bytes
import EventLog
import Foundation
import Model

extension LedgerEntry {
  /// One JSON object: what `nilo ledger --json` prints a line of.
  public var json: [UInt8] {
    jsonObject { json in
      json.field("kind", kind.rawValue)
      json.field("stream", stream)
      json.field("source", source)
      json.field("received", timeNs: receivedNs)
      if let position { json.field("position", position) }
      switch kind {
      case .rejected:
        json.field("reason", reason ?? "")
        json.field(text: "head", Self.wholeCharacters(bytes))
      case .duplicate:
        json.field(text: "id", bytes)
        json.field("first_seq", seq)
        json.field("time", timeNs: timeNs)
        json.field("differs", isDifferent ?? false)
        if isDifferent == true { json.field(text: "head", Self.wholeCharacters(head)) }
      case .late:
        json.field("seq", seq)
        json.field("time", timeNs: timeNs)
        json.field("behind_s", seconds: Double(behindNs ?? 0) / 1e9)
      case .ahead:
        json.field("seq", seq)
        json.field("time", timeNs: timeNs)
        json.field("ahead_s", seconds: Double(aheadNs ?? 0) / 1e9)
        json.field("ahead_of", isAheadOfClock ? "clock" : "events")
      }
    }
  }

  /// The head of a document without the character that the ledger's limit cut through.
  private static func wholeCharacters(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.count == Limits.ledgerHeadBytes else { return bytes }
    let cut = (0...3).first { String(validating: bytes.dropLast($0), as: UTF8.self) != nil }
    return bytes.dropLast(cut ?? 0)
  }
}

extension JSONObjectWriter {
  /// Bytes as a string if they are text, else as `NAME_base64`.
  public mutating func field(text name: String, _ bytes: [UInt8]) {
    if let text = String(validating: bytes, as: UTF8.self) {
      field(name, text)
    } else {
      field("\(name)_base64", Data(bytes).base64EncodedString())
    }
  }
}
