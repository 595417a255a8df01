import Bytes
import EventLog
import Merkle
import Model
import Projections

/// Checks a receipt without a store.
public struct ReceiptCheck {
  /// What was found of a part of it.
  public struct Finding: Sendable, Equatable {
    /// What it comes to.
    public enum Verdict: String, Sendable {
      case proven
      case refuted = "not true"
      case open = "not proven"
    }
    public var verdict: Verdict
    public var text: String
  }

  /// What is proven, what is not true, and what the receipt does not show.
  public private(set) var findings: [Finding] = []
  /// Whether nothing in it is untrue.
  public var isSound: Bool { !findings.contains { $0.verdict == .refuted } }

  private let receipt: Receipt

  /// `key` is the one that is known to be the log's, and `previous` a checkpoint of it that was kept elsewhere. O(bytes).
  public init(_ receipt: Receipt, key: VerifierKey? = nil, previous: SignedNote? = nil) {
    self.receipt = receipt
    do {
      let checkpoint = try checkSignature(key)
      try checkPrevious(previous, checkpoint, key)
      try checkDefinitions(checkpoint)
      try checkSeals(checkpoint)
      try checkEvents(checkpoint)
      addWhatIsOpen()
    } catch {
      findings.append(Finding(verdict: .refuted, text: "\(error)"))
    }
  }

  private mutating func prove(_ text: String) {
    findings.append(Finding(verdict: .proven, text: text))
  }

  private mutating func refute(_ text: String) {
    findings.append(Finding(verdict: .refuted, text: text))
  }

  private mutating func leaveOpen(_ text: String) {
    findings.append(Finding(verdict: .open, text: text))
  }

  // MARK: The checkpoint

  private mutating func checkSignature(_ trusted: VerifierKey?) throws -> Checkpoint {
    let note = try SignedNote(reading: receipt.checkpoint)
    let key = try trusted ?? VerifierKey(receipt.key)
    let checkpoint = try Checkpoint(of: note, by: key)
    prove(
      "the log \(checkpoint.origin) had \(checkpoint.size) events with the root \(checkpoint.root.base64): signed by \(key)"
    )
    if trusted == nil {
      leaveOpen(
        "that this key is the log's: it is the one that the receipt names; compare it with the one that its owner has published, by --key"
      )
    }
    return checkpoint
  }

  private mutating func checkPrevious(
    _ previous: SignedNote?, _ checkpoint: Checkpoint, _ key: VerifierKey?
  ) throws {
    guard let previous else {
      return leaveOpen(
        "that nothing was rewritten before this checkpoint: give one that was kept since, by --previous"
      )
    }
    let earlier = try Checkpoint(text: previous.text)
    guard earlier.origin == checkpoint.origin else {
      return refute(
        "the earlier checkpoint is of the log \(earlier.origin), and this one of \(checkpoint.origin)"
      )
    }
    if let key, !previous.isSigned(by: key) {
      // A key that was in use before the rotation; the consistency of the trees tells all the same.
      leaveOpen("that the earlier checkpoint is the log's: another key has signed it")
    }
    guard earlier.size <= checkpoint.size else {
      return refute(
        "the receipt is of an older checkpoint, of \(checkpoint.size) events, than the one that was kept, of \(earlier.size)"
      )
    }
    let path =
      earlier.size == checkpoint.size || earlier.size == 0
      ? [] : receipt.consistency.flatMap { $0.size == earlier.size ? $0.path : nil }
    guard let path else {
      return leaveOpen(
        "that nothing was rewritten since the earlier checkpoint: the receipt has no proof of it; make one with: nilo audit prove --previous FILE"
      )
    }
    guard
      Proofs.extends(
        earlier.root, earlierSize: earlier.size, path, size: checkpoint.size, root: checkpoint.root)
    else {
      return refute(
        "the log was rewritten: the first \(earlier.size) events are not those of the earlier checkpoint"
      )
    }
    prove(
      "the first \(earlier.size) events are those of the earlier checkpoint: nothing of them was rewritten"
    )
  }

  // MARK: Definitions and rows

  private mutating func checkDefinitions(_ checkpoint: Checkpoint) throws {
    try receipt.stream.check(checkpoint, "the definition of the stream")
    let stream = StreamDefinition(
      CatalogueDocument(seq: receipt.stream.leaf.seq, receipt.stream.document))
    guard let stream, receipt.stream.leaf.stream == StreamDefinition.catalogue.name else {
      throw AuditError("the definition of the stream is none")
    }
    prove(
      "the stream \(stream.name) was defined by event \(receipt.stream.leaf.seq), by \(receipt.stream.leaf.actor)"
    )
    guard let kpi = receipt.kpi else { return }
    try kpi.check(checkpoint, "the definition of the KPI")
    let definition = try KpiDefinition(CatalogueDocument(seq: kpi.leaf.seq, kpi.document))
    guard let definition, kpi.leaf.stream == StreamDefinition.catalogue.name,
      definition.stream == stream.name
    else { throw AuditError("the definition of the KPI is none over stream \(stream.name)") }
    prove(
      "the KPI \(definition.name) version \(definition.version) was defined by event \(kpi.leaf.seq), by \(kpi.leaf.actor): "
        + String(decoding: kpi.document, as: UTF8.self))
  }

  private mutating func checkSeals(_ checkpoint: Checkpoint) throws {
    let rows = try AnswerRows(receipt.answer)
    guard receipt.seals.count == rows.rows.count else {
      throw AuditError("the receipt has \(receipt.seals.count) seals for \(rows.rows.count) rows")
    }
    var (sealed, computed) = (0, Set<String>())
    for (row, proof) in receipt.seals.enumerated() {
      guard let proof else { continue }
      try proof.check(checkpoint, "the seal of row \(row + 1)")
      guard let seal = Seal(proof.document), proof.leaf.stream == StreamDefinition.seals.name,
        seal.definitionSeq == receipt.kpi?.leaf.seq, rows.isRow(row, of: seal)
      else { throw AuditError("the seal of row \(row + 1) is of another row") }
      for (index, column) in rows.columns.enumerated() where column.type != "state" {
        guard let value = seal.row[column.name] else {
          computed.insert(column.name)
          continue
        }
        if value != rows.rows[row][index] {
          refute(
            "row \(row + 1): \(column.name) is \(String(decoding: rows.rows[row][index].bytes, as: UTF8.self)), and "
              + "\(String(decoding: value.bytes, as: UTF8.self)) was sealed as of event \(seal.asOfSeq)"
          )
        }
      }
      sealed += 1
    }
    if sealed > 0 {
      prove(
        "\(sealed) of \(rows.rows.count) rows are in the log as they were when they became final or were restated"
      )
    }
    if sealed < rows.rows.count, receipt.events == nil {
      leaveOpen(
        "\(rows.rows.count - sealed) of \(rows.rows.count) rows: they were not final, or are none of a KPI; with --with-events they are computed again"
      )
    }
    if !computed.isEmpty, receipt.events == nil {
      leaveOpen(
        "the columns \(computed.sorted().joined(separator: ", ")): they are computed from what was sealed, or named otherwise"
      )
    }
  }

  // MARK: Events

  private mutating func checkEvents(_ checkpoint: Checkpoint) throws {
    guard let events = receipt.events else {
      return leaveOpen(
        "that the rows are computed from events: the receipt has none; make one with --with-events")
    }
    var last: UInt64 = 0
    for event in events {
      try event.check(checkpoint, "event \(event.leaf.seq)")
      guard event.leaf.seq > last else {
        throw AuditError("event \(event.leaf.seq) is in the receipt twice, or in no order")
      }
      last = event.leaf.seq
    }
    prove("\(events.count) events are in the log, with these bytes, times of arrival and sources")
    do {
      if let difference = try Recomputation(receipt: receipt, events: events).difference() {
        return refute("the answer is not what its events give: \(difference)")
      }
      prove("the answer is what these events give: it was computed again from them")
    } catch {
      leaveOpen("that the answer is what its events give: it could not be computed again, \(error)")
    }
  }

  private mutating func addWhatIsOpen() {
    leaveOpen(
      "that no other event belongs to these rows: the sealed rows say so for who signed them; who wants to see for himself reads the log's leaves, served below /tile/"
    )
    leaveOpen(
      "that events came when they say, and from whom: that is what the store noted when they came")
  }
}
