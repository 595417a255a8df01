/// What became of the documents of a request.
public struct RequestOutcome: Sendable, Equatable {
  /// Lists are cut here; the counts are whole.
  public static let maxListed = 1_000

  /// A document that the log has already.
  public struct Duplicate: Sendable, Equatable {
    public var position: Int64
    /// The event that came first.
    public var seq: UInt64
  }

  /// A document that is no event.
  public struct Rejection: Sendable, Equatable {
    public var position: Int64
    public var reason: String
  }

  public internal(set) var accepted = 0
  public internal(set) var duplicateCount = 0
  public internal(set) var rejectedCount = 0
  /// Accepted events that were late.
  public internal(set) var late = 0
  public internal(set) var firstSeq: UInt64?
  public internal(set) var lastSeq: UInt64?
  public internal(set) var duplicates: [Duplicate] = []
  public internal(set) var rejected: [Rejection] = []

  /// Of no documents.
  public init() {}

  public var documentCount: Int { accepted + duplicateCount + rejectedCount }

  /// Adds what became of the batch that followed. O(duplicates and rejected documents that are listed).
  public mutating func add(_ result: AppendResult) {
    accepted += result.accepted
    late += result.late.count
    duplicateCount += result.duplicates.count
    rejectedCount += result.rejected.count
    for one in result.duplicates.prefix(Self.maxListed - duplicates.count) {
      duplicates.append(Duplicate(position: one.position, seq: one.firstSeq))
    }
    for one in result.rejected.prefix(Self.maxListed - rejected.count) {
      rejected.append(Rejection(position: one.position, reason: one.reason))
    }
    firstSeq = firstSeq ?? result.firstSeq
    lastSeq = result.lastSeq ?? lastSeq
  }
}
