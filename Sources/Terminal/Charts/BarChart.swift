/// Values of categories as horizontal bars, in eighths of a cell.
public struct BarChart {
  /// A bar of the chart and what it is of.
  public struct Bar: Sendable {
    public var label: String
    /// Nil, NaN and infinite values have no bar.
    public var value: Double?

    /// A `label` that is wider than a third of the chart is cut.
    public init(label: String, value: Double?) {
      self.label = label
      self.value = value
    }
  }

  public var bars: [Bar]
  /// The text of a finite value beside its bar.
  public var formatValue: (Double) -> String

  /// Values are shown with six digits at most unless `formatValue` says otherwise.
  public init(bars: [Bar], formatValue: ((Double) -> String)? = nil) {
    self.bars = bars
    self.formatValue = formatValue ?? NumberText.short
  }

  /// A line for each bar: label, bar and value, at most `width` columns if those are 20 at least.
  /// Bars begin at zero, which is at the left edge unless there are negative values; those go to
  /// the left, to half a cell. O(bars + cells).
  public func lines(width: Int, isColored: Bool) -> [String] {
    if bars.isEmpty { return ["(no values)"] }
    let values = bars.map { bar in bar.value.flatMap { $0.isFinite ? $0 : nil } }
    let texts = zip(bars, values).map { bar, value in
      value.map(formatValue) ?? bar.value.map { "\($0)" } ?? "–"
    }.map(DisplayText.printable)
    let textWidth = texts.map { DisplayText.width(of: $0) }.max() ?? 0
    let widest = bars.map { DisplayText.width(of: $0.label) }.max() ?? 0
    let labelWidth = min(widest, max(4, width / 3))
    let scale = BarScale(values, width: max(2, width - labelWidth - textWidth - 2))
    return zip(bars, zip(values, texts)).map { bar, shown in
      let cut = DisplayText.truncated(bar.label, to: labelWidth)
      let label = DisplayText.padded(cut, to: labelWidth)
      let cells = shown.0.map { scale.bar($0, isColored: isColored) } ?? scale.empty
      return "\(label) \(cells) \(DisplayText.padded(shown.1, to: textWidth, .trailing))"
    }
  }
}

/// How long bars are.
private struct BarScale {
  /// Cells on either side of zero.
  private let left: Int
  private let right: Int
  /// The magnitude that the wider side stands for, halved so that it cannot overflow.
  private let half: Double
  private let cells: Int

  init(_ values: [Double?], width: Int) {
    let low = min(0, values.compactMap(\.self).min() ?? 0)
    let high = max(0, values.compactMap(\.self).max() ?? 0)
    half = high / 2 - low / 2
    cells = width
    let share = half > 0 ? -low / 2 / half * Double(width) : 0
    left = low < 0 ? min(width - 1, max(1, Int(share.rounded(.up)))) : 0
    right = width - left
  }

  var empty: String { String(repeating: " ", count: left + right) }

  func bar(_ value: Double, isColored: Bool) -> String {
    let length = half > 0 ? abs(value) / 2 / half * Double(cells) : 0
    let bar = value < 0 ? leftwards(length) : rightwards(length)
    let (before, after) = value < 0 ? (left - bar.count, right) : (left, right - bar.count)
    let shown = isColored && value < 0 ? SeriesLook.paint(bar, "31") : bar
    return String(repeating: " ", count: before) + shown + String(repeating: " ", count: after)
  }

  private static let eighths: [Character] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉"]

  /// What is not zero has an eighth at least.
  private func rightwards(_ length: Double) -> String {
    let count = min(right * 8, max(length > 0 ? 1 : 0, Int((length * 8).rounded())))
    let full = String(repeating: "█", count: count / 8)
    return count % 8 == 0 ? full : full + String(Self.eighths[count % 8 - 1])
  }

  /// There are no blocks that grow from the right but the half one.
  private func leftwards(_ length: Double) -> String {
    let count = min(left * 2, max(1, Int((length * 2).rounded())))
    return (count % 2 == 0 ? "" : "▐") + String(repeating: "█", count: count / 2)
  }
}
