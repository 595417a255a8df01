import Bytes
import EventLog
import Query

extension StreamInfo {
  /// Fields that the store's own streams have in time: they can be asked for before an event has brought them, so that what asks
  /// for failures need not wait for the first.
  private static let ownFields: [String: [(path: Text, kind: Field.Kind)]] = [
    StreamDefinition.runs.name: [
      ("id", .text), ("schedule", .text), ("version", .number), ("boundary", .text),
      ("state", .text), ("as_of_seq", .number), ("until", .text), ("count", .number),
      ("rows", .number), ("attempts", .number), ("failure", .text),
    ],
    StreamDefinition.alerts.name: [
      ("id", .text), ("alert", .text), ("version", .number), ("kind", .text), ("group", .text),
      ("bucket", .text), ("until", .text), ("state", .text), ("before", .text),
      ("provisional", .boolean), ("of_early", .boolean), ("as_of_seq", .number), ("told", .text),
      ("attempts", .number), ("failure", .text),
    ],
    StreamDefinition.publications.name: [
      ("id", .text), ("sink", .text), ("version", .number), ("state", .text),
      ("after_seq", .number), ("through_seq", .number), ("rows", .number), ("attempts", .number),
      ("failure", .text),
    ],
    StreamDefinition.gaps.name: [
      ("id", .text), ("source", .text), ("part", .text), ("kind", .text), ("state", .text),
      ("from", .number), ("to", .number), ("incarnation", .number),
    ],
    StreamDefinition.notes.name: [
      ("id", .text), ("note", .text), ("state", .text), ("author", .text), ("text", .text),
      ("from", .text), ("until", .text), ("kpi", .text),
    ],
    StreamDefinition.audit.name: [
      ("actor", .text), ("address", .text), ("action", .text), ("subject", .text),
      ("digest", .text), ("outcome", .text), ("failure", .text),
    ],
  ]

  /// Adds those that no event has had yet. O(fields).
  mutating func addOwnFields() {
    guard let ownFields = Self.ownFields[name] else { return }
    let known = Set(fields.map(\.path))
    for own in ownFields where !known.contains(own.path) {
      fields.append(Field(path: own.path, kind: own.kind))
    }
  }
}
