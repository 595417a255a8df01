import EventLog
import Merkle
import Store

/// The keys that a store's checkpoints are signed by, as `_audit` has them: the first one, and each that took its place.
struct RecordedKeys {
  static let action = "AUDIT KEY"

  /// By the event that says that it signs from then on, ascending.
  private(set) var keys: [(seq: UInt64, key: VerifierKey)] = []

  /// Without keys.
  init() {}

  /// O(events of `_audit`). Throws `DamageError`, and ``NoteError`` for a key that is none.
  init(_ log: EventLog) throws {
    try log.forEachEvent(of: StreamDefinition.audit.name) { event in
      let document = CatalogueDocument(seq: event.seq, event.bytes)
      if document["action"] == Self.action, let text = document["subject"] {
        keys.append((event.seq, try VerifierKey(text)))
      }
      return true
    }
  }

  var last: VerifierKey? { keys.last?.key }

  /// Those that have to have signed a checkpoint: the one in force, and the one before it when the checkpoint is the first since
  /// it took over. `previousSize` is that of the checkpoint before.
  func required(at size: UInt64, after previousSize: UInt64) -> [VerifierKey] {
    guard let place = keys.lastIndex(where: { $0.seq <= size }) else {
      return keys.first.map { [$0.key] } ?? []
    }
    let isFirst = place > 0 && keys[place].seq > previousSize
    return isFirst ? [keys[place - 1].key, keys[place].key] : [keys[place].key]
  }

  /// Takes note of a key, and waits until that is durable.
  static func record(_ key: VerifierKey, in store: Store, by actor: String) throws {
    let text = "\(key)"
    let digest = TreeHash(sha256(Array(text.utf8)[...]))?.hexadecimal ?? ""
    try store.audit([
      AuditEntry(actor: actor, address: "local", action: action, subject: text, digest: digest)
    ])
  }
}
