import Bytes
import Language

/// What a stream is and holds, as the language tells of it. Times are in nanoseconds since 1970, UTC; paths are from
/// the document's top.
public struct StreamInfo: Sendable {
  /// A field that documents of the stream have.
  public struct Field: Sendable {
    /// What its values are. `mixed` are those of several kinds, or unknown ones of a field without a column; `list` has
    /// arrays and empty objects only.
    public enum Kind: String, Sendable { case number, text, boolean, mixed, list }
    public var path: Text
    public var kind: Kind
    /// Whether it can be asked for; a field with too many others beside it is kept in the documents only.
    public var hasColumn: Bool
    /// Whether arrays are among its values, which count as values and have none of their own.
    public var hasLists: Bool

    /// A field with a column, unless it is said that it has none.
    public init(path: Text, kind: Kind, hasColumn: Bool = true, hasLists: Bool = false) {
      (self.path, self.kind, self.hasColumn, self.hasLists) = (path, kind, hasColumn, hasLists)
    }
  }

  /// One that has brought events of the stream.
  public struct Source: Sendable {
    public var name: String
    /// Nil when it has brought nothing that counts.
    public var watermarkNs: Int64?
    /// Whether the stream's watermark waits for it.
    public var isOpen: Bool

    public init(name: String, watermarkNs: Int64?, isOpen: Bool) {
      (self.name, self.watermarkNs, self.isOpen) = (name, watermarkNs, isOpen)
    }
  }

  public var name: String
  public var timePath: Text
  /// The zone of times that name none, the unit of numbers and the form of texts, each nil when it is not said.
  public var timeZone: String?
  public var timeUnit: String?
  public var timeFormat: String?
  /// The field that tells devices apart; nil when there is none.
  public var keyPath: Text?
  /// The fields that make the dedup id.
  public var dedupPaths: [Text] = []
  /// The array whose elements are the facts; nil when each event is one.
  public var explodePath: Text?
  /// The time of an element of the exploded array, from the document's top.
  public var elementTimePath: Text?
  /// Two events of one id are the same event when their times differ by at most this.
  public var dedupWindowNs: Int64 = 0
  /// An event this much behind is late.
  public var latenessNs: Int64
  public var fields: [Field] = []
  public var events: UInt64 = 0
  public var facts: UInt64 = 0
  /// Accepted events that came late.
  public var late: UInt64 = 0
  /// Events too far ahead to say how far time has got.
  public var ahead: UInt64 = 0
  /// Documents that were not stored since the log had their ids.
  public var duplicates: UInt64 = 0
  /// Documents that were no events.
  public var rejected: UInt64 = 0
  /// The least and the greatest time of a fact; nil without facts.
  public var timesNs: ClosedRange<Int64>?
  /// How far event time has got; nil before the first event.
  public var watermarkNs: Int64?
  /// The alteration by which all facts before it were read anew; nil when there was none.
  public var factsSinceSeq: UInt64?
  /// Rises with each alteration.
  public var version = 1
  /// What makes it.
  public var definition: DefineStream?
  /// The statement that makes it, written when it is asked for: most who look at streams do not want it.
  public var statement: String {
    definition.map { Statement(.defineStream($0)).canonicalText } ?? ""
  }

  /// Without fields and events.
  public init(name: String, timePath: Text, latenessNs: Int64) {
    (self.name, self.timePath, self.latenessNs) = (name, timePath, latenessNs)
  }
}

/// What a stream had at an earlier state of the log.
public struct StreamState: Sendable, Equatable {
  /// The least and the greatest time of a fact; nil without facts.
  public var timesNs: ClosedRange<Int64>?
  /// How far event time had got; nil before the first event.
  public var watermarkNs: Int64?

  /// Both nil for a stream that had nothing yet.
  public init(timesNs: ClosedRange<Int64>?, watermarkNs: Int64?) {
    (self.timesNs, self.watermarkNs) = (timesNs, watermarkNs)
  }
}
