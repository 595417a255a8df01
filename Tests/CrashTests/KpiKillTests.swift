import Foundation
import Store
import Testing

/// Programs that are killed while cells change.
struct KpiKillTests {
  /// Whatever was killed: log and cells are in step, and the cells are those that a rebuild finds.
  @Test func cellsStayInStepWithTheLog() throws {
    let workspace = try Workspace()
    let fleet = Fleet(devices: 60, hours: 2, seed: 11)
    let files = try fleet.write(files: 4, in: workspace)
    let data = ["--data", workspace.path("store")]
    rounds(3) { random in
      workspace.remove("store")
      var kills = 0
      func run(_ arguments: [String], killAfterMicroseconds limit: Int? = nil) throws {
        let child = try Child(Child.nilo, arguments + data, in: workspace)
        if let limit {
          pause(microseconds: random.below(limit))
          child.send(SIGKILL)
        }
        let ended = try child.wait()
        // One that was to be killed may have come to its end before.
        if limit != nil, ended.status == -SIGKILL {
          kills += 1
          return
        }
        try checkEqual(ended.status, 0, "exit status of nilo \(arguments): \(ended)")
      }
      func define(_ name: String, by: String, _ limit: Int? = nil) throws {
        try run(
          [
            "kpi", "define", name, "--from", "fleet", "--by", by, "--every", "10m", "--select",
            "count(*), sum(temperature), stddev(humidity), p90(pressure), distinct(status)",
          ], killAfterMicroseconds: limit)
      }
      try run(["ingest", "--stream", "fleet", files[0]])
      try define("live", by: "device_id")
      try run(["ingest", "--stream", "fleet"] + files, killAfterMicroseconds: 600_000)
      try verify(workspace, "a killed ingest")
      try define("late", by: "site", 150_000)
      try verify(workspace, "a killed filling")
      try run(["rebuild"], killAfterMicroseconds: 300_000)
      try verify(workspace, "a killed rebuild")
      try run(["ingest", "--stream", "fleet"] + files)
      try verify(workspace, "the rest")
      try fleet.complete(workspace.path("store"), files, in: workspace)
      print("\(kills) of 3 were killed before their end")
    }
  }

  private func verify(_ workspace: Workspace, _ when: String) throws {
    let store = try Store(directory: workspace.path("store"))
    defer { store.close() }
    let report = try store.check()
    try check(report.isSound, "after \(when): \(report.damages)")
    // Waits for a filling that was cut off.
    for report in try store.projections.rebuild(named: [], verify: true) {
      try check(report.differences.isEmpty, "\(report.name) after \(when): \(report.differences)")
    }
  }
}
