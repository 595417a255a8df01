/// Series over time as lines of Braille dots, with axes and a legend.
///
///     print(LineChart(series: [temperature], formatTime: hourAndMinute)
///       .lines(width: Console.columns, height: 12, isColored: Console.isColored)
///       .joined(separator: "\n"))
public struct LineChart {
  public var series: [ChartSeries]
  /// The text of a time at the axis.
  public var formatTime: (_ timeNs: Int64) -> String
  /// The times that are labelled, such as the midnights of a zone; nil for round distances in UTC.
  public var timeTicks: [Int64]?

  /// `formatTime` gives the text at the axis for a time in nanoseconds since 1970; see ``timeTicks`` for which those
  /// are.
  public init(
    series: [ChartSeries], timeTicks: [Int64]? = nil, formatTime: @escaping (Int64) -> String
  ) {
    self.series = series
    self.timeTicks = timeTicks
    self.formatTime = formatTime
  }

  /// The chart as lines, at most `width` columns wide, `height` rows of them for the plot itself,
  /// and two for the times and at least one for the legend if there are several series or a name.
  ///
  /// Gaps (nil), NaN and infinite values are not drawn. With no value at all: one line saying so.
  /// Without colours, the lines of several series differ by their strokes. O(points + cells).
  public func lines(width: Int, height: Int, isColored: Bool) -> [String] {
    let drawn = series.map { one in
      one.points.filter { $0.finite != nil }
    }
    let values = drawn.joined().compactMap(\.finite)
    let times = drawn.joined().map(\.timeNs)
    guard let low = values.min(), let high = values.max(), let first = times.min(),
      let last = times.max()
    else { return ["(no values)"] }
    let height = max(2, height)
    let axis = ValueAxis(holding: low...high, maxTicks: height / 2 + 1)
    let labelWidth = axis.labels.map { DisplayText.width(of: $0) }.max() ?? 0
    let plotWidth = max(4, width - labelWidth - 2)
    let plot = Plot(
      axis: axis, times: first...last, width: plotWidth, height: height,
      isStroked: !isColored && series.count > 1)
    return plot.rows(of: series, labelWidth: labelWidth, isColored: isColored)
      + timeRows(plot, labelWidth: labelWidth)
      + Legend(names: series.map(\.name)).lines(width: width, isColored: isColored)
  }

  /// The axis with its ticks, and the texts below them.
  private func timeRows(_ plot: Plot, labelWidth: Int) -> [String] {
    let ticks = self.timeTicks(plot)
    var axis = Array(repeating: Character("─"), count: plot.width)
    var labels = ""
    var used = 0
    for tick in ticks {
      let column = plot.dot(ofTime: tick) / 2
      let text = DisplayText.printable(formatTime(tick))
      let width = DisplayText.width(of: text)
      // Below its tick, or as near as the edges allow.
      let start = max(0, min(column - width / 2, plot.width - width))
      if width > plot.width || (start < used + 1 && used > 0) { continue }
      axis[column] = "┬"
      labels += String(repeating: " ", count: start - used) + text
      used = start + width
    }
    let margin = String(repeating: " ", count: labelWidth + 1)
    return [margin + "└" + String(axis), margin + " " + labels]
  }

  private func timeTicks(_ plot: Plot) -> [Int64] {
    if let timeTicks { return timeTicks.filter(plot.times.contains) }
    let (first, last) = (plot.times.lowerBound, plot.times.upperBound)
    let widest = max(
      DisplayText.width(of: formatTime(first)), DisplayText.width(of: formatTime(last)))
    return TimeTicks.between(first, last, count: max(2, plot.width / (widest + 3)))
  }
}

/// The area of the lines.
private struct Plot {
  let axis: ValueAxis
  let times: ClosedRange<Int64>
  /// In cells.
  let width: Int
  let height: Int
  /// Whether series differ by strokes.
  let isStroked: Bool

  func rows(of series: [ChartSeries], labelWidth: Int, isColored: Bool) -> [String] {
    var canvas = BrailleCanvas(width: width, height: height)
    for (index, one) in series.enumerated() { draw(one, index, on: &canvas) }
    var labels: [Int: String] = [:]
    for (tick, label) in zip(axis.ticks, axis.labels) { labels[dot(ofValue: tick) / 4] = label }
    return (0..<height).map { row in
      let label = DisplayText.padded(labels[row] ?? "", to: labelWidth, .trailing)
      return "\(label) \(labels[row] == nil ? "│" : "┤")\(canvas.row(row, isColored: isColored))"
    }
  }

  private func draw(_ series: ChartSeries, _ index: Int, on canvas: inout BrailleCanvas) {
    var previous: (x: Int, y: Int)?
    for point in series.points.sorted(by: { $0.timeNs < $1.timeNs }) {
      guard let value = point.finite else {
        previous = nil
        continue
      }
      let place = (x: dot(ofTime: point.timeNs), y: dot(ofValue: value))
      canvas.line(from: previous ?? place, to: place, series: index) { step in
        !isStroked || previous == nil || SeriesLook.isDrawn(index, step: step)
      }
      previous = place
    }
  }

  /// The column of dots; a single time is in the middle.
  func dot(ofTime timeNs: Int64) -> Int {
    if times.lowerBound == times.upperBound { return width }
    // The distances may be beyond Int64.
    let span = Double(UInt64(bitPattern: times.upperBound &- times.lowerBound))
    let distance = Double(UInt64(bitPattern: timeNs &- times.lowerBound))
    return Int((distance / span * Double(width * 2 - 1)).rounded())
  }

  /// The row of dots, from the top.
  private func dot(ofValue value: Double) -> Int {
    Int(((1 - axis.fraction(value)) * Double(height * 4 - 1)).rounded())
  }
}

/// The names of series beside the looks of their lines.
private struct Legend {
  let names: [String]

  private static let samples = ["───", "╌╌╌", "┈┈┈", "─┄─"]

  /// As many on a line as fit; none if there is nothing to tell.
  func lines(width: Int, isColored: Bool) -> [String] {
    if names.allSatisfy(\.isEmpty) { return [] }
    var lines: [String] = []
    var used = 0
    for (index, name) in names.enumerated() {
      let text = DisplayText.truncated(name, to: max(1, width - 6))
      let needed = DisplayText.width(of: text) + 4
      let sample = isColored ? Self.samples[0] : Self.samples[index % Self.samples.count]
      let shown = isColored ? SeriesLook.paint(sample, SeriesLook.color(index)) : sample
      if lines.isEmpty || used + 3 + needed > width {
        lines.append("  \(shown) \(text)")
        used = 2 + needed
      } else {
        lines[lines.count - 1] += "   \(shown) \(text)"
        used += 3 + needed
      }
    }
    return lines
  }
}
