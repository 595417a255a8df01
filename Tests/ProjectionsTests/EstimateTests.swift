import Query
import Store
import Testing

@testable import Projections

/// What is known of estimates for certain.
@Suite struct EstimateTests {
  /// The sketch alone would say more for some of these counts.
  @Test func noMoreAreDifferentThanThereAre() throws {
    let directory = TemporaryDirectory()
    let store = try Store(directory: directory.path)
    defer { store.close() }
    let counts = stride(from: 600, through: 3_000, by: 300)
    for count in counts {
      let events = (0..<count).map {
        #"{"timestamp":"2024-06-01T00:00:00Z","g":\#(count),"id":"\#(count)-\#($0)"}"#
      }
      _ = try store.append(events, to: "s")
    }
    let text = "SELECT distinct(id) AS d, count(id) AS n FROM s SINCE '2024-06-01' GROUP BY g"
    let answer = try QueryEngine(store).run(text, QueryOptions(nowNs: 0))[0]
    var renderer = AnswerRenderer(.csv)
    renderer.hasFooter = false
    let rows = String(decoding: renderer.bytes(answer), as: UTF8.self)
      .split(separator: "\n").dropFirst().map { $0.split(separator: ",").compactMap { Int($0) } }
    #expect(rows.count == counts.map { $0 }.count)
    for row in rows { #expect(row[1] <= row[2] && row[1] * 100 >= row[2] * 95, "\(row)") }
    #expect(rows.contains { $0[1] == $0[2] })
  }
}
