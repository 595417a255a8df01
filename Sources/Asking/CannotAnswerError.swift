import Bytes

/// A KPI cannot answer what it was asked by name.
public struct CannotAnswerError: Error, Equatable, CustomStringConvertible {
  /// The part of the question that it has no answer to.
  public enum Subject: Sendable, Equatable {
    /// None by itself.
    case whole
    /// Aggregates of a field; nil for those of whole facts.
    case aggregates(of: Text?)
    /// The condition on a field; nil for all conditions.
    case filter(Text?)
    case buckets
  }

  public var kpi: String
  public var version: Int
  public var reason: String
  public var subject: Subject

  /// `reason` is a sentence about the KPI, without a full stop.
  public init(kpi: String, version: Int, reason: String, subject: Subject) {
    (self.kpi, self.version, self.reason, self.subject) = (kpi, version, reason, subject)
  }

  public var description: String { "KPI \(kpi) version \(version) cannot answer this: \(reason)" }
}
