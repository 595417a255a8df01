import Foundation
import Testing

/// What commands say where a user has meant something else.
@Suite struct AdviceTests {
  let workspace: Workspace

  init() throws { workspace = try Workspace() }

  @Test func fieldsThatNoEventHasAreNamed() throws {
    let file = try workspace.write("pumps.ndjson", pumps)
    let outcome = try workspace.nilo(
      "ingest", "--stream", "s", "--dedup", "evnt_id", "--key", "devcie_id", "--explode", "floww",
      file)
    #expect(outcome.status == 0)
    #expect(
      outcome.error == """
        no event of s has a value at devcie_id, which is its key; did you mean device_id?
        no event of s has a value at evnt_id, which is its dedup id; did you mean event_id?
        no event of s has a value at floww, which is its array that explodes

        """)
    let notes = outcome.error.split(separator: "\n").map(String.init)
    let report = try workspace.nilo("stat").output.split(separator: "\n").map(String.init)
    #expect(notes.allSatisfy { report.contains("  \($0)") })
    let streams = try workspace.nilo("stat", "--json").json()["streams"] as? [[String: Any]]
    #expect(streams?[0]["notes"] as? [String] == notes)
    let right = try workspace.nilo("ingest", "--stream", "t", "--dedup", "event_id", file)
    #expect(right.error == "")
    let ahead = try workspace.nilo("query", "DEFINE STREAM u TIME timestamp KEY nothing")
    #expect(ahead.status == 0)
    #expect(!ahead.error.contains("no event"))
  }

  @Test func theTimeIsNoKey() throws {
    let outcome = try workspace.nilo(
      "ingest", "--stream", "s", "--key", "timestamp", "-", input: pumps)
    #expect(outcome.status == 1)
    #expect(
      outcome.error.contains(
        #""timestamp" is the time and cannot be the key as well; name another field, or none"#))
  }

  @Test func tablesWithoutAHeaderAndWithoutANameAreTold() throws {
    let rows = "2024-06-01T00:00:00Z,p1,1.5\n2024-06-01T01:00:00Z,p1,2.5\n"
    let table = try workspace.nilo(
      "ingest", "--stream", "s", try workspace.write("rows.csv", rows))
    #expect(table.status == 1)
    #expect(
      table.error.contains(
        #"rows.csv: its first line is read as the names of the fields: "2024-06-01T00:00:00Z", "p1", "1.5""#
      ))
    let text = try workspace.nilo(
      "ingest", "--stream", "s", try workspace.write("rows.txt", "timestamp,v\n" + rows))
    #expect(text.status == 1)
    #expect(
      text.error.contains(
        "rows.txt: it is read as NDJSON, since its name says no other format; --format csv, tsv or json says another"
      ))
  }

  @Test func theLedgerKnowsItsStreams() throws {
    _ = try workspace.nilo("ingest", "--stream", "pumps", "-", input: pumps)
    _ = try workspace.nilo("ingest", "--stream", "none", "-", input: "bad\n")
    let typo = try workspace.nilo("ledger", "--stream", "pumsp")
    #expect(typo.status == 1)
    #expect(typo.error == "nilo: there is no stream \"pumsp\"; did you mean pumps?\n")
    #expect(try workspace.nilo("ledger", "--stream", "pumps").status == 0)
    // What made no stream is on the ledger all the same.
    #expect(try workspace.nilo("ledger", "--stream", "none").output.contains("rejected  none"))
  }

  @Test func aLimitOfFileSizesIsAnError() throws {
    let file = try workspace.write("pumps.ndjson", pumps)
    let none = try workspace.shell("ulimit -f 1; $nilo ingest --stream s '\(file)'")
    #expect(none.status == 1)
    #expect(none.error.contains("the file size limit is reached"))
    #expect(!FileManager.default.fileExists(atPath: workspace.path("nilo-data/data.mdb.new")))
    let some = try workspace.shell(
      "ulimit -f 400; $nilo generate fleet --devices 100 --hours 6 > /dev/null && "
        + "$nilo generate fleet --devices 100 --hours 6 | $nilo ingest --stream fleet -")
    #expect(some.status == 1)
    #expect(some.error.contains("the file size limit is reached"))
    #expect(try workspace.nilo("check").status == 0)
    let backup = try workspace.shell("ulimit -f 4; $nilo backup copy")
    #expect(backup.status == 1)
    #expect(backup.error.contains("the file size limit is reached"))
    #expect(!FileManager.default.fileExists(atPath: workspace.path("copy/data.mdb.partial")))
    let output = try workspace.shell(
      "ulimit -f 1; $nilo generate fleet --devices 100 --hours 6 > out.ndjson")
    #expect(output.status == 1)
    #expect(output.error.contains("standard output cannot be written: File too large"))
  }

  @Test func aStoreThatIsNoFileIsAnError() throws {
    let outcome = try workspace.shell("mkdir d; mkfifo d/data.mdb; timeout 20 $nilo stat --data d")
    #expect(outcome.status == 1)
    #expect(
      outcome.error.contains("data.mdb is no database (it is a directory, a pipe or a device)"))
  }

  @Test func aClosedInputIsAnError() throws {
    _ = try workspace.nilo("ingest", "--stream", "pumps", "-", input: pumps)
    let outcome = try workspace.shell("$nilo query - <&-")
    #expect(outcome.status == 1)
    #expect(outcome.error == "nilo: standard input cannot be read: Bad file descriptor\n")
  }
}
