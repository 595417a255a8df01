import Bytes

/// Where an expression's samples come from. All that one evaluation asks is of one state.
public protocol SampleSource {
  /// The metrics of which a series may be taken by the matchers. O(metrics).
  func metrics(_ matchers: [Matcher]) throws -> [Metric]

  /// The series that the matchers take, in the order of their labels, with the samples that stand at some time of a
  /// stretch or came in it; others may be among them.
  func samples(_ matchers: [Matcher], fromMs: Int64, throughMs: Int64) throws -> [SampledSeries]

  /// The averages of a metric over windows and groups, of all that its values were computed from.
  func averages(_ request: AverageRequest) throws -> Averages
}

/// What a selector may take.
public struct Metric: Sendable, Equatable {
  public var name: Text
  /// Whether its values are averages, percentiles or the like, so that an average of them, over time or over groups, would
  /// not be that of what they were computed from.
  public var averagesOverTime: Bool
  public var averagesOverGroups: Bool

  /// A metric whose values may be averaged, or may not.
  public init(name: Text, averagesOverTime: Bool, averagesOverGroups: Bool) {
    (self.name, self.averagesOverTime, self.averagesOverGroups) = (
      name, averagesOverTime, averagesOverGroups
    )
  }

  /// Whether they are averages in one of these ways.
  var isAverage: Bool { averagesOverTime || averagesOverGroups }
}

/// A series with its samples.
public struct SampledSeries: Sendable, Equatable {
  public var labels: Labels
  /// When each sample came, in milliseconds since 1970, ascending.
  public var timesMs: [Int64] = []
  /// Until when each stands, that time not included, unless another comes before.
  public var untilMs: [Int64] = []
  public var values: [Double] = []

  /// Without samples.
  public init(labels: Labels) { self.labels = labels }

  /// Adds a sample after those before.
  public mutating func append(_ value: Double, atMs timeMs: Int64, untilMs: Int64) {
    timesMs.append(timeMs)
    self.untilMs.append(untilMs)
    values.append(value)
  }
}

/// What is to be averaged.
public struct AverageRequest: Sendable {
  /// The samples that one result is of.
  public struct Window: Sendable, Hashable {
    /// Those after this time; nil for the one that stands at the end.
    public var afterMs: Int64?
    /// The end, which belongs to it.
    public var throughMs: Int64
  }

  public var metric: Text
  public var matchers: [Matcher]
  /// The labels that groups are told apart by; nil for each series by itself.
  public var grouping: Grouping?
  /// One for each time of the query, in their order.
  public var windows: [Window]
}

/// What came of an ``AverageRequest``.
public enum Averages: Sendable {
  /// One value for each window; labels without the metric's name, unless groups have it.
  case series([VectorSeries])
  /// They cannot be computed, for this reason: a sentence about the metric, without a full stop.
  case refused(String)
}

/// A series of a vector: a value or none at each time of the query.
public struct VectorSeries: Sendable, Equatable {
  public var labels: Labels
  public var values: [Double?]

  /// `values` has one for each time of the query.
  public init(labels: Labels, values: [Double?]) { (self.labels, self.values) = (labels, values) }
}

/// The times that an expression is evaluated at.
public struct TimeGrid: Sendable, Equatable {
  public var startMs: Int64
  public var stepMs: Int64
  public var count: Int

  /// One time.
  public init(atMs timeMs: Int64) { (startMs, stepMs, count) = (timeMs, 1, 1) }

  /// From `startMs` on every `stepMs` up to `endMs`, which belongs to it.
  public init(fromMs startMs: Int64, throughMs endMs: Int64, stepMs: Int64) {
    (self.startMs, self.stepMs) = (startMs, stepMs)
    count = endMs < startMs ? 0 : Int((endMs - startMs) / stepMs) + 1
  }

  /// The last of them.
  public var endMs: Int64 { startMs + Int64(max(0, count - 1)) * stepMs }
  /// Time `index`, from 0.
  public subscript(index: Int) -> Int64 { startMs + Int64(index) * stepMs }
}

/// An expression cannot be evaluated, though it is one.
public struct EvaluationError: Error, Equatable, CustomStringConvertible {
  public var description: String
  /// `description` says what is wrong.
  public init(_ description: String) { self.description = description }
}
