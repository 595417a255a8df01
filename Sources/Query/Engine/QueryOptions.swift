import Bytes
import Language

/// What a statement is run with, beside its text.
public struct QueryOptions: Sendable {
  /// What NOW is.
  public var nowNs: Int64
  /// The zone of buckets and times without an offset where the statement names none: that of a KPI comes before it. Nil is
  /// UTC.
  public var timeZone: String?
  /// The values of `$name`, by name.
  public var parameters: [Text: QueryValue] = [:]
  public var limits = QueryLimits()
  /// Where numbers of streams come from; for tests, which compare the paths.
  public var path = AggregateRequest.Path.best
  /// Polled from several threads; true ends the statement with `CancellationError`.
  public var isCancelled: @Sendable () -> Bool = { false }
  /// Called with the share that is done of what takes long, such as the filling of a KPI.
  public var progress: @Sendable (Double) -> Void = { _ in }

  /// Why a target that a statement names will not be taken by whoever runs schedules and alerts; nil where it will, or that is
  /// not known.
  public var refusal: @Sendable (TargetCall) -> String? = { _ in nil }

  /// Without parameters, with the usual limits. `nowNs` is in nanoseconds since 1970, UTC.
  public init(nowNs: Int64) { self.nowNs = nowNs }
}
