import Language

/// A source that the server fetches from, as it was defined, and how that goes.
public struct DefinedSource: Sendable {
  public var name: String
  /// Counts the definitions of the name, from 1.
  public var version: Int
  /// The event that defined it.
  public var seq: UInt64
  /// When it was defined, in nanoseconds since 1970.
  public var definedNs: Int64
  public var definition: DefineSource
  /// The statement that makes it, which the spans of `definition` point into.
  public var statement: String
  /// Whether it was paused, and not resumed since.
  public var isPaused: Bool
  /// The event that resumed it last; nil when it never was. What had stopped it before that is not to stop it again.
  public var resumedSeq: UInt64?
  /// Nil where no server runs it, as in a store that is open for reading.
  public var status: FetchStatus?

  /// One that nobody runs.
  public init(
    name: String, version: Int, seq: UInt64, definedNs: Int64, definition: DefineSource,
    statement: String, isPaused: Bool = false, resumedSeq: UInt64? = nil
  ) {
    (self.name, self.version, self.seq, self.definedNs) = (name, version, seq, definedNs)
    (self.definition, self.statement) = (definition, statement)
    (self.isPaused, self.resumedSeq) = (isPaused, resumedSeq)
  }

  /// In a word: the state of who runs it, or `paused`, or `not running`.
  public var stateText: String {
    if isPaused { return FetchStatus.State.paused.rawValue }
    return status?.state.rawValue ?? "not running"
  }
}

/// How a source is getting on, in the process that runs it, since it was started there.
public struct FetchStatus: Sendable, Equatable {
  /// What it is doing.
  public enum State: String, Sendable, CaseIterable {
    /// It is being connected to.
    case starting
    case running
    /// It has failed, and is tried again after a while.
    case waiting
    case paused
    /// It does not go on by itself: somebody has to decide, and to resume it.
    case stopped
  }

  public var state: State
  /// What went wrong the last time; nil while all is well.
  public var failure: String?
  /// Since when it is as it is, in nanoseconds since 1970.
  public var sinceNs: Int64
  /// Documents that it has brought, and those among them that were no events.
  public var events: UInt64
  public var rejected: UInt64
  /// What had nothing in it, such as the messages that delete a key.
  public var empty: UInt64 = 0
  /// Of the last seconds.
  public var eventsPerSecond: Double
  /// How many there are that it has not brought yet; nil when that is not known.
  public var lag: UInt64?

  /// One that has brought nothing yet.
  public init(
    _ state: State, sinceNs: Int64, failure: String? = nil, events: UInt64 = 0,
    rejected: UInt64 = 0, eventsPerSecond: Double = 0, lag: UInt64? = nil
  ) {
    (self.state, self.sinceNs, self.failure) = (state, sinceNs, failure)
    (self.events, self.rejected) = (events, rejected)
    (self.eventsPerSecond, self.lag) = (eventsPerSecond, lag)
  }
}
