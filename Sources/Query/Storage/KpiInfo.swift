import Bytes
import Language
import Model

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
  /// The statement that makes it, written when it is asked for: most who look at KPIs do not want it.
  public var statement: String { write() }
  /// Writes it.
  package var write: @Sendable () -> String = { "" }
  /// What its columns mean, by their names; those of which nothing was said are not among them.
  public var meanings: [Text: ColumnMeaning] = [:]

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
