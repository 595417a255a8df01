import Foundation
import Query
import Store
import Testing

/// How answers tell that a row of a KPI was corrected after it was final. Revisions count blocks, so that they are no
/// cases of `cases/*.nqltest`, which ask stores of other blocks as well.
@Suite struct RevisionTests {
  private let directory = TemporaryDirectory()
  private let store: Store
  /// The last event before the late one.
  private let before: UInt64

  init() throws {
    store = try Store(directory: directory.path)
    _ = try store.append(
      [
        #"{"timestamp":"2024-06-01T00:05:00Z","v":1}"#,
        #"{"timestamp":"2024-06-01T00:50:00Z","v":2}"#,
        #"{"timestamp":"2024-06-01T02:10:00Z","v":3}"#,
      ], to: "s")
    _ = try QueryEngine(store).run(
      "DEFINE KPI k AS count(*) AS n FROM s EVERY 1h", QueryOptions(nowNs: 0))
    before = try store.snapshot().lastSeq
    _ = try store.append([#"{"timestamp":"2024-06-01T00:30:00Z","v":4}"#], to: "s")
  }

  private func answer(_ text: String) throws -> Answer {
    try QueryEngine(store).run(text, QueryOptions(nowNs: 0))[0]
  }

  private func text(_ text: String, _ format: AnswerFormat = .csv) throws -> String {
    var renderer = AnswerRenderer(format)
    renderer.hasFooter = false
    return String(decoding: renderer.bytes(try answer(text)), as: UTF8.self)
  }

  @Test func isReadFromJSON() throws {
    let answer = try answer("SELECT n FROM k")
    let read = try Answer(json: AnswerRenderer(.json).bytes(answer))
    let table = String(decoding: AnswerRenderer(.table).bytes(read), as: UTF8.self)
    #expect(table.contains("final, revision 1"))
    #expect(table == String(decoding: AnswerRenderer(.table).bytes(answer), as: UTF8.self))
  }

  @Test func isAnItem() throws {
    #expect(
      try text("SELECT n, revision AS r FROM k") == """
        time,n,r,state
        2024-06-01T00:00:00Z,3,1,final
        2024-06-01T02:00:00Z,1,0,provisional

        """)
    #expect(
      try text("SELECT n FROM k HAVING revision > 0") == """
        time,n,state
        2024-06-01T00:00:00Z,3,final

        """)
    // Of longer buckets it is the sum.
    #expect(
      try text("SELECT n, revision FROM k EVERY 1d ORDER BY revision") == """
        time,n,revision,state
        2024-06-01T00:00:00Z,4,1,provisional

        """)
  }

  @Test func isNullWhereItIsNotKnown() throws {
    #expect(
      try text("SELECT n, revision FROM k SINCE '2024-06-01T00:15' UNTIL '2024-06-01T03:00' FILL 0")
        == """
        time,n,revision,state
        2024-06-01T00:00:00Z,2,,partial
        2024-06-01T01:00:00Z,0,,final
        2024-06-01T02:00:00Z,1,0,provisional

        """)
    #expect(
      try text("SELECT n, revision FROM k AS OF SEQ \(before)") == """
        time,n,revision,state
        2024-06-01T00:00:00Z,2,,final
        2024-06-01T02:00:00Z,1,,provisional

        """)
  }

  @Test func isShown() throws {
    #expect(
      try text("SELECT n FROM k", .table) == """
        time                  n  state
        2024-06-01T00:00:00Z  3  final, revision 1
        2024-06-01T02:00:00Z  1  provisional

        """)
    #expect(try text("SELECT n FROM k", .vertical).contains("state  final, revision 1\n"))
    #expect(try text("SELECT n FROM k", .markdown).contains("| final, revision 1 |"))
    #expect(try text("SELECT n FROM k", .ndjson).contains(#""state":"final"}"#))
    let note = "1 row was corrected after being final; the item revision says how often"
    #expect(try answer("SELECT n FROM k").meta.notes.contains(note))
    #expect(try !answer("SELECT n, revision FROM k").meta.notes.contains(note))
    #expect(try !answer("SELECT n FROM k LIMIT 1 AS OF SEQ \(before)").meta.notes.contains(note))
  }

  @Test func isOfKpisWithBuckets() {
    #expect(throws: (any Error).self) { try answer("SELECT revision FROM s LIMIT 1") }
    #expect(throws: (any Error).self) {
      try answer("SELECT n, revision FROM k AT '2024-06-01T00:05:00Z'")
    }
  }
}
