import EventLog
import Foundation
import Language
import Query
import Store

/// Questions that are asked often, over the fleet workload of one day.
private struct Question {
  var name: String
  var text: String
  /// Rendered as JSON as well.
  var isRendered = false
  /// Asked of columns, whatever KPIs there are.
  var isOfColumns = false

  static let all: [Question] = [
    Question(
      name: "device_day_cells",
      text: """
        SELECT avg(temperature) FROM fleet WHERE device_id = 'device-00042' GROUP BY device_id \
        SINCE '2024-06-01' UNTIL '2024-06-02' EVERY 1h
        """),
    Question(name: "sites_day_cells", text: sites),
    Question(name: "sites_day_columns", text: sites, isOfColumns: true),
    Question(
      name: "rolling_minutes_cells",
      text: """
        SELECT avg(temperature) FROM fleet WHERE device_id = 'device-00042' GROUP BY device_id \
        SINCE '2024-06-01T12:00' UNTIL '2024-06-01T18:00' EVERY 1m ROLLING 1h
        """),
    Question(
      name: "top_devices_cells",
      text: """
        SELECT max(temperature) AS most FROM fleet GROUP BY device_id SINCE '2024-06-01T22:00' \
        UNTIL '2024-06-01T23:00' ORDER BY most DESC LIMIT 10
        """),
    Question(name: "distinct_cells", text: distinct),
    Question(name: "distinct_columns", text: distinct, isOfColumns: true),
    Question(
      name: "all_devices_json",
      text: """
        SELECT avg(temperature) FROM fleet GROUP BY device_id SINCE '2024-06-01' \
        UNTIL '2024-06-02' EVERY 1h
        """, isRendered: true),
    Question(
      name: "outliers",
      text: """
        SELECT temperature FROM fleet WHERE device_id = 'device-00042' SINCE '2024-06-01' \
        UNTIL '2024-06-02' HAVING abs(zscore(temperature, 24 hours)) > 3
        """),
    Question(
      name: "one_time", text: "SELECT avg(temperature) FROM fleet AT '2024-06-01T12:00:00Z'"),
  ]

  private static let sites = """
    SELECT avg(temperature), max(temperature), p95(temperature) FROM fleet GROUP BY site \
    SINCE '2024-06-01' UNTIL '2024-06-02' EVERY 1h
    """
  private static let distinct = """
    SELECT count(*), distinct(device_id) FROM fleet SINCE '2024-06-01' UNTIL '2024-06-02' EVERY 1h
    """
}

/// The median time of each question, or of one of them, asked again and again within this process; in milliseconds.
func benchQueries(_ directory: String, only name: String?) throws {
  let store = try Store(directory: directory, mode: .readOnly)
  defer { store.close() }
  let engine = QueryEngine(store)
  var results: [(String, Double)] = []
  for question in Question.all where name == nil || question.name == name {
    var options = QueryOptions(nowNs: EventLog.wallClockNs())
    if question.isOfColumns { options.path = .columns }
    var times: [Double] = []
    let deadline = ContinuousClock.now + .seconds(1)
    while times.count < 5 || (times.count < 300 && ContinuousClock.now < deadline) {
      times.append(
        try seconds {
          let answers = try engine.run(question.text, options)
          if question.isRendered {
            for answer in answers { _ = AnswerRenderer(.json).bytes(answer) }
          }
        })
    }
    results.append((question.name + "_ms", times.sorted()[times.count / 2] * 1e3))
  }
  let text = Question.all[1].text
  var times: [Double] = []
  let explain = "EXPLAIN " + text
  for _ in 0..<1_000 {
    times.append(
      try seconds { _ = try engine.run(explain, QueryOptions(nowNs: EventLog.wallClockNs())) })
  }
  results.append(("parse_and_plan_us", times.sorted()[times.count / 2] * 1e6))
  report(results)
}
