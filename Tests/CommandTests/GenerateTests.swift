import Foundation
import Testing

@Suite struct GenerateTests {
  let workspace: Workspace

  init() throws { workspace = try Workspace() }

  @Test func theSameOptionsGiveTheSameBytes() throws {
    for options in [
      ["fleet", "--devices", "10", "--every", "1m", "--hours", "2", "--late", "5%"],
      ["large", "--messages", "3", "--size", "20kB"],
    ] {
      let arguments = ["generate"] + options + ["--seed"]
      let first = try workspace.nilo(arguments + ["7"])
      #expect(first.status == 0)
      #expect(first.error == "")
      #expect(try workspace.nilo(arguments + ["7"]).output == first.output)
      #expect(try workspace.nilo(arguments + ["8"]).output != first.output)
    }
  }

  @Test func countsAreAsAskedFor() throws {
    let fleet = try workspace.nilo(
      "generate", "fleet", "--devices", "10", "--every", "30s", "--hours", "1", "--late", "0%",
      "--duplicates", "10%")
    #expect(fleet.output.split(separator: "\n").count == 1_320)
    let large = try workspace.nilo("generate", "large", "--messages", "2", "--size", "4KiB")
    let sizes = large.output.split(separator: "\n").map(\.utf8.count)
    #expect(sizes.count == 2)
    #expect(sizes.allSatisfy { $0 > 3_996 && $0 < 4_096 })
  }

  @Test func aClosedPipeEndsItQuietly() throws {
    for line in ["$nilo generate fleet | head -1", "$nilo generate large | head -c 10"] {
      let outcome = try workspace.shell(line)
      #expect(outcome.status == 0)
      #expect(outcome.error == "")
      #expect(outcome.output.hasPrefix("{"))
    }
    _ = try workspace.shell("$nilo generate fleet --hours 1 | $nilo ingest --stream fleet -")
    let events = try workspace.shell("$nilo events --stream fleet | head -1")
    #expect(events.status == 0)
    #expect(events.error == "")
    #expect(events.output.hasPrefix(#"{"event_id""#))
  }

  @Test func whatIsGeneratedGoesIn() throws {
    let fleet = try workspace.shell(
      """
      $nilo generate fleet --devices 50 --hours 2 --late 2% --duplicates 1% |
      $nilo ingest --stream fleet --json -
      """)
    #expect(fleet.status == 0)
    let summary = try fleet.json()
    #expect(summary["accepted"] as? Int == 12_000)
    #expect(summary["duplicates"] as? Int == 120)
    #expect(try #require(summary["late"] as? Int) > 200)
    let large = try workspace.shell(
      """
      $nilo generate large --messages 4 --size 50kB |
      $nilo ingest --stream press --explode readings --json -
      """)
    #expect(large.status == 0)
    #expect(try large.json()["accepted"] as? Int == 4)
  }
}
