import Bytes
import PromQL

/// Series in memory, of cells: each has a sum and a count, of which the value is the average where the metric is one.
struct TableSource: SampleSource {
  struct Cell {
    var sum: Double
    var count: Double
  }

  struct Series {
    var labels: Labels
    /// Nil where there is none.
    var cells: [Cell?]
    var isAverage: Bool
  }

  var stepMs: Int64
  var series: [Series] = []

  func metrics(_ matchers: [Matcher]) -> [Metric] {
    var metrics: [Metric] = []
    for one in series where matchers.accept(one.labels) {
      let metric = Metric(
        name: one.labels[Labels.metricName], averagesOverTime: one.isAverage,
        averagesOverGroups: one.isAverage)
      if !metrics.contains(metric) { metrics.append(metric) }
    }
    return metrics
  }

  /// The time of each cell is the end of its step, from the first step's on.
  func endMs(_ index: Int) -> Int64 { Int64(index + 1) * stepMs }

  func samples(_ matchers: [Matcher], fromMs: Int64, throughMs: Int64) -> [SampledSeries] {
    series.filter { matchers.accept($0.labels) }.sorted { $0.labels < $1.labels }.map { one in
      var sampled = SampledSeries(labels: one.labels)
      for (index, cell) in one.cells.enumerated() where endMs(index) <= throughMs {
        guard let cell, endMs(index + 1) > fromMs else { continue }
        sampled.append(
          cell.sum / cell.count, atMs: endMs(index), untilMs: endMs(index) + stepMs)
      }
      return sampled
    }
  }

  func averages(_ request: AverageRequest) -> Averages {
    var groups: [Labels: [Series]] = [:]
    let named = [Matcher(metric: request.metric)] + request.matchers
    for one in series where named.accept(one.labels) {
      if one.labels["kind"] == "alone" { return .refused("series of their own do not add up") }
      var labels = one.labels
      labels[Labels.metricName] = ""
      groups[request.grouping?.group(one.labels) ?? labels, default: []].append(one)
    }
    return .series(
      groups.sorted { $0.key < $1.key }.map { labels, members in
        VectorSeries(labels: labels, values: request.windows.map { value(of: members, in: $0) })
      })
  }

  private func value(of members: [Series], in window: AverageRequest.Window) -> Double? {
    let afterMs = window.afterMs ?? window.throughMs - stepMs
    var (sum, count) = (0.0, 0.0)
    for one in members {
      for (index, cell) in one.cells.enumerated()
      where endMs(index) > afterMs && endMs(index) <= window.throughMs {
        sum += cell?.sum ?? 0
        count += cell?.count ?? 0
      }
    }
    return count == 0 ? nil : sum / count
  }
}
