import Bytes
import EventLog
import Model

/// What an administrator did, or tried to: an event of `_audit`.
public struct AuditEntry: Sendable, Equatable {
  /// Who did it, and the address that it was asked from; `local` is the machine itself.
  public var actor: String
  public var address: String
  /// Of which kind it is: `DEFINE KPI`, `REVOKE TOKEN`.
  public var action: String
  /// What was done, such as the statement; without secrets. Nil where only its digest is kept.
  public var subject: String?
  /// SHA-256 of what was done, in hexadecimal digits.
  public var digest: String
  /// Why it was not done; nil when it was.
  public var failure: String?
  /// Whether whoever tried may not do it.
  public var isRefused = false

  /// One that went well.
  public init(actor: String, address: String, action: String, subject: String?, digest: String) {
    (self.actor, self.address, self.action) = (actor, address, action)
    (self.subject, self.digest) = (subject, digest)
  }

  fileprivate func document(receivedNs: Int64) -> [UInt8] {
    jsonObject { json in
      json.field("timestamp", timeNs: receivedNs)
      json.field("actor", actor)
      json.field("address", address)
      json.field("action", action)
      if let subject { json.field("subject", subject) }
      json.field("digest", digest)
      json.field("outcome", isRefused ? "refused" : failure == nil ? "done" : "failed")
      if let failure { json.field("failure", failure) }
    }
  }

  /// Reads back what `document` wrote; nil when it is something else.
  fileprivate init?(_ document: CatalogueDocument) {
    guard let actor = document["actor"], let address = document["address"],
      let action = document["action"], let digest = document["digest"]
    else { return nil }
    self.init(
      actor: actor, address: address, action: action, subject: document["subject"], digest: digest)
    failure = document["failure"]
    isRefused = document["outcome"] == "refused"
  }
}

extension Store {
  /// Takes note of what was done, and waits until that is durable. Throws `ReadOnlyError`.
  public func audit(_ entries: [AuditEntry]) throws {
    try log.record(in: .audit, actor: "nilo") { receivedNs in
      entries.map { $0.document(receivedNs: receivedNs) }
    }
  }

  /// All that was noted, oldest first. O(events of `_audit`).
  public func auditEntries() throws -> [AuditEntry] {
    var entries: [AuditEntry] = []
    try forEachEvent(of: StreamDefinition.audit.name) { event in
      if let entry = AuditEntry(CatalogueDocument(seq: event.seq, event.bytes)) {
        entries.append(entry)
      }
      return true
    }
    return entries
  }
}
