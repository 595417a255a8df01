import Bytes
import Language
import Model

/// Facts of a stream.
public struct FactsRequest: Sendable {
  public var stream: String
  /// Paths of the fields that are wanted.
  public var fields: [Text]
  /// The facts that are wanted; nil for all of them.
  public var filter: Predicate?
  /// Facts from `lowerBound` to before `upperBound`, in nanoseconds; `Int64.min` and `.max` for no bound.
  public var range: Range<Int64> = .min ..< .max
  /// Only events after this one.
  public var afterSeq: UInt64 = 0
  /// Only events up to this one; nil for all.
  public var asOfSeq: UInt64?
  /// Polled before each block; true ends the search with `CancellationError`.
  public var isCancelled: @Sendable () -> Bool = { false }

  /// All facts of the stream.
  public init(stream: String, fields: [Text]) { (self.stream, self.fields) = (stream, fields) }
}

/// Some facts, in the order of the log.
public struct FactBatch: Sendable {
  /// The event of each fact, ascending; it is the same for all facts of an event that was exploded.
  public var seqs: [UInt64]
  public var timesNs: [Int64]
  /// One for each field.
  public var fields: [ValueColumn]

  public init(seqs: [UInt64], timesNs: [Int64], fields: [ValueColumn]) {
    (self.seqs, self.timesNs, self.fields) = (seqs, timesNs, fields)
  }
}
