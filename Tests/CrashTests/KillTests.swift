import Foundation
import Store
import TestSupport
import Testing

/// Programs that are killed at any moment.
struct KillTests {
  /// A large file is committed in parts, small files one by one.
  @Test(arguments: [(1, 2.0), (40, 0.8)])
  func niloIngestKilled(files fileCount: Int, hours: Double) throws {
    let workspace = try Workspace()
    let fleet = Fleet(devices: 120, hours: hours, seed: 7)
    let files = try fleet.write(files: fileCount, in: workspace)
    let arguments = ["ingest", "--data", workspace.path("store"), "--stream", "fleet"] + files
    let start = ContinuousClock.now
    try #require(try Child.run(Child.nilo, arguments, in: workspace).status == 0)
    let microseconds = Int((ContinuousClock.now - start) / .microseconds(1))
    rounds(fileCount > 1 ? 2 : 1) { random in
      workspace.remove("store")
      var count = 0
      for run in 0..<random.within(1...2) {
        let child = try Child(Child.nilo, arguments, in: workspace)
        pause(microseconds: microseconds / 100 * random.within(1...100))
        child.send(SIGKILL)
        _ = try child.wait()
        count = try verify(fleet, workspace, isFirstRun: run == 0, atLeast: count)
      }
      print("killed with \(count) of \(fleet.events.count) events stored")
      try fleet.complete(workspace.path("store"), files, in: workspace)
    }
  }

  /// Documents without ids, too, are there once each, and so many small ones that a read is several blocks.
  @Test func eventsWithoutIdsAreThereOnce() throws {
    let workspace = try Workspace()
    let count = 400_000
    let lines = (0..<count).map { "{\"ts\":\(1_717_200_000 + $0),\"n\":\($0)}\n" }
    let file = try workspace.write("small.ndjson", lines.joined())
    let store = workspace.path("store")
    let arguments = ["ingest", "--data", store, "--stream", "s", "--json", file]
    rounds(2) { random in
      workspace.remove("store")
      var kills = 0
      while true {
        let child = try Child(Child.nilo, arguments, in: workspace)
        // The later ones are left more time, so that there is an end.
        pause(microseconds: random.below(400_000 << min(kills, 5)))
        child.send(SIGKILL)
        if try child.wait().status == 0 { break }
        kills += 1
      }
      let store = try Store(directory: store)
      defer { store.close() }
      var next = 0
      try store.forEachEvent(of: "s") { event in
        let line = lines[next].utf8.dropLast()
        try check(event.bytes.elementsEqual(line), "event \(next) is another")
        next += 1
        return true
      }
      try checkEqual(next, count, "events after \(kills) kills")
    }
  }

  /// A pipe that stands still between its parts has each part committed.
  @Test func niloIngestOfAPipeKilled() throws {
    let workspace = try Workspace()
    let fleet = Fleet(devices: 20, hours: 1, seed: 8)
    let files = try fleet.write(files: 1, in: workspace)
    rounds(1) { random in
      workspace.remove("store")
      let pipe = Pipe()
      let child = try Child(
        Child.nilo, ["ingest", "--data", workspace.path("store"), "--stream", "fleet", "-"],
        in: workspace, input: pipe)
      let parts = random.within(2...6)
      let line = fleet.lines.count / 8
      for part in 0..<parts {
        let text = fleet.text(part * line..<(part + 1) * line)
        try pipe.fileHandleForWriting.write(contentsOf: Data(text.utf8))
        while try Fleet.eventCount(workspace.path("store"), in: workspace) == 0 {
          pause(microseconds: 20_000)
        }
        pause(microseconds: random.below(450_000))
      }
      child.send(SIGKILL)
      _ = try child.wait()
      _ = try fleet.verifyPrefix(workspace.path("store"), in: workspace, isFirstRun: true)
      try fleet.complete(workspace.path("store"), files, in: workspace, piped: true)
    }
  }

  private func verify(
    _ fleet: Fleet, _ workspace: Workspace, isFirstRun: Bool, atLeast count: Int
  ) throws -> Int {
    guard FileManager.default.fileExists(atPath: workspace.path("store/data.mdb")) else { return 0 }
    // A reader before any writer mends what there is to mend.
    let stat = try Child.run(
      Child.nilo, ["stat", "--data", workspace.path("store"), "--json"], in: workspace)
    try checkEqual(stat.status, 0, "nilo stat: \(stat)")
    let held = try fleet.verifyPrefix(
      workspace.path("store"), in: workspace, isFirstRun: isFirstRun)
    try check(held >= count, "\(held) events are there after \(count) were")
    return held
  }

  /// What `append` returned for is there, whenever the program is killed.
  @Test func whatWasAcknowledgedIsThere() throws {
    let workspace = try Workspace()
    rounds(2) { random in
      let script = Script(batches: 250, streams: ["alpha", "beta", "gamma"], &random)
      try workspace.write("script", script.text)
      let expected = try Expected(script, in: workspace)
      workspace.remove("store")
      var held = 0
      var kills = 0
      while held < script.batches.count {
        let child = try Child(
          Child.writer, ["append", workspace.path("store"), workspace.path("script"), "\(held)"],
          in: workspace)
        let wanted = random.within(0...60)
        while child.isRunning, child.outputLines < wanted { pause(microseconds: 200) }
        pause(microseconds: random.below(3_000))
        child.send(SIGKILL)
        let acknowledged = max(try expected.acknowledged(try child.wait()), held)
        if acknowledged == 0, !FileManager.default.fileExists(atPath: workspace.path("store")) {
          continue
        }
        held = try expected.verify(workspace.path("store"))
        kills += 1
        try check(
          held == acknowledged || held == acknowledged + 1,
          "\(held) batches are there after kill \(kills), \(acknowledged) were acknowledged")
      }
      print("\(kills) kills until all was in")
    }
  }
}
