import Foundation
import Testing

@Suite struct UsageTests {
  let workspace: Workspace

  init() throws { workspace = try Workspace() }

  @Test(arguments: [
    ("usage-no-stream", ["ingest", "file"]),
    ("usage-no-file", ["ingest", "--stream", "s"]),
    ("usage-format", ["ingest", "--stream", "s", "--format", "xml", "file"]),
    ("usage-empty-path", ["ingest", "--stream", "s", "--time", "", "file"]),
    ("usage-command", ["injest"]),
    ("usage-command", ["help", "injest"]),
    ("usage-statement", ["alter", "stream"]),
    ("usage-stats", ["stats"]),
    ("usage-kpi-command", ["kpi", "nope"]),
    ("usage-kpi-command", ["help", "kpi", "nope"]),
    ("usage-rebuild-since", ["rebuild", "--since", "soon"]),
    ("usage-read-since", ["kpi", "read", "k", "--until", "soon"]),
    ("usage-option", ["stat", "--jsn"]),
    ("usage-seq", ["events", "--stream", "s", "--seq", "a..b"]),
    ("usage-seq-zero", ["events", "--stream", "s", "--seq", "0..5"]),
    ("usage-seq-order", ["events", "--stream", "s", "--seq", "9..5"]),
    ("usage-since", ["events", "--stream", "s", "--since", "yesterday"]),
    (
      "usage-since-until",
      ["events", "--stream", "s", "--since", "2024-06-02", "--until", "2024-06-01"]
    ),
    ("usage-limit", ["events", "--stream", "s", "--limit", "-1"]),
    ("usage-kind", ["ledger", "--kind", "lost"]),
    ("usage-export-format", ["export", "facts", "s", "--to", "x", "--format", "xlsx"]),
    ("usage-export-partition", ["export", "facts", "s", "--to", "x", "--partition", "day"]),
    ("usage-export-follow", ["export", "kpi", "k", "--to", "x.csv", "--follow", "10s"]),
    ("usage-export-tag", ["export", "facts", "s", "--to", "x", "--tag", "city"]),
    ("usage-duration", ["generate", "fleet", "--every", "30x"]),
    ("usage-duration-range", ["generate", "fleet", "--every", "2d"]),
    ("usage-percent", ["generate", "fleet", "--late", "101%"]),
    ("usage-devices", ["generate", "fleet", "--devices", "0"]),
    ("usage-hours", ["generate", "fleet", "--hours", "nan"]),
    ("usage-size", ["generate", "large", "--size", "5 MB"]),
    ("usage-size-range", ["generate", "large", "--size", "100"]),
  ])
  func wrongUsage(_ name: String, _ arguments: [String]) throws {
    let outcome = try workspace.nilo(arguments)
    #expect(outcome.status == 2)
    #expect(outcome.output == "")
    try expectGolden(name, outcome.error, in: workspace)
  }

  @Test(arguments: [
    ["stat"], ["events", "--stream", "s"], ["ledger"], ["check"], ["backup", "b"], ["compact"],
    ["export", "facts", "s", "--to", "x"],
  ])
  func aMissingStore(_ arguments: [String]) throws {
    let outcome = try workspace.nilo(arguments + ["--data", "nothing/here"])
    #expect(outcome.status == 1)
    #expect(outcome.output == "")
    try expectGolden("missing-store", outcome.error, in: workspace)
    #expect(!FileManager.default.fileExists(atPath: workspace.path("nothing")))
  }

  @Test func aMissingParentDirectory() throws {
    let outcome = try workspace.nilo(
      "ingest", "--data", "nothing/here", "--stream", "s", "-", input: pumps)
    #expect(outcome.status == 1)
    #expect(outcome.output == "")
    try expectGolden("ingest-no-parent", outcome.error, in: workspace)
  }

  @Test(arguments: [
    [], ["--help"], ["help", "ingest"], ["ingest", "--help"], ["stat", "--help"],
    ["events", "--help"], ["ledger", "--help"], ["check", "--help"], ["backup", "--help"],
    ["compact", "--help"], ["export", "--help"], ["export", "facts", "--help"],
    ["export", "kpi", "--help"],
    ["query", "--help"], ["repl", "--help"], ["generate", "--help"],
    ["generate", "fleet", "--help"], ["generate", "large", "--help"],
  ])
  func helpHasAnExample(_ arguments: [String]) throws {
    let outcome = try workspace.nilo(arguments)
    #expect(outcome.status == 0)
    #expect(outcome.error == "")
    #expect(outcome.output.contains("Example:\n"))
    #expect(outcome.output.split(separator: "\n").allSatisfy { !$0.hasPrefix("Error") })
  }

  @Test func version() throws {
    let outcome = try workspace.nilo("--version")
    #expect(outcome.status == 0)
    #expect(outcome.output == "0.1.0\n")
  }

  @Test func aFullDiskUnderStandardOutput() throws {
    let outcome = try workspace.shell("$nilo generate fleet --hours 1 > /dev/full")
    #expect(outcome.status == 1)
    #expect(outcome.error == "nilo: standard output cannot be written: No space left on device\n")
  }
}
