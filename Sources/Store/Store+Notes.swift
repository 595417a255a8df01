import Bytes
import EventLog
import Model

/// What somebody wrote of a time: an event of `_notes`. Times are in nanoseconds since 1970, UTC.
public struct Note: Sendable, Equatable {
  /// Tells it from all others.
  public var id: String
  public var text: String
  /// The instant, or the beginning of the time, that it is of.
  public var fromNs: Int64
  /// The end of that time; nil where it is of an instant.
  public var untilNs: Int64?
  /// The KPI that it is of; nil where it is of all.
  public var kpi: String?
  /// Who wrote it.
  public var author: String
  /// When it was written.
  public var writtenNs: Int64 = 0
  /// The event that has it.
  public var seq: UInt64 = 0

  /// Bytes of a text.
  public static let maxTextBytes = 2_000

  /// One that is not written yet.
  public init(
    _ text: String, fromNs: Int64, untilNs: Int64? = nil, kpi: String? = nil, author: String
  ) {
    id = String(UInt64.random(in: .min ... .max), radix: 36)
    (self.text, self.fromNs, self.untilNs) = (text, fromNs, untilNs)
    (self.kpi, self.author) = (kpi, author)
  }

  fileprivate enum State: String { case written, withdrawn }

  fileprivate func document(_ state: State, by actor: String, receivedNs: Int64) -> [UInt8] {
    jsonObject { json in
      json.field("timestamp", timeNs: receivedNs)
      // Each state of a note is there once.
      json.field("id", "\(id)/\(state.rawValue)")
      json.field("note", id)
      json.field("state", state.rawValue)
      json.field("author", actor)
      guard state == .written else { return }
      json.field("text", text)
      json.field("from", timeNs: fromNs)
      if let untilNs { json.field("until", timeNs: untilNs) }
      if let kpi { json.field("kpi", kpi) }
    }
  }

  /// Reads back what `document` wrote; nil when it is something else.
  fileprivate init?(_ document: CatalogueDocument) {
    guard document["state"] == State.written.rawValue, let id = document["note"],
      let text = document["text"], let author = document["author"],
      let from = document["from"].flatMap({ Timestamp($0) }),
      let written = document["timestamp"].flatMap({ Timestamp($0) })
    else { return nil }
    (self.id, self.text, self.author, fromNs) = (id, text, author, from.ns)
    untilNs = document["until"].flatMap { Timestamp($0) }?.ns
    kpi = document["kpi"]
    (writtenNs, seq) = (written.ns, document.seq)
  }
}

extension Store {
  /// Takes note of a note, and waits until that is durable; gives it with its event. Throws `ReadOnlyError`.
  public func write(_ note: Note) throws -> Note {
    try log.record(in: .notes, actor: note.author) {
      [note.document(.written, by: note.author, receivedNs: $0)]
    }
    guard let written = try notes().last(where: { $0.id == note.id }) else {
      throw DamageError(what: "a note that was recorded is not in _notes")
    }
    return written
  }

  /// The note is shown no more; its events stay. False when there is none of that id.
  public func withdrawNote(_ id: String, by actor: String) throws -> Bool {
    guard let note = try notes().first(where: { $0.id == id }) else { return false }
    try log.record(in: .notes, actor: actor) {
      [note.document(.withdrawn, by: actor, receivedNs: $0)]
    }
    return true
  }

  /// Those that were not withdrawn, by the times that they are of. O(events of `_notes`).
  public func notes() throws -> [Note] {
    var notes: [Note] = []
    try forEachEvent(of: StreamDefinition.notes.name) { event in
      let document = CatalogueDocument(seq: event.seq, event.bytes)
      if let note = Note(document) {
        notes.append(note)
      } else if let id = document["note"] {
        notes.removeAll { $0.id == id }
      }
      return true
    }
    return notes.sorted { ($0.fromNs, $0.seq) < ($1.fromNs, $1.seq) }
  }
}
