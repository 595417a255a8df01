import Foundation
import Language
import Query
import Store
import Testing

/// Rows of COMPARE WITH, of functions that look back and of FILL, beside those of a plain model over `ClockModel`, around
/// changes of clocks and ends of months.
@Suite struct RowsModelTests {
  @Test func rowsAreThoseOfTheModel() {
    rounds(24) { random in
      let model = RowsModel(&random)
      let directory = TemporaryDirectory()
      let store = try Store(directory: directory.path)
      defer { store.close() }
      let size = random.pick([7, 60, 1_000])
      for batch in stride(from: 0, to: model.documents.count, by: size) {
        _ = try store.append(
          Array(model.documents[batch..<min(batch + size, model.documents.count)]), to: "s")
      }
      if random.oneIn(2) {
        let every = random.pick(["30m", "1h", "1d"])
        _ = try QueryEngine(store).run(
          "DEFINE KPI k AS count(*) AS n, sum(v) AS v FROM s GROUP BY g EVERY \(every) "
            + "TIME ZONE '\(model.clock.zone.identifier)'", QueryOptions(nowNs: 0))
      }
      for _ in 0..<20 {
        let question = model.question(&random)
        let answer = Result { try QueryEngine(store).run(question.text, QueryOptions(nowNs: 0))[0] }
        guard case .success(let answer) = answer else {
          throw Mismatch(description: "\(question.text): \(answer)")
        }
        let (got, wanted) = (RowsModel.lines(answer), question.rows)
        try check(
          got.count == wanted.count && zip(got, wanted).allSatisfy { $0.isNear($1) },
          "\(question.text)\ngot\n\(got.text)\nwanted\n\(wanted.text)")
      }
    }
  }

  @Test func lengthsThatDoNotFitAreRefused() throws {
    let directory = TemporaryDirectory()
    let store = try Store(directory: directory.path)
    defer { store.close() }
    _ = try store.append([#"{"timestamp":"2024-01-01T00:00:00Z","v":1}"#], to: "s")
    for (every, length) in [
      ("1w", "1y"), ("1w", "1mo"), ("1w", "10d"), ("2h", "3h"), ("2h", "150m"), ("1mo", "45d"),
      ("1mo", "5w"), ("1mo", "800h"), ("2d", "1mo"), ("2d", "3d"), ("3mo", "4mo"), ("1y", "13mo"),
      ("1d", "25h"), ("7m", "1d"), ("7h", "1mo"), ("1h", "61m"),
    ] {
      let text =
        "SELECT count(*) FROM s SINCE '2024-01-01' UNTIL '2024-03-01' EVERY \(every) COMPARE WITH "
      do {
        _ = try QueryEngine(store).run("\(text)\(length) AGO", QueryOptions(nowNs: 0))
        Issue.record("EVERY \(every) COMPARE WITH \(length) is no error")
      } catch let error as LanguageError {
        // What the error says to write is no error.
        let advice = error.issues[0].hint?.matches(of: #/[0-9]+[a-z]+ AGO/#).map { "\($0.output)" }
        #expect(advice?.isEmpty == false)
        for one in advice ?? [] {
          #expect(throws: Never.self, "\(every) \(length): \(one)") {
            try QueryEngine(store).run("\(text)\(one)", QueryOptions(nowNs: 0))
          }
        }
      }
    }
  }
}

/// One row: texts and numbers, NULL as nil.
struct ModelRow: Equatable {
  var texts: [String?]
  var numbers: [Double?]

  func isNear(_ other: ModelRow) -> Bool {
    texts == other.texts && numbers.count == other.numbers.count
      && zip(numbers, other.numbers).allSatisfy { a, b in
        guard let a, let b else { return a == nil && b == nil }
        return abs(a - b) <= 1e-9 * (1 + max(abs(a), abs(b)))
      }
  }
}

extension [ModelRow] {
  fileprivate var text: String {
    map { row in
      (row.texts.map { $0 ?? "NULL" } + row.numbers.map { $0.map { "\($0)" } ?? "NULL" })
        .joined(separator: " ")
    }.joined(separator: "\n")
  }
}

/// Facts, questions about them, and what has to come out.
struct RowsModel {
  struct Fact {
    var second: Int
    var group: String?
    var value: Double?
  }

  struct Question {
    var text: String
    var rows: [ModelRow]
  }

  private typealias Length = ClockModel.Length

  let clock: ClockModel
  private let facts: [Fact]

  /// Zones, and days that are near a change of clocks or the end of a month.
  private static let places = [
    ("Europe/Paris", "2024-03-31"), ("Europe/Paris", "2024-10-27"),
    ("America/New_York", "2024-03-10"),
    ("America/New_York", "2024-11-03"), ("America/New_York", "2023-03-29"),
    ("Australia/Lord_Howe", "2024-04-07"),
    ("Australia/Lord_Howe", "2024-10-06"), ("Asia/Kolkata", "2024-03-30"),
    ("Asia/Kolkata", "2023-12-31"),
  ]

  init(_ random: inout SeededGenerator) {
    let (zone, day) = random.pick(Self.places)
    let middle = Int(
      (try? Date("\(day)T00:00:00Z", strategy: .iso8601))?.timeIntervalSince1970 ?? 0)
    clock = ClockModel(zone, from: middle - 130 * 86_400, days: 200)
    facts = (0..<random.within(20...500)).map { _ in
      // Many near the change, and so much before it.
      let center = middle - random.pick([0, 0, 86_400, 7 * 86_400, 31 * 86_400, 29 * 86_400])
      let spread = random.pick([40, 40 * 24, 40 * 24 * 5])
      return Fact(
        second: center + random.within(-spread...spread) * 1_800 + random.within(0...1_799),
        group: random.pick(["a", "b", "b", nil]),
        value: random.oneIn(5) ? nil : Double(random.within(-20...20)) / 2)
    }.sorted { $0.second < $1.second }
  }

  var documents: [String] {
    facts.map { fact in
      let time = Date(timeIntervalSince1970: Double(fact.second)).formatted(.iso8601)
      return "{\"timestamp\":\"\(time)\"" + (fact.group.map { ",\"g\":\"\($0)\"" } ?? "")
        + (fact.value.map { ",\"v\":\($0)" } ?? "") + "}"
    }
  }

  // MARK: Questions

  private static let buckets: [(text: String, length: Length, fitting: [(String, Length)])] = [
    ("30m", .seconds(1_800), hours + days + months), ("1h", .seconds(3_600), hours + days + months),
    ("2h", .seconds(7_200), [("2h", .seconds(7_200)), ("24h", .seconds(86_400))] + days + months),
    ("6h", .seconds(21_600), [("24h", .seconds(86_400))] + days + months),
    ("1d", .days(1), days + months),
    ("1w", .days(7), [("1w", .days(7)), ("2w", .days(14))]), ("1mo", .months(1), months),
  ]
  private static let hours: [(String, Length)] = [
    ("1h", .seconds(3_600)), ("24h", .seconds(86_400)), ("7h", .seconds(25_200)),
  ]
  private static let days: [(String, Length)] = [
    ("1d", .days(1)), ("1w", .days(7)), ("31d", .days(31)),
  ]
  private static let months: [(String, Length)] = [("1mo", .months(1)), ("2mo", .months(2))]

  /// A question, with the slots of its buckets and its range.
  private struct Frame {
    var begins: [Int]
    /// Slots.
    var range: Range<Int>
    var isGrouped: Bool
    var length: Length

    /// The place of the first bucket that begins at a slot or later.
    func place(_ slot: Int) -> Int {
      var (low, high) = (0, begins.count)
      while low < high {
        let middle = (low + high) / 2
        if begins[middle] >= slot { high = middle } else { low = middle + 1 }
      }
      return low
    }

    func isBegin(_ slot: Int) -> Bool {
      let place = place(slot)
      return place < begins.count && begins[place] == slot
    }

    func end(_ begin: Int) -> Int {
      let place = place(begin + 1)
      return place < begins.count ? begins[place] : begin
    }

    var inRange: [Int] {
      Array(begins[max(0, place(range.lowerBound + 1) - 1)..<place(range.upperBound)])
    }
    func clipped(_ begin: Int) -> Range<Int> {
      max(begin, range.lowerBound)..<min(end(begin), range.upperBound)
    }
    func isCut(_ begin: Int) -> Bool { clipped(begin) != begin..<end(begin) }
  }

  func question(_ random: inout SeededGenerator) -> Question {
    let (text, every, fitting) = random.pick(Self.buckets)
    let (lengthText, length) = random.pick(fitting)
    // Around the middle of what the facts are near to.
    let low = 130 * 48 + random.within(-4 * 48...2 * 48)
    let slots = max(random.within(1...150), every == .days(7) || every == .months(1) ? 900 : 1)
    let frame = Frame(
      begins: clock.begins(every), range: low..<low + slots, isGrouped: random.oneIn(2),
      length: length)
    func time(_ slot: Int) -> String {
      Date(timeIntervalSince1970: Double(clock.seconds(slot))).formatted(.iso8601)
    }
    let tail =
      " FROM s" + (frame.isGrouped ? " GROUP BY g" : "") + " SINCE '\(time(low))' UNTIL "
      + "'\(time(low + slots))' EVERY \(text) TIME ZONE '\(clock.zone.identifier)'"
    let items = "SELECT count(*) AS n, sum(v) AS v"
    switch random.below(4) {
    case 0:
      return Question(text: "\(items)\(tail) COMPARE WITH \(lengthText) AGO", rows: compared(frame))
    case 1:
      return Question(
        text: "\(items), pct_change(sum(v), \(lengthText)) AS p\(tail)",
        rows: lookingBack(frame, change))
    case 2:
      return Question(
        text: "\(items), zscore(sum(v), \(lengthText)) AS z\(tail)", rows: lookingBack(frame, score)
      )
    default:
      let how = random.pick(["NULL", "0", "PREVIOUS", "LINEAR"])
      return Question(text: "\(items)\(tail) FILL \(how)", rows: filled(frame, how))
    }
  }

  /// The rows of an answer, but for what is final, which the model knows nothing of.
  static func lines(_ answer: Answer) -> [ModelRow] {
    (0..<answer.rowCount).map { row in
      var line = ModelRow(texts: [], numbers: [])
      for column in answer.columns {
        switch (column.kind, column.values[row]) {
        case (.state, .text(let text)): line.texts.append(text == "partial" ? "partial" : "whole")
        case (.time, .time(let ns)): line.texts.append("\(ns / 1_000_000_000)")
        case (.text, .text(let text)): line.texts.append(text.string)
        case (.text, _): line.texts.append(nil)
        case (_, .number(let number)): line.numbers.append(number)
        case (_, .integer(let number)): line.numbers.append(Double(number))
        default: line.numbers.append(nil)
        }
      }
      return line
    }
  }

  // MARK: Answers

  private struct Values {
    var count = 0
    var sum: Double?
  }

  /// The place of the first fact of a second or later.
  private func place(_ second: Int) -> Int {
    var (low, high) = (0, facts.count)
    while low < high {
      let middle = (low + high) / 2
      if facts[middle].second >= second { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// By group, in the order of answers.
  private func values(_ slots: Range<Int>, _ frame: Frame) -> [(group: String?, values: Values)] {
    let low = place(clock.seconds(slots.lowerBound))
    let found = facts[low..<place(clock.seconds(slots.upperBound))]
    let groups: [String?] = frame.isGrouped ? ["a", "b", nil] : [nil]
    return groups.compactMap { group in
      let own = found.filter { !frame.isGrouped || $0.group == group }
      if own.isEmpty { return nil }
      let numbers = own.compactMap(\.value)
      return (group, Values(count: own.count, sum: numbers.isEmpty ? nil : numbers.reduce(0, +)))
    }
  }

  private func row(
    _ begin: Int, _ group: String?, _ frame: Frame, _ numbers: [Double?]
  ) -> ModelRow {
    ModelRow(
      texts: ["\(clock.seconds(begin))"] + (frame.isGrouped ? [group] : [])
        + [frame.isCut(begin) ? "partial" : "whole"], numbers: numbers)
  }

  private static func percent(_ old: Double?, _ new: Double?) -> Double? {
    guard let old, let new, old != 0 else { return nil }
    return 100 * (new - old) / abs(old)
  }

  private func compared(_ frame: Frame) -> [ModelRow] {
    frame.inRange.flatMap { begin -> [ModelRow] in
      let now = values(frame.clipped(begin), frame)
      var then: [(group: String?, values: Values)] = []
      if let earlier = clock.before(begin, frame.length), frame.isBegin(earlier) {
        let (low, high) = (frame.clipped(begin).lowerBound, frame.clipped(begin).upperBound)
        let end = frame.end(earlier)
        func moved(_ slot: Int) -> Int { min(max(clock.earlier(slot, frame.length), earlier), end) }
        let from = low > begin ? moved(low) : earlier
        let to = high < frame.end(begin) ? moved(high) : end
        if from < to { then = values(from..<to, frame) }
      }
      let groups: [String?] = frame.isGrouped ? ["a", "b", nil] : [nil]
      return groups.compactMap { group in
        let new = now.first { $0.group == group }?.values
        let old = then.first { $0.group == group }?.values
        if new == nil && old == nil { return nil }
        let (newCount, oldCount) = (new.map { Double($0.count) }, old.map { Double($0.count) })
        return row(
          begin, group, frame,
          [
            newCount, oldCount, Self.percent(oldCount, newCount), new?.sum, old?.sum,
            Self.percent(old?.sum, new?.sum),
          ])
      }
    }
  }

  /// What rows before the range and in it have; those that the range cuts have a part.
  private func sum(_ begin: Int, _ group: String?, _ frame: Frame) -> Values? {
    let isAsked = frame.end(begin) > frame.range.lowerBound
    return values(isAsked ? frame.clipped(begin) : begin..<frame.end(begin), frame)
      .first { $0.group == group }?.values
  }

  private func lookingBack(
    _ frame: Frame, _ function: (Int, String?, Double?, Frame) -> Double?
  ) -> [ModelRow] {
    frame.inRange.flatMap { begin in
      values(frame.clipped(begin), frame).map { group, values in
        row(
          begin, group, frame,
          [Double(values.count), values.sum, function(begin, group, values.sum, frame)])
      }
    }
  }

  private func change(_ begin: Int, _ group: String?, _ value: Double?, _ frame: Frame) -> Double? {
    guard let earlier = clock.before(begin, frame.length), frame.isBegin(earlier) else {
      return nil
    }
    return Self.percent(sum(earlier, group, frame)?.sum, value)
  }

  private func score(_ begin: Int, _ group: String?, _ value: Double?, _ frame: Frame) -> Double? {
    let from = clock.earlier(begin, frame.length)
    let sample = frame.begins[frame.place(from)..<frame.place(begin)]
      .compactMap { sum($0, group, frame)?.sum }
    guard let value, sample.count >= 2 else { return nil }
    let mean = sample.reduce(0, +) / Double(sample.count)
    let squares = sample.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let deviation = (squares / Double(sample.count - 1)).squareRoot()
    return deviation > 0 ? (value - mean) / deviation : nil
  }

  private func filled(_ frame: Frame, _ how: String) -> [ModelRow] {
    let begins = frame.inRange
    let groups: [String?] =
      frame.isGrouped
      ? ["a", "b", nil].filter { group in
        begins.contains { begin in
          values(frame.clipped(begin), frame).contains { $0.group == group }
        }
      } : [nil]
    var rows: [ModelRow] = []
    for (place, begin) in begins.enumerated() {
      for group in groups {
        let found = sum(begin, group, frame)
        let count = found.map { Double($0.count) } ?? (how == "NULL" ? nil : 0)
        var value = found?.sum
        if value == nil {
          switch how {
          case "0": value = 0
          case "PREVIOUS": value = held(begin, group, frame)
          case "LINEAR": value = between(begins, place, group, frame)
          default: break
          }
        }
        rows.append(row(begin, group, frame, [count, value]))
      }
    }
    return rows
  }

  private func held(_ begin: Int, _ group: String?, _ frame: Frame) -> Double? {
    let first = frame.place(frame.inRange[0])
    let least = max(0, first - max(1_000, frame.inRange.count))
    return frame.begins[least..<frame.place(begin)].reversed().lazy
      .compactMap { self.sum($0, group, frame)?.sum }.first
  }

  private func between(_ begins: [Int], _ place: Int, _ group: String?, _ frame: Frame) -> Double? {
    let last = begins[..<place].last { sum($0, group, frame)?.sum != nil }
    let next = begins[(place + 1)...].first { sum($0, group, frame)?.sum != nil }
    guard let last, let next, let low = sum(last, group, frame)?.sum,
      let high = sum(next, group, frame)?.sum
    else { return nil }
    return low + (high - low) * Double(begins[place] - last) / Double(next - last)
  }
}
