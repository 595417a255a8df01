import Asking
import Bytes
import Language
import Model
import PromQL
import Query
import Store

/// Which values an average is taken over.
enum AveragePath: Sendable { case time, groups }

/// The rows of KPIs as samples, all of one state of the log.
///
/// The value of a bucket is a sample at the bucket's end, and stands until the end of the next one.
struct KpiSampleSource: SampleSource {
  let store: Store
  let snapshot: CatalogueSnapshot
  /// Those that may be asked for.
  let metrics: [KpiMetric]
  let limits: QueryLimits
  let isCancelled: @Sendable () -> Bool
  /// What is to be told of the KPIs that were read.
  let notes: KpiNotes

  /// What one KPI is asked: all of its columns that are wanted, at once.
  struct KpiPart {
    var kpi: KpiInfo
    var metrics: [KpiMetric]
  }

  func metrics(_ matchers: [Matcher]) -> [Metric] {
    parts(matchers).flatMap(\.metrics).map { metric in
      Metric(
        name: metric.name, averagesOverTime: metric.isAverage(.time),
        averagesOverGroups: metric.isAverage(.groups))
    }
  }

  /// The KPIs of which a series may be taken by the matchers.
  func parts(_ matchers: [Matcher]) -> [KpiPart] {
    let named = matchers.filter { $0.name == Labels.metricName }
    var parts: [KpiPart] = []
    for metric in metrics where named.allSatisfy({ $0.accepts(metric.name) }) {
      guard metric.kpi.mayMatch(matchers) else { continue }
      if parts.last?.kpi.name == metric.kpi.name {
        parts[parts.count - 1].metrics.append(metric)
      } else {
        parts.append(KpiPart(kpi: metric.kpi, metrics: [metric]))
      }
    }
    return parts
  }

  // MARK: Samples

  func samples(
    _ matchers: [Matcher], fromMs: Int64, throughMs: Int64
  ) throws -> [SampledSeries] {
    try parts(matchers).flatMap { part in
      try samples(part, matchers, fromMs: fromMs, throughMs: throughMs)
    }.sorted { $0.labels < $1.labels }
  }

  private func samples(
    _ part: KpiPart, _ matchers: [Matcher], fromMs: Int64, throughMs: Int64
  ) throws -> [SampledSeries] {
    let buckets = try part.kpi.buckets
    guard let range = bounds(of: part.kpi, buckets, fromMs: fromMs, throughMs: throughMs) else {
      return []
    }
    return try samples(part, matchers, range)
  }

  /// The samples of the buckets of a range.
  func samples(
    _ part: KpiPart, _ matchers: [Matcher], _ range: Range<Int64>
  ) throws -> [SampledSeries] {
    let buckets = try part.kpi.buckets
    let rows = try self.rows(of: part, part.kpi.predicate(matchers).predicate, range)
    let table = GroupTable(rows.groups, names: part.kpi.groupBy, notes, part.kpi)
    // A column's series by the row's group.
    var places = part.metrics.map { _ in [Int?](repeating: nil, count: rows.groups.count) }
    var series: [SampledSeries] = []
    for row in 0..<rows.count {
      try Cancellation.check(at: row)
      let group = Int(rows.groupOfRow[row])
      guard let labels = table.labels[group], matchers.accept(labels, but: Labels.metricName) else {
        continue
      }
      let bucket = buckets.range(of: rows.timesNs[row])
      let untilNs = buckets.end(ofBucketStarting: bucket.upperBound)
      for column in part.metrics.indices {
        guard let value = rows.columns[column][row] else { continue }
        let place = places[column][group] ?? series.count
        if place == series.count {
          var named = labels
          named[Labels.metricName] = part.metrics[column].name
          series.append(SampledSeries(labels: named))
          places[column][group] = place
        }
        series[place].append(
          value, atMs: bucket.upperBound.milliseconds, untilMs: untilNs.milliseconds)
      }
    }
    return series
  }

  /// The series that have a value at some time of a stretch. O(cells), and memory for the groups alone.
  func series(
    _ part: KpiPart, _ matchers: [Matcher], fromMs: Int64, throughMs: Int64
  ) throws -> [Labels] {
    let buckets = try part.kpi.buckets
    guard let range = bounds(of: part.kpi, buckets, fromMs: fromMs, throughMs: throughMs) else {
      return []
    }
    let rows = try self.rows(
      of: part, part.kpi.predicate(matchers).predicate, range, RowsRequest(isOneBucket: true))
    let table = GroupTable(rows.groups, names: part.kpi.groupBy, notes, part.kpi)
    return (0..<rows.count).flatMap { row -> [Labels] in
      guard let labels = table.labels[Int(rows.groupOfRow[row])],
        matchers.accept(labels, but: Labels.metricName)
      else { return [] }
      return part.metrics.indices.compactMap { column in
        if rows.columns[column][row] == nil { return nil }
        var named = labels
        named[Labels.metricName] = part.metrics[column].name
        return named
      }
    }
  }

  /// From the start of the first to the end of the last bucket whose value stands at some time of the stretch; nil when
  /// there is none.
  private func bounds(
    of kpi: KpiInfo, _ buckets: Buckets, fromMs: Int64, throughMs: Int64
  ) -> Range<Int64>? {
    let firstEnd = buckets.start(of: fromMs.nanoseconds)
    let lastEnd = buckets.start(of: throughMs.nanoseconds)
    var low = firstEnd > .min ? buckets.start(of: firstEnd - 1) : firstEnd
    // Nothing is before the first fact.
    if let times = snapshot.streams.first(where: { $0.name == kpi.stream })?.timesNs {
      low = max(low, buckets.start(of: times.lowerBound))
    }
    return low < lastEnd ? low..<lastEnd : nil
  }
}

extension KpiInfo {
  /// Its buckets, on its own clock.
  var buckets: Buckets {
    get throws { Buckets(length: every, zone: try ZoneRules(named: timeZone)) }
  }
}

extension [Matcher] {
  /// Whether all but those of one label take a series.
  fileprivate func accept(_ labels: Labels, but name: Text) -> Bool {
    allSatisfy { $0.name == name || $0.accepts(labels[$0.name]) }
  }
}

extension Int64 {
  /// Nanoseconds as milliseconds, rounded down.
  var milliseconds: Int64 { flooredQuotient(1_000_000) }

  /// Milliseconds as nanoseconds; the first or the last time there is for those beyond.
  var nanoseconds: Int64 {
    let (ns, isBeyond) = multipliedReportingOverflow(by: 1_000_000)
    return isBeyond ? (self < 0 ? .min : .max) : ns
  }
}
