import Bytes
import Foundation
import Store

/// An entry of the ledger as a line for people, of the JSON object in which stores and servers tell it.
struct LedgerLine {
  private let entry: JSONValue

  init(_ entry: JSONValue) { self.entry = entry }

  var text: String { "\(string("received"))  \(string("kind"))  \(string("stream"))  \(what)" }

  private var what: String {
    let source = string("source")
    let place =
      entry["position"]?.integer
      .map { "\(Wording.printable(source.utf8, maxCharacters: 500)):\(unit(of: source)) \($0)" }
      ?? source
    let event = "seq \(Wording.count(entry["seq"]?.unsigned ?? 0)) of \(string("time"))"
    switch LedgerEntry.Kind(rawValue: string("kind")) {
    case .rejected:
      let reason = entry["reason"]?.string ?? "no reason"
      return "\(place): \(reason): \(head("head"))"
    case .duplicate:
      let first = Wording.count(entry["first_seq"]?.unsigned ?? 0)
      return "\(place): id \(head("id")) is that of seq \(first)"
        + (entry["differs"]?.bool == true ? ", but it differs: \(head("head"))" : "")
    case .late: return "\(event): \(Wording.seconds(entry["behind_s"]?.double ?? 0)) behind"
    case .ahead:
      let other = entry["ahead_of"]?.string == "clock" ? "the clock" : "all before it"
      return "\(event): \(Wording.seconds(entry["ahead_s"]?.double ?? 0)) ahead of \(other)"
    case nil: return place
    }
  }

  /// What positions count: bytes of files and of bodies; of other sources what their connector says, such as offsets of a
  /// partition.
  private func unit(of source: String) -> String {
    source.hasPrefix("/") || source == "stdin" || source == "http" ? "byte" : "position"
  }

  private func string(_ name: String) -> String { entry[name]?.string ?? "" }

  /// The beginning of a text, or of bytes that are none.
  private func head(_ name: String) -> String {
    if let text = entry[name]?.string { return Wording.printable(text.utf8, maxCharacters: 60) }
    let bytes = Data(base64Encoded: string("\(name)_base64")) ?? Data()
    return Wording.printable(bytes, maxCharacters: 60)
  }
}
