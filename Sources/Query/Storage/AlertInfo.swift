import Language
import Model

/// An alert that is defined, and where it stands. Times are in nanoseconds since 1970, UTC.
public struct AlertInfo: Sendable {
  public var name: String
  /// Counts the definitions of the name, from 1.
  public var version: Int
  /// The event that defined it.
  public var seq: UInt64
  /// When it was defined.
  public var definedNs: Int64
  public var definition: DefineAlert
  /// The statement that makes it, which the spans of `definition` point into.
  public var statement: String
  /// The groups for which the condition holds, by their names.
  public var groups: [Group] = []
  /// Why it could not be judged the last time; nil while it can be.
  public var failure: String?
  /// What somebody is still to be told: how many notices, and since when the first of them waits.
  public var waitingNotices = 0
  public var waitingSinceNs: Int64?
  /// Why one of them was not taken; nil while none was refused.
  public var refusal: String?
  /// Whether there was anything to judge since it was defined.
  public var isJudged = false

  /// Where it stands while no group is pending or firing.
  public var stateOfNone: String { isJudged ? State.resolved.rawValue : "not judged yet" }

  /// Where a group stands, after a bucket that is final, or of an alert that judges early was judged before.
  public enum State: String, Sendable, CaseIterable {
    /// The condition holds, but not for as many buckets as it has to.
    case pending
    case firing
    /// It does not hold, or there is nothing to judge.
    case resolved
  }

  /// A group that is pending or firing.
  public struct Group: Sendable, Equatable {
    /// What it is grouped by, as a JSON object: `{"city":"JFK"}`.
    public var labels: String
    public var state: State
    /// The bucket since which it is so.
    public var sinceNs: Int64
    /// Whether that bucket was not final yet when it was judged.
    public var isProvisional: Bool

    public init(labels: String, state: State, sinceNs: Int64, isProvisional: Bool = false) {
      (self.labels, self.state, self.sinceNs) = (labels, state, sinceNs)
      self.isProvisional = isProvisional
    }
  }

  /// The buckets that are judged; `zone` is that of the KPI that is asked, if it is one. Throws `BucketLengthError` or
  /// `UnknownZoneError` when the definition is of none any more.
  public func buckets(zone: String?) throws -> Buckets {
    Buckets(
      length: try BucketLength(parsing: definition.query.every?.length.canonicalText ?? ""),
      zone: try ZoneRules(named: definition.query.timeZone?.value ?? zone ?? "UTC"))
  }

  /// The KPI that is asked, and the stream of its facts; nil when they are not there any more.
  public func subject(in snapshot: CatalogueSnapshot) -> (stream: StreamInfo, kpi: KpiInfo?)? {
    let (name, version) = (definition.query.from.text, definition.query.version?.value)
    let kpi = snapshot.kpis.first {
      $0.name == name && (version == nil ? $0.isActive : version == $0.version)
    }
    let streams = snapshot.streams + snapshot.system
    return streams.first { $0.name == kpi?.stream ?? name }.map { ($0, kpi) }
  }

  /// One for which no group is known.
  public init(
    name: String, version: Int, seq: UInt64, definedNs: Int64, definition: DefineAlert,
    statement: String
  ) {
    (self.name, self.version, self.seq, self.definedNs) = (name, version, seq, definedNs)
    (self.definition, self.statement) = (definition, statement)
  }
}
