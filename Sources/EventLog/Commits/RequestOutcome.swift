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
  /// Events, of this request or before it, of which it has shown that their times are too far ahead.
  public internal(set) var ahead = 0
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
    ahead += result.ahead.count
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

/// The part of a batch that one of several requests has brought.
public struct RequestShare: Sendable {
  /// Documents, and those that could not be cut among them.
  public var documentCount: Int
  public var refusedCount: Int
  /// Its bytes of the batch.
  public var byteCount: Int

  /// Of a request whose documents come after those of the one before, refused ones apart.
  public init(documentCount: Int, refusedCount: Int, byteCount: Int) {
    (self.documentCount, self.refusedCount) = (documentCount, refusedCount)
    self.byteCount = byteCount
  }
}

extension RequestOutcome {
  /// What became of each of the requests whose documents were appended as one batch of one block, in their order.
  /// O(requests + duplicates, rejected documents and late events).
  public static func outcomes(
    _ result: AppendResult, of requests: [RequestShare]
  ) -> [RequestOutcome] {
    var (duplicates, late) = (result.duplicates[...], result.late[...])
    var ahead = result.ahead.sorted { $0.seq < $1.seq }[...]
    // Those that were refused come last, whatever request they are of.
    let refusedCount = requests.reduce(0) { $0 + $1.refusedCount }
    var rejected = result.rejected.dropLast(refusedCount)
    var refused = result.rejected.suffix(refusedCount)
    var nextSeq = result.firstSeq ?? 0
    var end = 0
    let outcomes = requests.map { request in
      end += request.byteCount
      var part = AppendResult()
      part.duplicates = duplicates.take { $0.documentStart < end }
      part.rejected = rejected.take { $0.documentStart ?? end < end }
      part.rejected += refused.prefix(request.refusedCount)
      refused = refused.dropFirst(request.refusedCount)
      part.accepted = request.documentCount - part.duplicates.count - part.rejected.count
      if part.accepted > 0 {
        part.firstSeq = nextSeq
        nextSeq += UInt64(part.accepted)
        part.lastSeq = nextSeq - 1
      }
      part.late = late.take { $0.seq < nextSeq }
      part.ahead = ahead.take { $0.seq < nextSeq }
      var outcome = RequestOutcome()
      outcome.add(part)
      return outcome
    }
    precondition(
      outcomes.reduce(0) { $0 + $1.accepted } == result.accepted,
      "requests have other events than the batch that they were made")
    return outcomes
  }
}

extension ArraySlice {
  /// Takes the first elements away for which `isWanted` holds.
  fileprivate mutating func take(while isWanted: (Element) -> Bool) -> [Element] {
    let taken = prefix(while: isWanted)
    self = dropFirst(taken.count)
    return Array(taken)
  }
}
