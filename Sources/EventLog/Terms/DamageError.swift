/// Bytes of the store are not what was written.
public struct DamageError: Error, Equatable, CustomStringConvertible {
  /// What is damaged, such as "block of seq 1...46012, column temperature".
  public var what: String
  /// The first event sequence number that cannot be read for it, when it is known.
  public var firstSeq: UInt64?
  /// The last one; nil when it is one event, or not known.
  public var lastSeq: UInt64?

  /// Whether it can be computed anew from what is sound: cells of KPIs.
  public var isOfCells = false

  /// Without numbers where no event is known to be concerned.
  public init(
    what: String, firstSeq: UInt64? = nil, lastSeq: UInt64? = nil, isOfCells: Bool = false
  ) {
    self.what = what
    self.isOfCells = isOfCells
    self.firstSeq = firstSeq
    self.lastSeq = lastSeq
  }

  public var description: String {
    var text = "damaged data: \(what)"
    if let firstSeq {
      text += lastSeq.map { " (seq \(firstSeq)...\($0))" } ?? " (seq \(firstSeq))"
    }
    let remedy =
      isOfCells ? "`nilo rebuild` computes cells anew" : "then restore these from a backup"
    return text + "; run `nilo check` for a full list, \(remedy)"
  }
}
