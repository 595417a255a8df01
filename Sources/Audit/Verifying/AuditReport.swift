/// What ``Verifier`` has found.
public struct AuditReport: Sendable, Equatable {
  /// What is not as it was when it was signed.
  public struct Finding: Sendable, Equatable {
    public var what: String
    /// The events that it is of; nil where it is of none.
    public var seqs: ClosedRange<UInt64>?

    init(_ what: String, _ seqs: ClosedRange<UInt64>? = nil) {
      (self.what, self.seqs) = (what, seqs)
    }
  }

  /// Events of the log, of the tree, and of the last checkpoint.
  public var events: UInt64 = 0
  public var leaves: UInt64 = 0
  public var signed: UInt64 = 0
  public var checkpoints = 0
  public var sealedRows = 0
  /// The keys of the store, as texts, the first one first.
  public var keys: [String] = []
  /// Ascending by events, those of none last.
  public var findings: [Finding] = []
  /// What was not verified, and why.
  public var notes: [String] = []

  public var isSound: Bool { findings.isEmpty }

  /// Adds a finding of one event, as part of the one before if that is of the same kind and its neighbour.
  mutating func add(_ what: String, at seq: UInt64) {
    if let last = findings.last, last.what == what, last.seqs?.upperBound == seq - 1 {
      findings[findings.count - 1].seqs = last.seqs!.lowerBound...seq
    } else {
      findings.append(Finding(what, seq...seq))
    }
  }

  /// Adds what another part was found to be; parts come in order.
  mutating func add(_ others: [Finding]) {
    for other in others {
      if let last = findings.last, last.what == other.what, let before = last.seqs,
        let seqs = other.seqs, before.upperBound == seqs.lowerBound - 1
      {
        findings[findings.count - 1].seqs = before.lowerBound...seqs.upperBound
      } else {
        findings.append(other)
      }
    }
  }
}
