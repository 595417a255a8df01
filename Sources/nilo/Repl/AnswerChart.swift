import Bytes
import Model
import Query
import Terminal

/// An answer as a chart: over time as lines, one for each group and column of numbers; else as
/// bars.
struct AnswerChart {
  private let answer: Answer
  private let width: Int
  private let height: Int
  private let isColored: Bool
  private let zone: ZoneRules

  /// More cannot be told apart.
  private static let maxSeries = 12
  private static let maxBars = 60

  init(_ answer: Answer, width: Int, height: Int, isColored: Bool) {
    (self.answer, self.width, self.height) = (answer, width, height)
    self.isColored = isColored
    zone = (try? ZoneRules(named: answer.meta.timeZone)) ?? .utc
  }

  /// `kind` is `line`, `bar`, or empty for what fits the answer.
  func lines(_ kind: String) throws -> [String] {
    if numbers.isEmpty { throw Failure("the answer has no numbers to draw") }
    let time = answer.columns.firstIndex { $0.kind == .time }
    switch kind.lowercased() {
    case "" where time == nil, "bar", "bars": return bars
    case "", "line", "lines":
      guard let time else {
        throw Failure(#"the answer has no times to draw a line over; add EVERY, or try \chart bar"#)
      }
      return line(over: time)
    default:
      throw Failure(#"\chart draws a line or bars: \chart line, \chart bar"#)
    }
  }

  private var numbers: [Int] { columns { $0 == .number || $0 == .integer } }
  private var labels: [Int] { columns { $0 == .text || $0 == .boolean } }

  private func columns(_ isWanted: (Answer.Column.Kind) -> Bool) -> [Int] {
    answer.columns.indices.filter { isWanted(answer.columns[$0].kind) }
  }

  private func number(_ column: Int, _ row: Int) -> Double? {
    answer.columns[column].values[row].number?.double
  }

  /// The values of the columns that name a row.
  private func label(_ row: Int) -> String {
    labels.map { column in
      switch answer.columns[column].values[row] {
      case .text(let text): text.string
      case .bool(let value): "\(value)"
      default: "NULL"
      }
    }.joined(separator: " ")
  }

  // MARK: Lines

  private func line(over time: Int) -> [String] {
    var series: [ChartSeries] = []
    var places: [Text: Int] = [:]
    for row in 0..<answer.rowCount {
      guard case .time(let ns) = answer.columns[time].values[row] else { continue }
      let label = label(row)
      let first = places[Text(label)] ?? series.count
      if first == series.count {
        places[Text(label)] = first
        series += numbers.map { ChartSeries(name: name(label, $0), points: []) }
      }
      for (offset, column) in numbers.enumerated() {
        series[first + offset].points.append(
          ChartSeries.Point(timeNs: clock(ns), value: number(column, row)))
      }
    }
    let chart = LineChart(series: Array(series.prefix(Self.maxSeries)), formatTime: format(time))
    return chart.lines(width: width, height: height, isColored: isColored)
      + left(series.count, Self.maxSeries, "series")
  }

  private func name(_ label: String, _ column: Int) -> String {
    let name = answer.columns[column].name
    if label.isEmpty { return name }
    return numbers.count == 1 ? label : "\(label) \(name)"
  }

  /// What the zone's clock shows, as a time in UTC: the axis is labelled at its midnights.
  private func clock(_ ns: Int64) -> Int64 { ns.saturatingAdding(zone.offsetNs(at: ns)) }

  /// As little of a time as tells it from the others.
  private func format(_ column: Int) -> (Int64) -> String {
    var (first, last) = (Int64.max, Int64.min)
    if case .times(let times) = answer.columns[column].values {
      (first, last) = (times.min() ?? 0, times.max() ?? 0)
    }
    let seconds = Double(last) / 1e9 - Double(first) / 1e9
    return { ns in
      // 2013-06-07T12:00:00.000Z
      let text = Timestamp(ns: ns).description
      switch seconds {
      case ..<600: return String(text.dropFirst(11).prefix { $0 != "Z" })
      case ..<86_401: return String(text.dropFirst(11).prefix(5))
      case ..<259_200: return String(text.dropFirst(5).prefix(11)).replacing("T", with: " ")
      default: return String(text.prefix(10))
      }
    }
  }

  // MARK: Bars

  /// A chart for each column of numbers; for a single row without a name, one of its columns.
  private var bars: [String] {
    let isNamed = !labels.isEmpty || !columns { $0 == .time }.isEmpty
    if !isNamed && answer.rowCount == 1 {
      return draw(
        numbers.map { BarChart.Bar(label: answer.columns[$0].name, value: number($0, 0)) })
    }
    return numbers.enumerated().flatMap { index, column in
      let bars = (0..<min(answer.rowCount, Self.maxBars)).map {
        BarChart.Bar(label: isNamed ? nameOfRow($0) : "\($0 + 1)", value: number(column, $0))
      }
      let title = numbers.count > 1 ? [DisplayText.printable(answer.columns[column].name)] : []
      return (index > 0 ? [""] : []) + title + draw(bars)
    } + left(answer.rowCount, Self.maxBars, "rows")
  }

  private func nameOfRow(_ row: Int) -> String {
    let times = columns { $0 == .time }.map { column in
      guard case .time(let ns) = answer.columns[column].values[row] else { return "" }
      return format(column)(clock(ns))
    }
    return (times + (labels.isEmpty ? [] : [label(row)])).joined(separator: " ")
  }

  private func draw(_ bars: [BarChart.Bar]) -> [String] {
    BarChart(bars: bars).lines(width: width, isColored: isColored)
  }

  private func left(_ count: Int, _ limit: Int, _ what: String) -> [String] {
    if count <= limit { return [] }
    return ["the first \(limit) of \(Wording.count(count)) \(what); LIMIT or WHERE picks others"]
  }
}
