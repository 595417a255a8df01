import Language

/// A schedule that is defined, and what it has done. Times are in nanoseconds since 1970, UTC.
public struct ScheduleInfo: Sendable {
  public var name: String
  /// Counts the definitions of the name, from 1.
  public var version: Int
  /// The event that defined it.
  public var seq: UInt64
  /// When it was defined: its first time comes after.
  public var definedNs: Int64
  public var definition: DefineSchedule
  /// The statement that makes it, which the spans of `definition` point into.
  public var statement: String
  /// What it did at the last of its times that was run; nil when none was.
  public var lastRun: Run?
  /// Runs that were begun and have not ended, and since when the first of them waits.
  public var waitingRuns = 0
  public var waitingSinceNs: Int64?
  /// Why the target did not take one of them; nil while it has refused none.
  public var refusal: String?

  /// What became of one of its times.
  public struct Run: Sendable, Equatable {
    /// Where a run stands. `refused` was not taken by its target, and is tried again; `passedOver` is a time of which nobody
    /// asked while it was recent enough.
    public enum State: String, Sendable, CaseIterable {
      case begun, refused, done, failed
      case passedOver = "passed_over"
    }
    /// The time by the schedule.
    public var boundaryNs: Int64
    public var state: State
    /// Why it has failed, or was refused; nil otherwise.
    public var failure: String?

    public init(boundaryNs: Int64, state: State, failure: String? = nil) {
      (self.boundaryNs, self.state, self.failure) = (boundaryNs, state, failure)
    }
  }

  /// One that was not run yet.
  public init(
    name: String, version: Int, seq: UInt64, definedNs: Int64, definition: DefineSchedule,
    statement: String
  ) {
    (self.name, self.version, self.seq, self.definedNs) = (name, version, seq, definedNs)
    (self.definition, self.statement) = (definition, statement)
  }
}
