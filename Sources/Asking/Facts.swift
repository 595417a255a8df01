import Bytes
import Language
import Model

/// Facts of a stream.
public struct FactsRequest: Sendable {
  public var stream: String
  /// Paths of the fields that are wanted.
  public var fields: [Text]
  public var filter: Predicate?
  public var range: Range<Int64> = .min ..< .max
  public var asOfSeq: UInt64?
  public var isCancelled: @Sendable () -> Bool = { false }

  public init(stream: String, fields: [Text]) { (self.stream, self.fields) = (stream, fields) }
}

/// Some facts, in the order of the log.
public struct FactBatch: Sendable {
  public var seqs: [UInt64]
  public var timesNs: [Int64]
  /// One for each field.
  public var fields: [ValueColumn]

  public init(seqs: [UInt64], timesNs: [Int64], fields: [ValueColumn]) {
    (self.seqs, self.timesNs, self.fields) = (seqs, timesNs, fields)
  }
}
