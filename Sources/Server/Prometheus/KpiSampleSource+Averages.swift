import Asking
import Bytes
import Language
import Model
import PromQL
import Query
import Store

/// Averages over time and groups, from cells that are merged.
extension KpiSampleSource {
  func averages(_ request: AverageRequest) throws -> Averages {
    guard let metric = metrics.first(where: { $0.name == request.metric }) else {
      return .series([])
    }
    let kpi = metric.kpi
    let (predicate, isExact) = kpi.predicate(request.matchers)
    guard isExact else {
      return .refused("a label that looks like a number cannot be told from one in its cells")
    }
    let hasRange = request.windows.contains { $0.afterMs != nil }
    if hasRange, kpi.rolling != nil {
      return .refused("the windows of \(kpi.name) overlap")
    }
    let buckets = try kpi.buckets
    let windows = BucketWindows(request.windows, buckets, from: firstBucket(of: kpi, buckets))
    if let count = windows.byCount.keys.max(), count > BucketWindows.maxBuckets {
      return .refused("a window has more than \(BucketWindows.maxBuckets) buckets of \(kpi.name)")
    }
    let dimensions = kpi.groupBy.indices.filter { index in
      guard let grouping = request.grouping else { return true }
      return grouping.labels.contains(kpi.groupBy[index]) != grouping.isWithout
    }
    let isNamed = request.grouping.map { $0.group(Labels([(Labels.metricName, "x")])) != Labels() }
    let name = isNamed == true ? metric.name : ""
    do {
      return .series(
        try windows.series(hasRange: hasRange) { range, bucketCount in
          try rows(
            of: KpiPart(kpi: kpi, metrics: [metric]), predicate, range,
            RowsRequest(dimensions: dimensions, bucketCount: bucketCount))
        } labels: { groups in
          GroupTable(groups, names: dimensions.map { kpi.groupBy[$0] }, notes, kpi).labels.map {
            guard var labels = $0 else { return nil }
            labels[Labels.metricName] = name
            return labels
          }
        })
    } catch let error as CannotAnswerError {
      return .refused(error.reason)
    }
  }

  private func firstBucket(of kpi: KpiInfo, _ buckets: Buckets) -> Int64 {
    let times = snapshot.streams.first { $0.name == kpi.stream }?.timesNs
    return times.map { buckets.start(of: $0.lowerBound) } ?? .min
  }
}

/// The windows of a request, as the buckets that they hold.
private struct BucketWindows {
  /// Buckets of a window at most, as of rolling ones.
  static let maxBuckets = 100_000

  /// A window by its place in the request, and its last bucket.
  struct Window {
    var place: Int
    var lastNs: Int64
    var lastEndNs: Int64
  }

  /// Windows of the same number of buckets, which are one question.
  private(set) var byCount: [Int: [Window]] = [:]
  private let placeCount: Int

  /// `firstNs` is the first bucket that there is.
  init(_ windows: [AverageRequest.Window], _ buckets: Buckets, from firstNs: Int64) {
    placeCount = windows.count
    let ordinals = Ordinals(windows, buckets, from: firstNs)
    for (place, window) in windows.enumerated() {
      let lastEndNs = buckets.start(of: window.throughMs.nanoseconds)
      guard lastEndNs > firstNs, lastEndNs > .min else { continue }
      let lastNs = buckets.start(of: lastEndNs - 1)
      var count = 1
      if let afterMs = window.afterMs {
        let low = max(firstNs, buckets.start(of: afterMs.nanoseconds))
        guard low <= lastNs else { continue }
        count = ordinals.count(from: low, through: lastNs)
      }
      byCount[count, default: []].append(
        Window(place: place, lastNs: lastNs, lastEndNs: lastEndNs))
    }
  }

  /// A series for each group, with a value for each window that has one. `rows` gives the rows of a range, each over so
  /// many buckets.
  func series(
    hasRange: Bool, rows: (Range<Int64>, Int?) throws -> KpiSampleSource.Rows,
    labels: ([[Text?]]) -> [Labels?]
  ) throws -> [VectorSeries] {
    var series: [Labels: VectorSeries] = [:]
    for (count, windows) in byCount.sorted(by: { $0.key < $1.key }) {
      guard let low = windows.map(\.lastNs).min(), let high = windows.map(\.lastEndNs).max() else {
        continue
      }
      var places: [Int64: [Int]] = [:]
      for window in windows { places[window.lastNs, default: []].append(window.place) }
      let found = try rows(low..<high, hasRange ? count : nil)
      let groups = labels(found.groups)
      for row in 0..<found.count {
        try Cancellation.check(at: row)
        guard let labels = groups[Int(found.groupOfRow[row])], let value = found.columns[0][row],
          let wanted = places[found.timesNs[row]]
        else { continue }
        for place in wanted {
          series[
            labels,
            default: VectorSeries(
              labels: labels, values: Array(repeating: nil, count: placeCount))
          ].values[place] = value
        }
      }
    }
    return series.values.sorted { $0.labels < $1.labels }
  }
}

/// Counts buckets between two of them.
private struct Ordinals {
  /// The starts of buckets, where they are of several lengths.
  private var starts: [Int64] = []
  private let lengthNs: Int64

  init(_ windows: [AverageRequest.Window], _ buckets: Buckets, from firstNs: Int64) {
    lengthNs = buckets.length.nominalNs
    let afterMs = windows.compactMap(\.afterMs).min()
    guard let afterMs, let throughMs = windows.map(\.throughMs).max() else { return }
    let low = max(firstNs, buckets.start(of: afterMs.nanoseconds))
    if buckets.areOfOneLength(from: low) { return }
    for start in buckets.starts(from: low, until: throughMs.nanoseconds) {
      starts.append(start)
      // More are refused anyway.
      if starts.count > 10 * BucketWindows.maxBuckets { break }
    }
  }

  /// From one bucket to another, both of them counted. O(log buckets).
  func count(from low: Int64, through high: Int64) -> Int {
    if starts.isEmpty { return Int((high - low) / lengthNs) + 1 }
    return place(high) - place(low) + 1
  }

  private func place(_ start: Int64) -> Int {
    var (low, high) = (0, starts.count)
    while low < high {
      let middle = (low + high) / 2
      if starts[middle] < start { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
