import Bytes
import Language
import Model

/// What queries are answered from. A statement takes one ``snapshot()`` and names its seq in all that it asks, so that
/// every part of its answer is of one state of the log, whatever is committed meanwhile. Nothing is held for it: events
/// and their numbers stay, and what has changed in cells since is computed from the events.
public protocol QuerySource: Sendable {
  /// The state of the log at one commit, the last one: its streams, its KPIs, its last event. O(streams + KPIs).
  func snapshot() throws -> SourceCatalogue

  /// The KPIs as they were after event `seq`. O(catalogue).
  func kpis(asOf seq: UInt64) throws -> [KpiInfo]

  /// What the stream had after event `seq`. O(blocks of the stream).
  func state(ofStream name: String, asOf seq: UInt64) throws -> StreamState

  /// All changes of the catalogue, oldest first. O(catalogue).
  func history() throws -> [CatalogueChange]

  /// Computes aggregates. Throws ``QueryLimitError``, `CancellationError`, and the source's own errors.
  func aggregate(_ request: AggregateRequest) throws -> AggregateResult

  /// How ``aggregate(_:)`` would do it.
  func plan(_ request: AggregateRequest) throws -> AggregatePlan

  /// Hands out the facts that a request asks for, in the order of the log, until `body` returns false.
  func facts(_ request: FactsRequest, _ body: (FactBatch) throws -> Bool) throws

  /// Hands out the original documents of events by their numbers, which ascend.
  func events(
    _ seqs: [UInt64], of stream: String, _ body: (EventRecord) throws -> Bool
  ) throws

  /// Hands out the facts that rows were computed from, each once for each of its rows, in the order of the log; at the
  /// end the samples before the rows that counters and levels begin at.
  func contributions(
    _ request: ContributionRequest, _ body: (ContributionBatch) throws -> Void
  ) throws

  /// All sources that a stream ever had. O(sources).
  func sources(ofStream name: String) throws -> [StreamInfo.Source]

  /// Entries of the ledger of a stream, or of all, in the order of the log: those of its first `pages`.
  func ledger(
    _ kind: LedgerKind, stream: String?, pages: UInt64, _ body: (LedgerRecord) throws -> Bool
  ) throws

  /// The last event that the log had received by then; 0 when there was none. O(log blocks).
  func seq(receivedBy timeNs: Int64) throws -> UInt64

  /// When an event was received, of whichever stream; nil when there is none of that number.
  func receivedNs(ofSeq seq: UInt64) throws -> Int64?
}

/// What statements that change something need beside it.
public protocol QueryStore: QuerySource {
  /// Makes a stream ahead of its first event.
  func defineStream(_ definition: DefineStream) throws
  /// Changes what a stream is from the next event on, or reads its events anew; computes KPIs anew that depend on it.
  func alterStream(
    _ alteration: AlterStream, progress: (Double) -> Void,
    isCancelled: @escaping @Sendable () -> Bool
  ) throws
  /// Drops a stream without events.
  func dropStream(_ name: String) throws
  /// Defines a KPI, or the next version of one; fills it from the log. `progress` is called with the share that is done.
  func defineKpi(
    _ definition: DefineKpi, isNewVersion: Bool, progress: (Double) -> Void,
    isCancelled: @escaping @Sendable () -> Bool
  ) throws -> KpiInfo
  /// Makes a version of a KPI the one that is asked when none is named. Its cells have to be complete.
  func switchKpi(_ name: String, version: Int) throws
  /// Drops all versions of a KPI; the events stay.
  func dropKpi(_ name: String) throws
  /// Computes the cells of all versions of a KPI anew. `range` gives the time that is asked for, on a version's clock: then
  /// only the buckets that hold some of it. `progress` is called with the share that is done. O(facts).
  func rebuildKpi(
    _ name: String, within range: ((ZoneRules) throws -> Range<Int64>)?,
    progress: (Double) -> Void, isCancelled: @escaping @Sendable () -> Bool
  ) throws -> [KpiRebuild]
}

/// What a source holds at one commit.
public struct SourceCatalogue: Sendable {
  /// In the order of their making, without those that were dropped.
  public var streams: [StreamInfo]
  /// All versions of all KPIs.
  public var kpis: [KpiInfo]
  /// The log's own streams, which are not among ``streams``.
  public var system: [StreamInfo]
  /// The log's last event.
  public var lastSeq: UInt64
  /// Pages of the ledger.
  public var ledgerPages: UInt64

  /// What a source says of itself, all read at one commit.
  public init(
    streams: [StreamInfo], kpis: [KpiInfo], system: [StreamInfo], lastSeq: UInt64,
    ledgerPages: UInt64
  ) {
    (self.streams, self.kpis, self.system) = (streams, kpis, system)
    (self.lastSeq, self.ledgerPages) = (lastSeq, ledgerPages)
  }

  /// Whether that is one of the log's own streams.
  func isSystem(_ stream: String) -> Bool { system.contains { $0.name == stream } }
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

/// A change of what is defined.
public struct CatalogueChange: Sendable, Equatable {
  /// The event that records it.
  public var seq: UInt64
  /// When it was recorded.
  public var timeNs: Int64
  /// Who made it; empty when that was not said.
  public var actor: String
  /// What was done: `DEFINE KPI`, `SWITCH KPI`, `DEFINE STREAM`.
  public var change: String
  /// The stream or KPI.
  public var name: String
  /// The version that it made or took, of a KPI.
  public var version: Int?
  /// The statement that does it.
  public var statement: String

  public init(
    seq: UInt64, timeNs: Int64, actor: String, change: String, name: String, version: Int? = nil,
    statement: String
  ) {
    (self.seq, self.timeNs, self.actor) = (seq, timeNs, actor)
    (self.change, self.name, self.version) = (change, name, version)
    self.statement = statement
  }
}

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
  /// The statement that makes it.
  public var statement = ""

  /// Without fields and events.
  public init(name: String, timePath: Text, latenessNs: Int64) {
    (self.name, self.timePath, self.latenessNs) = (name, timePath, latenessNs)
  }
}

/// A version of a KPI: what it computes, and how far that has got.
public struct KpiInfo: Sendable {
  public var name: String
  public var version: Int
  /// Whether it is the version that is asked when none is named.
  public var isActive: Bool
  public var stream: String
  public var items: [Item]
  /// The facts that count; nil for all of them.
  public var filter: Predicate?
  public var dimensions: [GroupField]
  public var every: BucketLength
  /// How much time each row covers, up to the end of its bucket; nil for the bucket alone.
  public var rolling: BucketLength?
  public var timeZone: String
  /// How far the watermark has to be past a bucket's end for its rows to be final; at least the stream's.
  public var latenessNs: Int64
  /// Share of the log that its cells have; nil when they are complete.
  public var progress: Double?
  /// Why they are not, when computing them has failed.
  public var failure: String?
  /// The event that defined it.
  public var seq: UInt64 = 0
  /// Whether it was there at the time that is asked about, and is no more: it has no cells.
  public var isDropped = false
  /// The statement that makes it.
  public var statement = ""

  public init(
    name: String, version: Int, isActive: Bool, stream: String, items: [Item], filter: Predicate?,
    dimensions: [GroupField], every: BucketLength, rolling: BucketLength?, timeZone: String,
    latenessNs: Int64, progress: Double?
  ) {
    (self.name, self.version, self.isActive, self.stream) = (name, version, isActive, stream)
    (self.items, self.filter, self.dimensions) = (items, filter, dimensions)
    (self.every, self.rolling, self.timeZone) = (every, rolling, timeZone)
    (self.latenessNs, self.progress) = (latenessNs, progress)
  }

  /// What its groups are called.
  public var groupBy: [Text] { dimensions.map(\.name) }

  /// The dimension of a name, or of a field when no other has that name.
  func dimension(_ name: Text) -> GroupField? {
    dimensions.first { $0.name == name } ?? dimensions.first { $0.path.path == name }
  }
}
