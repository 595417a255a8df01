import Foundation
import Testing

/// Ids beyond 2^53 from a file to the answers of each command.
@Suite struct IntegerCommandTests {
  let workspace: Workspace

  init() throws { workspace = try Workspace() }

  private static let rows = """
    timestamp,device_id,c
    2024-06-01T00:00:00Z,1234567890123456781,9007199254740993
    2024-06-01T00:00:10Z,1234567890123456782,18446744073709551615
    2024-06-01T00:00:20Z,1234567890123456781,9007199254740994
    2024-06-01T00:00:30Z,18446744073709551617,-9223372036854775808

    """

  private func ingest() throws {
    let file = try workspace.write("ids.csv", Self.rows)
    #expect(try workspace.nilo("ingest", "--stream", "s", file).status == 0)
  }

  @Test func rowsOfCSVKeepTheirDigits() throws {
    try ingest()
    let answer = try workspace.nilo(
      "query", "--format", "csv", "SELECT device_id, c FROM s SINCE '2024-06-01'")
    #expect(answer.output == Self.rows.replacing("timestamp", with: "time"))
    let events = try workspace.nilo("events", "--stream", "s").output.split(separator: "\n")
    #expect(
      events.map(String.init)
        == Self.rows.split(separator: "\n").dropFirst().map { row in
          let cells = row.split(separator: ",")
          return #"{"timestamp":"\#(cells[0])","device_id":\#(cells[1]),"c":\#(cells[2])}"#
        })
  }

  @Test func idsAreGivenAsParameters() throws {
    try ingest()
    let query = "SELECT max(c) AS c FROM s WHERE device_id = $id"
    for (id, highest) in [
      ("1234567890123456781", "9007199254740994"), ("1234567890123456782", "18446744073709551615"),
      ("18446744073709551617", "-9223372036854775808"), ("18446744073709551618", ""),
    ] {
      let answer = try workspace.nilo(
        "query", "--format", "ndjson", "--param", "id=\(id)", query)
      let value = highest.isEmpty ? "null" : highest
      #expect(answer.output == "{\"c\":\(value)}\n", "\(id): \(answer.error)")
    }
  }

  @Test func rowsOfKpisHaveAllDigits() throws {
    try ingest()
    let defined = try workspace.nilo(
      "kpi", "define", "k", "--from", "s", "--select", "max(c) AS high, last(c) AS last", "--by",
      "device_id", "--every", "1h")
    #expect(defined.status == 0, "\(defined.error)")
    let read = try workspace.nilo("kpi", "read", "k", "--format", "csv").output
    for cells in [
      "1234567890123456781,9007199254740994,9007199254740994",
      "1234567890123456782,18446744073709551615,18446744073709551615",
      "18446744073709551617,-9223372036854775808,-9223372036854775808",
    ] {
      #expect(read.contains(",\(cells),"), "\(read)")
    }
    let table = try workspace.nilo("kpi", "read", "k").output
    #expect(table.contains("  18446744073709551615  18446744073709551615  "), "\(table)")
    let json = try workspace.nilo("kpi", "read", "k", "--json").output
    #expect(json.contains("\"1234567890123456782\",18446744073709551615,"), "\(json)")
    let verified = try workspace.nilo("rebuild", "--verify", "k")
    #expect(verified.status == 0, "\(verified.output)")
  }
}
