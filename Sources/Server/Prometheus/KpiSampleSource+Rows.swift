import Asking
import Bytes
import Language
import Model
import PromQL
import Query
import Store

/// Rows of a KPI, computed from its cells.
extension KpiSampleSource {
  /// Rows by time and then by group, with a value for each column that is wanted.
  struct Rows {
    /// The starts of their buckets.
    var timesNs: [Int64]
    var groupOfRow: [Int32]
    var groups: [[Text?]]
    /// Nil where a value is NULL, or none that is a number.
    var columns: [[Double?]]
    /// Whether the watermark has passed the bucket's end by as much as the KPI waits.
    var isFinal: [Bool]
    var count: Int { timesNs.count }
  }

  /// What is asked beside the range.
  struct RowsRequest {
    /// The places of dimensions that tell groups apart; nil for all.
    var dimensions: [Int]?
    /// How many buckets each row covers, up to its own; nil for as many as the KPI's rows do.
    var bucketCount: Int?
    /// Whether the range is one bucket.
    var isOneBucket = false
  }

  /// The rows of the buckets of a range. Throws what ``Store/aggregate(_:)`` does.
  func rows(
    of part: KpiPart, _ predicate: Predicate?, _ range: Range<Int64>,
    _ asked: RowsRequest = RowsRequest()
  ) throws -> Rows {
    let kpi = part.kpi
    let stream = snapshot.streams.first { $0.name == kpi.stream }
    var request = AggregateRequest(
      stream: kpi.stream, aggregates: part.metrics.flatMap { $0.item.expression.aggregates })
    request.filter = predicate
    let dimensions = kpi.dimensions.map(\.path.path)
    request.groupBy = asked.dimensions.map { $0.map { dimensions[$0] } } ?? dimensions
    request.range = range
    if !asked.isOneBucket {
      request.every = kpi.every
      request.rolling = asked.bucketCount.map { kpi.every * $0 } ?? kpi.rolling
    }
    request.timeZone = kpi.timeZone
    (request.asOfSeq, request.watermarkNs) = (snapshot.lastSeq, stream?.watermarkNs)
    // Until its cells are complete its rows are computed from the events.
    request.path = kpi.progress == nil ? .kpi(kpi.name, version: kpi.version) : .columns
    (request.limits, request.isCancelled) = (limits, isCancelled)
    if request.aggregates.isEmpty { request.aggregates = [Aggregate(.count, nil)] }
    let result = try store.aggregate(request)
    guard result.count <= limits.maxRows else {
      throw QueryLimitError(
        "more than \(limits.maxRows) rows; ask for a shorter range, or raise \(limits.names.rows)")
    }
    let isFinal = asked.isOneBucket ? result.isFinal : try finality(of: result, kpi)
    if !asked.isOneBucket { notes.take(kpi, result, isFinal, try kpi.buckets) }
    return Rows(
      timesNs: result.timesNs, groupOfRow: result.groupOfRow, groups: result.groups,
      columns: try Self.columns(part.metrics, result), isFinal: isFinal)
  }

  /// A KPI may wait longer than its stream.
  private func finality(of result: AggregateResult, _ kpi: KpiInfo) throws -> [Bool] {
    guard let watermarkNs = result.watermarkNs else { return result.isFinal.map { _ in false } }
    var cursor = BucketCursor(try kpi.buckets)
    return result.timesNs.map { startNs in
      _ = cursor.start(of: startNs)
      let endNs = cursor.buckets.end(ofBucketStarting: startNs)
      return watermarkNs >= endNs.saturatingAdding(kpi.latenessNs)
    }
  }

  private static func columns(
    _ metrics: [KpiMetric], _ result: AggregateResult
  ) throws -> [[Double?]] {
    var first = 0
    return try metrics.map { metric in
      try Cancellation.check()
      let expression = metric.item.expression
      let inputs = result.values[first..<(first + expression.aggregates.count)].map(\.shown)
      first += inputs.count
      return (0..<result.count).map { row in
        var next = inputs.makeIterator()
        let value = expression.value { next.next()?[row] }
        return value.flatMap { $0.isFinite ? $0 : nil }
      }
    }
  }
}

extension ValueColumn {
  /// Its numbers; nil for NULL, and for texts. A boolean, which cells keep as a text, is 1 or 0.
  fileprivate var shown: [Double?] {
    (0..<count).map { row in
      switch self[row] {
      case .bool(let bool): bool ? 1 : 0
      case .text("true"): 1
      case .text("false"): 0
      case let value: value.double.isNaN ? nil : value.double
      }
    }
  }
}

extension BucketLength {
  /// So many of them, as the length of a window.
  fileprivate static func * (length: BucketLength, count: Int) -> BucketLength {
    switch length {
    case .fixed(let ns): .fixed(ns: ns * Int64(count))
    case .days(let days): .days(days * count)
    case .weeks(let weeks): .weeks(weeks * count)
    case .months(let months): .months(months * count)
    case .years(let years): .years(years * count)
    }
  }
}

/// The labels of the groups of rows.
struct GroupTable {
  /// Nil for a group that cannot be shown.
  var labels: [Labels?]

  /// An empty label is as one that is absent, so of two groups that differ by that alone the one without is shown.
  init(_ groups: [[Text?]], names: [Text], _ notes: KpiNotes, _ kpi: KpiInfo) {
    labels = groups.map { values in
      Labels(zip(names, values).map { ($0, $1 ?? "") })
    }
    let empty = groups.indices.filter { groups[$0].contains("") }
    if empty.isEmpty { return }
    var known: Set<Labels> = []
    for index in groups.indices where !groups[index].contains("") {
      if let labels = labels[index] { known.insert(labels) }
    }
    for index in empty {
      guard let all = labels[index], !known.insert(all).inserted else { continue }
      labels[index] = nil
      notes.warn(
        "KPI \(kpi.name): a group with an empty text and one without it are one series; shown is the one without"
      )
    }
  }
}
