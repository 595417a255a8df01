import EventLog
import Model
import Query
import Testing

@testable import Projections
@testable import Store

/// Counters and time-weighted averages beside what is computed from all samples one by one.
@Suite struct SeriesTests {
  private struct Event {
    var timeNs: Int64
    var device: String?
    var site: String
    var value: Double?

    /// No name and an empty one are one.
    var series: String { device ?? "" }

    var document: String {
      var fields = ["\"ts\":\"\(Timestamp(ns: timeNs))\"", "\"site\":\"\(site)\""]
      if let device { fields.append("\"device\":\"\(device)\"") }
      if let value { fields.append("\"v\":\(value)") }
      return "{\(fields.joined(separator: ","))}"
    }
  }

  private static let hourNs: Int64 = 3_600_000_000_000
  private static let startNs: Int64 = 1_717_200_000_000_000_000

  /// Some devices with counters that begin anew now and then; events come late and at equal times.
  private static func events(_ random: inout SeededGenerator) -> [Event] {
    var levels: [String?: Double] = [:]
    var events: [Event] = []
    var timeNs = startNs
    for _ in 0..<random.within(1...150) {
      timeNs += Int64(random.below(4)) * Int64(random.within(1...2_000)) * 1_000_000_000
      let device = random.pick(["a", "b", "", nil])
      var level = levels[device] ?? Double(random.below(100))
      level = random.oneIn(8) ? Double(random.below(5)) : level + Double(random.below(80)) / 4
      levels[device] = level
      events.append(
        Event(
          timeNs: timeNs, device: device, site: random.pick(["x", "y"]),
          value: random.oneIn(10) && !events.isEmpty ? nil : level))
    }
    // The first event stays: it shows which fields there are.
    for _ in 0..<random.below(20) where events.count > 1 {
      events.swapAt(random.within(1...events.count - 1), random.within(1...events.count - 1))
    }
    return events
  }

  private struct Wanted {
    var increase: Double?
    var rate: Double?
    var timeAverage: Double?
  }

  /// What a span adds up to; `nil` when no event falls into it.
  private static func wanted(
    _ events: [Event], _ span: Range<Int64>, untilNs: Int64, isIncluded: (Event) -> Bool
  ) -> Wanted? {
    let events = events.filter(isIncluded)
    guard events.contains(where: { span.contains($0.timeNs) }) else { return nil }
    var wanted = Wanted()
    var (area, seconds) = (0.0, 0.0)
    for device in Set(events.map(\.series)) {
      let samples = events.enumerated()
        .filter { $0.element.series == device && $0.element.value != nil }
        .sorted { ($0.element.timeNs, $0.offset) < ($1.element.timeNs, $1.offset) }
        .map { (timeNs: $0.element.timeNs, value: $0.element.value ?? 0) }
      let inside = samples.filter { span.contains($0.timeNs) }
      guard let last = inside.last else { continue }
      let before = samples.last { $0.timeNs < span.lowerBound }
      let all = (before.map { [$0] } ?? []) + inside
      var sum = 0.0
      for (one, next) in zip(all, all.dropFirst()) {
        sum += next.value >= one.value ? next.value - one.value : next.value
      }
      let covered = Double(last.timeNs - all[0].timeNs) / 1e9
      if all.count > 1 { wanted.increase = (wanted.increase ?? 0) + sum }
      if covered > 0 { wanted.rate = (wanted.rate ?? 0) + sum / covered }
      // Each value from its time, or the span's beginning, to the next one's.
      var points = all
      if before != nil { points[0].timeNs = span.lowerBound }
      points.append((max(untilNs, last.timeNs), 0))
      for (one, next) in zip(points, points.dropFirst()) {
        area += one.value * Double(next.timeNs - one.timeNs) / 1e9
        seconds += Double(next.timeNs - one.timeNs) / 1e9
      }
    }
    if seconds > 0 { wanted.timeAverage = area / seconds }
    return wanted
  }

  private static func isClose(_ value: QueryValue, _ wanted: Double?) -> Bool {
    guard case .number(let number) = value else { return wanted == nil && value == .null }
    return wanted.map { abs(number - $0) <= 1e-9 * max(1, abs($0)) } ?? false
  }

  @Test(arguments: [nil, "3h"])
  func seriesAreExact(rolling: String?) {
    rounds(40) { random in
      let workspace = TemporaryDirectory()
      let store = try Store(directory: workspace.path)
      defer { store.close() }
      let events = Self.events(&random)
      let isBySite = random.oneIn(2)
      let options = StreamOptions(keyPath: "device")
      _ = try store.append([events[0].document], to: "s", options: options)
      let definition = try KpiDefinition(
        name: "k", stream: "s", select: "increase(v), rate(v), time_avg(v), count(*)",
        groupBy: isBySite ? "site" : nil, every: "1h", rolling: rolling)
      let isEarly = random.oneIn(2)
      if isEarly { try store.projections.define(definition, actor: "test") }
      var rest = events.dropFirst()
      while !rest.isEmpty {
        let count = random.within(1...40)
        _ = try store.append(rest.prefix(count).map(\.document), to: "s")
        rest = rest.dropFirst(count)
      }
      if !isEarly { try store.projections.define(definition, actor: "test") }
      try KpiTests.verify(store, "after appending")
      let answer = try store.rows(of: "k")
      try Self.check(answer, events, isBySite: isBySite, panes: rolling == nil ? 1 : 3)
      // A part of the rows finds the samples before it as well.
      let row = random.pick(answer.rows)
      let part = try store.rows(of: "k", row.timeNs..<row.timeNs + 2 * Self.hourNs)
      try Self.check(part, events, isBySite: isBySite, panes: rolling == nil ? 1 : 3)
    }
  }

  private static func check(
    _ answer: KpiRows, _ events: [Event], isBySite: Bool, panes: Int64
  ) throws {
    for row in answer.rows {
      let span = row.timeNs - (panes - 1) * hourNs..<row.timeNs + hourNs
      let untilNs = min(span.upperBound, max(span.lowerBound, answer.watermarkNs ?? 0))
      let wanted = wanted(events, span, untilNs: untilNs) {
        !isBySite || $0.site == row.group[0]?.string
      }
      let what = "\(Timestamp(ns: row.timeNs)) \(row.group): \(row.values)"
      guard let wanted else { throw Mismatch(description: "\(what): wanted no row") }
      try TestSupport.check(isClose(row.values[0], wanted.increase), "\(what), wanted \(wanted)")
      try TestSupport.check(isClose(row.values[1], wanted.rate), "\(what), wanted \(wanted)")
      if let average = wanted.timeAverage {
        try TestSupport.check(isClose(row.values[2], average), "\(what), wanted \(wanted)")
      }
    }
  }

  /// Samples out of order, also many of them, add up to what those in order do, bit for bit.
  @Test func theOrderOfArrivalDoesNotMatter() {
    rounds(6) { random in
      let all = (0..<1_000).map { number in
        let value = random.oneIn(9) ? Double(random.below(9)) : Double(number) * 0.1
        return Event(
          timeNs: Self.startNs + Int64(number) * 30_000_000_000, device: random.pick(["a", "b"]),
          site: "x", value: value
        ).document
      }
      let definition = try KpiDefinition(
        name: "k", stream: "s", select: "increase(v), rate(v), time_avg(v), sum(v)", every: "4h")
      var answers: [[[QueryValue]]] = []
      for isShuffled in [false, true] {
        let workspace = TemporaryDirectory()
        let store = try Store(directory: workspace.path)
        defer { store.close() }
        _ = try store.append([all[0]], to: "s", options: StreamOptions(keyPath: "device"))
        try store.projections.define(definition, actor: "test")
        var rest = all.dropFirst()
        if isShuffled { rest.shuffle(using: &random) }
        while !rest.isEmpty {
          let count = isShuffled ? random.within(1...400) : 1_000
          _ = try store.append(Array(rest.prefix(count)), to: "s")
          rest = rest.dropFirst(count)
        }
        if isShuffled { try KpiTests.verify(store, "out of order") }
        answers.append(try store.rows(of: "k").rows.map(\.values))
      }
      try checkEqual(answers[1], answers[0], "out of order")
    }
  }

  /// The steps of a counter belong to the bucket in which they end, so buckets sum up to the whole.
  @Test func bucketsSumUp() throws {
    let workspace = TemporaryDirectory()
    let store = try Store(directory: workspace.path)
    defer { store.close() }
    let documents = (0..<500).map { number in
      Event(
        timeNs: Self.startNs + Int64(number) * 700_000_000_000, device: "a", site: "x",
        value: Double(number * 3)
      ).document
    }
    _ = try store.append(documents, to: "s")
    for every in ["1h", "7h", "1d", "1y"] {
      try store.projections.define(
        try KpiDefinition(
          name: "k\(every)", stream: "s", select: "increase(v)", every: every,
          timeZone: "Australia/Lord_Howe"), actor: "test")
      let rows = try store.rows(of: "k\(every)").rows
      let sum = rows.reduce(0.0) { $0 + $1.values[0].double }
      #expect(sum == 1_497, "\(every)")
    }
  }

  @Test func firstAndLastMayBeTexts() throws {
    let workspace = TemporaryDirectory()
    let store = try Store(directory: workspace.path)
    defer { store.close() }
    let documents = [
      #"{"ts":"2024-06-01T00:10:00Z","state":"up"}"#,
      #"{"ts":"2024-06-01T00:30:00Z","state":7}"#,
      #"{"ts":"2024-06-01T00:20:00Z","state":true}"#,
      #"{"ts":"2024-06-01T01:20:00Z","state":"down"}"#,
    ]
    try store.projections.define(
      try {
        _ = try store.append([documents[0]], to: "s")
        return try KpiDefinition(
          name: "k", stream: "s", select: "first(state), last(state)", every: "1h")
      }(), actor: "test")
    _ = try store.append(Array(documents[1...]), to: "s")
    let rows = try store.rows(of: "k").rows
    #expect(rows.map(\.values) == [[.text("up"), .number(7)], [.text("down"), .text("down")]])
    try KpiTests.verify(store, "texts")
  }
}
