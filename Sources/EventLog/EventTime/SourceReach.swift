/// How far the event time of a source has got, judged event by event in the order in which they came, so that one wrong
/// clock neither makes buckets final too early nor all other events late.
///
/// - An event more than ``maxAheadNs`` ahead of the wall clock at which it was received does not count.
/// - An event more than ``maxJumpNs`` ahead of all before it, and as far behind the wall clock, is doubted: a replay of
///   last year has no wall clock to be measured by. Doubted events count when ``confirmations`` of them have come one
///   after the other, or when the source ends. An event that falls back behind them says that they were wrong.
///
/// Events that do not count are stored like all others, and are on the ledger as ahead.
public struct SourceReach: Sendable, Equatable {
  /// An event further ahead of the wall clock than this does not count: five minutes.
  public static let maxAheadNs: Int64 = 300_000_000_000
  /// An event further ahead of what its source and its stream have reached is doubted: a week.
  public static let maxJumpNs: Int64 = 7 * 86_400_000_000_000
  /// So many doubted events in a row are believed.
  public static let confirmations = 10

  /// The greatest time of an event that counts; nil before the first.
  public internal(set) var timeNs: Int64?
  /// Events that wait for others to say the same, in the order of the log: fewer than ``confirmations``.
  public internal(set) var doubted: [Doubted] = []

  /// An event whose time counts only if others bear it out.
  public struct Doubted: Sendable, Equatable {
    public var seq: UInt64
    public var timeNs: Int64
    /// How far ahead it was of what had been reached.
    public var aheadNs: Int64
  }

  init(timeNs: Int64? = nil, doubted: [Doubted] = []) {
    self.timeNs = timeNs
    self.doubted = doubted
  }

  /// What the source has reached if it ends now: nothing speaks against what is doubted.
  var atEndNs: Int64? { doubted.reduce(timeNs) { max($0 ?? .min, $1.timeNs) } }

  /// Takes note that the source has ended, having reached `endNs`.
  mutating func end(at endNs: Int64) {
    timeNs = max(timeNs ?? .min, endNs)
    doubted.removeAll()
  }
}
