/// A named line of a chart.
public struct ChartSeries: Sendable {
  /// A value at a time, in nanoseconds since 1970.
  public struct Point: Sendable {
    public var timeNs: Int64
    /// Nil is a gap: the line ends before it and begins anew after it.
    public var value: Double?

    public init(timeNs: Int64, value: Double?) {
      self.timeNs = timeNs
      self.value = value
    }

    /// The value, if it can be drawn.
    var finite: Double? { value.flatMap { $0.isFinite ? $0 : nil } }
  }

  public var name: String
  /// In any order.
  public var points: [Point]

  public init(name: String, points: [Point]) {
    self.name = name
    self.points = points
  }
}

/// Colours that tell series apart on dark and on light, by their SGR parameters; and the strokes
/// that do without colours.
enum SeriesLook {
  private static let colors = ["36", "35", "32", "31", "34", "33"]
  private static let strokes: [[Bool]] = [
    [true], [true, true, true, false, false], [true, false, false],
    [true, true, true, true, false, true, false],
  ]

  static func color(_ series: Int) -> String { colors[series % colors.count] }

  /// Whether the `step`th dot of a line is drawn when lines differ by their strokes.
  static func isDrawn(_ series: Int, step: Int) -> Bool {
    let stroke = strokes[series % strokes.count]
    return stroke[step % stroke.count]
  }

  static func paint(_ text: String, _ color: String) -> String {
    "\u{1B}[\(color)m\(text)\u{1B}[0m"
  }
}
