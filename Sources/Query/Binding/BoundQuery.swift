import Bytes
import Language
import Model

/// A query whose names, times and parameters are known.
struct BoundQuery {
  struct GroupColumn {
    var path: Text
    /// The name of its column in the answer.
    var name: Text
    var kind: ValueKind
  }

  struct Output {
    var name: Text
    var expression: RowExpression
    var kind: ValueKind
    var errorBound: String?
  }

  struct Order {
    var expression: RowExpression
    var isDescending: Bool
  }

  var stream: StreamInfo
  var kpi: KpiInfo?
  /// Whether its rows are facts, and not aggregates of them.
  var isOfFacts = false
  /// What is asked of the store; of facts the fields.
  var aggregates: [Aggregate] = []
  /// What each aggregate gives.
  var aggregateKinds: [ValueKind] = []
  var fields: [Text] = []
  var filter: Predicate?
  var groups: [GroupColumn] = []
  var range = Int64.min..<Int64.max
  var hasRange = false
  /// Whether the range picks buckets by their start, and so cuts none.
  private(set) var isOfWholeBuckets = false
  var zone = ZoneRules.utc
  var buckets: Buckets?
  var rolling: BucketLength?
  var fill: Fill?
  var compare: TimeLength?
  /// The name of the column of times.
  var timeName: Text = "time"
  /// Whether the query names that column.
  var isTimeNamed = false
  /// The name of the column of states.
  var stateName: Text = "state"
  var outputs: [Output] = []
  var having: RowCondition?
  var order: [Order] = []
  var limit: Limit?
  var asOfSeq: UInt64?
  /// The last event of the state that every part of the statement is answered from.
  var lastSeq: UInt64 = 0
  var isOnlyFinal = false
  /// Only rows that have changed since are wanted; nil for all.
  var since: KnownState?
  var notes: [String] = []

  var name: String { kpi?.name ?? stream.name }
  var latenessNs: Int64 { kpi?.latenessNs ?? stream.latenessNs }

  /// All values that are computed for rows.
  var expressions: [RowExpression] {
    var all = outputs.map(\.expression) + order.map(\.expression)
    _ = having?.mapped {
      all.append($0)
      return $0
    }
    return all
  }

  /// The place of the group of a name, or of a field when no other has that name.
  func group(_ name: Text) -> Int? {
    groups.firstIndex { $0.name == name } ?? groups.firstIndex { $0.path == name }
  }

  /// Whether an item, a condition or an order looks at revisions.
  var hasRevision: Bool {
    expressions.contains { $0.contains { if case .revision = $0 { true } else { false } } }
  }

  var hasWindow: Bool { expressions.contains(where: \.hasWindow) }

  /// Widens the range to the ends of the buckets that start within it.
  mutating func takeWholeBuckets() {
    guard let buckets else { return }
    func firstStart(from ns: Int64) -> Int64 {
      if ns == .min || ns == .max { return ns }
      let start = buckets.start(of: ns)
      return start == ns ? ns : buckets.end(ofBucketStarting: start)
    }
    let low = firstStart(from: range.lowerBound)
    range = low..<max(low, firstStart(from: range.upperBound))
    isOfWholeBuckets = true
  }

  /// Windows reach beyond the last fact: without an end of the range the last row is that of the bucket that time has
  /// got to, by the facts and the watermark.
  private func known(_ range: Range<Int64>) -> Range<Int64> {
    guard let buckets, rolling != nil, range.upperBound == .max,
      let lastNs = [stream.timesNs?.upperBound, stream.watermarkNs].compactMap({ $0 }).max()
    else { return range }
    let end = buckets.range(of: lastNs).upperBound
    return range.lowerBound..<max(range.lowerBound, end)
  }

  func request(_ range: Range<Int64>, _ options: QueryOptions) -> AggregateRequest {
    var request = AggregateRequest(stream: stream.name, aggregates: aggregates)
    request.filter = filter
    request.groupBy = groups.map(\.path)
    request.range = known(range)
    request.every = buckets?.length
    request.rolling = rolling
    request.timeZone = zone.name
    (request.asOfSeq, request.watermarkNs) = (lastSeq, stream.watermarkNs)
    // Until its cells are complete, and when they are gone, a KPI's rows are computed from the events.
    if let kpi, options.path == .best, kpi.progress == nil, !kpi.isDropped {
      request.path = .kpi(kpi.name, version: kpi.version)
    } else {
      request.path = kpi == nil ? options.path : .columns
    }
    request.limits = options.limits
    request.isCancelled = options.isCancelled
    return request
  }
}
