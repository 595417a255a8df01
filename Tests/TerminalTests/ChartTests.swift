import Foundation
import Testing

@testable import Terminal

@Suite struct ChartTests {
  private static let hourNs: Int64 = 3_600_000_000_000

  private func hours(_ values: [Double?]) -> [ChartSeries.Point] {
    values.enumerated().map { .init(timeNs: Int64($0.offset) * Self.hourNs, value: $0.element) }
  }

  private func time(_ timeNs: Int64) -> String {
    let minutes = timeNs / 60_000_000_000
    return String(format: "%02lld:%02lld", minutes / 60, minutes % 60)
  }

  private func chart(_ series: [(String, [Double?])]) -> LineChart {
    LineChart(
      series: series.map { ChartSeries(name: $0.0, points: hours($0.1)) }, formatTime: time)
  }

  /// Sections of text under their titles, each checked to be no wider than asked for.
  private func report(_ parts: [(String, [String])], width: Int) -> String {
    for (title, lines) in parts {
      for line in lines {
        #expect(plainWidth(line) <= width, "\(title): \(line)")
      }
    }
    return parts.map { "== \($0)\n" + $1.map { "\($0)|\n" }.joined() }.joined()
  }

  private func plainWidth(_ line: String) -> Int {
    let plain = line.replacingOccurrences(
      of: "\u{1B}\\[[0-9;]*m", with: "", options: .regularExpression)
    return DisplayText.width(of: plain)
  }

  @Test func lines() throws {
    let sine = (0..<49).map { sin(Double($0) / 6) * 20 + 5 }
    let cosine = (0..<49).map { cos(Double($0) / 6) * 15 }
    let gaps = (0..<49).map { $0 % 12 < 8 ? sine[$0] : nil as Double? }
    let charts: [(String, LineChart)] = [
      ("one series", chart([("temperature", sine)])),
      ("two series", chart([("temperature", sine), ("気温", cosine)])),
      ("gaps", chart([("", gaps)])),
      ("one point", chart([("", [3.25])])),
      ("points alone", chart([("", [1, nil, 2, nil, 3])])),
      ("constant", chart([("", [7, 7, 7])])), ("zeros", chart([("", [0, 0, 0])])),
      ("negative", chart([("", [-1_500, -1_200, -1_400])])),
      ("small", chart([("", [0.00012, 0.00013, 0.000125])])),
      ("large", chart([("", [1e12, 3e12, 2e12])])),
      ("not numbers", chart([("", [1, .nan, 2, .infinity, 3, -.infinity, 4])])),
      ("the ends of doubles", chart([("", [-1.7e308, 1.7e308])])),
      ("too near for ticks", chart([("", [1e17, 1e17 + 16])])),
      ("nothing", chart([("", [nil, .nan])])),
    ]
    let text = report(
      charts.map { ($0, $1.lines(width: 60, height: 8, isColored: false)) }, width: 60)
    try expectGolden("lines", text)
  }

  @Test func colors() throws {
    let lines = chart([("a", [1, 2]), ("b", [2, 1])]).lines(width: 20, height: 3, isColored: true)
    try expectGolden(
      "colors", report([("colors", lines)], width: 20).replacingOccurrences(of: "\u{1B}", with: "^")
    )
  }

  @Test func ownTimesOfTheAxis() {
    var chart = chart([("", [1, 2, 3])])
    chart.timeTicks = [-1, Self.hourNs / 2, Self.hourNs * 9]
    let lines = chart.lines(width: 30, height: 2, isColored: false)
    #expect(lines.last?.contains("00:30") == true)
    #expect(lines.last?.contains("09:00") == false)
  }

  @Test func bars() throws {
    let charts: [(String, [(String, Double?)])] = [
      ("eighths", (0...8).map { ("\($0)", 8 + Double($0) / 8) }),
      ("negative", [("up", 10), ("down", -5.5), ("little", -0.001), ("none", 0)]),
      ("all negative", [("a", -1), ("b", -2)]),
      ("no numbers", [("nil", nil), ("nan", .nan), ("inf", .infinity), ("one", 1)]),
      ("wide", [("東京タワー", 333), ("a long name that is cut somewhere", 150), ("a\nb", 1e9)]),
      ("zeros", [("a", 0), ("b", 0)]), ("extremes", [("a", 1.7e308), ("b", -1.7e308)]),
      ("nothing", []),
    ]
    let text = report(
      charts.map { title, bars in
        let chart = BarChart(bars: bars.map { .init(label: $0.0, value: $0.1) })
        return (title, chart.lines(width: 40, isColored: false))
      }, width: 40)
    try expectGolden("bars", text)
  }

  /// Any points at any size give a chart of that size.
  @Test func anythingIsDrawn() {
    rounds(300) { random in
      let series = (0..<random.within(1...4)).map { index in
        ChartSeries(
          name: Texts.any(&random),
          points: (0..<random.below(30)).map { _ in
            let time = Int64(bitPattern: random.word())
            let value = Double(bitPattern: random.next())
            return .init(
              timeNs: time, value: random.oneIn(5) ? nil : random.oneIn(2) ? value : Double(index))
          })
      }
      let (width, height) = (random.within(30...90), random.within(2...20))
      let chart = LineChart(series: series) { "\($0 / 1_000_000_000_000_000)" }
      let isColored = random.oneIn(2)
      let lines = chart.lines(width: width, height: height, isColored: isColored)
      for line in lines {
        try check(plainWidth(line) <= width, "\(line) is wider than \(width)")
      }
      try check(lines.count == 1 || lines.count >= height + 2, "\(lines.count) lines")
      let bars = BarChart(bars: series.flatMap(\.points).map { .init(label: "x", value: $0.value) })
      for line in bars.lines(width: width, isColored: isColored) {
        try check(plainWidth(line) <= width, "bar \(line) is wider than \(width)")
      }
    }
  }

  @Test func ticksAreNice() {
    rounds(1_000) { random in
      let (a, b) = (Double(Int64(bitPattern: random.word())), Double(random.word()) / 1e6)
      let count = random.within(2...12)
      let axis = ValueAxis(holding: min(a, b)...max(a, b), maxTicks: count)
      try check(axis.low <= min(a, b) && axis.high >= max(a, b), "\(axis) holds \(a) and \(b)")
      try check(axis.ticks.count <= max(3, count), "\(axis.ticks.count) ticks of \(count)")
      try check(Set(axis.labels).count == axis.labels.count, "labels \(axis.labels)")
    }
  }
}

/// Compares `text` with the file of that name in `golden`, or writes it there when `NILO_REWRITE`
/// is 1.
func expectGolden(
  _ name: String, _ text: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let file = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().appendingPathComponent("golden/\(name).txt")
  if ProcessInfo.processInfo.environment["NILO_REWRITE"] == "1" {
    return try Data(text.utf8).write(to: file)
  }
  let wanted = try String(contentsOf: file, encoding: .utf8)
  #expect(text == wanted, sourceLocation: sourceLocation)
}
