import EventLog
import Model

/// A version of a KPI, with the state of its cells.
public struct ListedKpi: Sendable {
  public var definition: KpiDefinition
  /// Share of the log that its cells have; nil when they are complete.
  public var progress: Double?
  /// Why they are not, when computing them failed; it is tried again when the store is opened for writing next.
  public var failure: String?
  /// Whether it is the version that is read when none is named.
  public var isActive: Bool
  /// Whether it is there no more, and was at the time that was asked about.
  public var isDropped: Bool

  init(_ live: Projections.Live) {
    self.init(live.kpi.definition, live, isActive: live.isActive)
  }

  init(_ definition: KpiDefinition, _ live: Projections.Live?, isActive: Bool) {
    self.definition = definition
    progress = live.flatMap { $0.cache == nil ? $0.progress ?? 0 : nil }
    failure = live.flatMap { $0.cache == nil ? $0.failure : nil }
    self.isActive = isActive
    isDropped = live == nil
  }
}

/// There is no KPI of that name.
public struct UnknownKpiError: Error, Equatable, CustomStringConvertible {
  public var name: String
  public var known: [String]
  public var description: String {
    known.isEmpty
      ? "no KPI \"\(name)\": none is defined yet"
      : "no KPI \"\(name)\"; there are: \(known.joined(separator: ", "))"
  }
}
