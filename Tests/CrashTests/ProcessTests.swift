import EventLog
import Foundation
import Store
import Synchronization
import Testing

/// Several processes on one store.
struct ProcessTests {
  /// A `nilo ingest` that has stored the first part of a pipe and waits for more.
  private struct Waiting {
    let workspace: Workspace
    let fleet: Fleet
    let pipe = Pipe()
    let child: Child
    let part: Int

    init() throws {
      workspace = try Workspace()
      fleet = Fleet(devices: 10, hours: 1, seed: 11)
      part = fleet.lines.count / 3
      child = try Child(
        Child.nilo,
        ["ingest", "--data", workspace.path("store"), "--stream", "fleet", "--json", "-"],
        in: workspace, input: pipe)
      try feed(fleet.text(0..<part))
      while child.isRunning, try Fleet.eventCount(workspace.path("store"), in: workspace) == 0 {
        pause(microseconds: 20_000)
      }
    }

    func feed(_ text: String) throws {
      try pipe.fileHandleForWriting.write(contentsOf: Data(text.utf8))
    }
  }

  @Test func aSecondWriterIsRefused() throws {
    let waiting = try Waiting()
    let workspace = waiting.workspace
    let file = try waiting.fleet.write(files: 1, in: workspace)[0]
    let second = try Child.run(
      Child.nilo, ["ingest", "--data", workspace.path("store"), "--stream", "fleet", file],
      in: workspace)
    #expect(second.status == 1)
    #expect(second.error.contains("another process has it open for writing"))
    #expect(second.error.contains(workspace.path("store")))
    for command in [
      ["stat"], ["events", "--stream", "fleet", "--limit", "3"], ["check"], ["ledger"],
    ] {
      let reader = try Child.run(
        Child.nilo, command + ["--data", workspace.path("store")], in: workspace)
      #expect(reader.status == 0, "\(command): \(reader)")
    }
    try waiting.feed(waiting.fleet.text(waiting.part..<waiting.fleet.lines.count))
    try waiting.pipe.fileHandleForWriting.close()
    let first = try waiting.child.wait()
    #expect(first.status == 0)
    #expect(try first.json()["accepted"] as? Int == waiting.fleet.events.count)
    try waiting.fleet.complete(workspace.path("store"), [file], in: workspace, piped: true)
  }

  @Test(arguments: [SIGINT, SIGTERM]) func aSignalEndsAtACommit(_ signal: Int32) throws {
    let waiting = try Waiting()
    let workspace = waiting.workspace
    waiting.child.send(signal)
    let ended = try waiting.child.wait()
    #expect(ended.status == 130)
    #expect(try ended.json()["interrupted"] as? Bool == true)
    let count = try waiting.fleet.verifyPrefix(
      workspace.path("store"), in: workspace, isFirstRun: true)
    #expect(try ended.json()["accepted"] as? Int == count)
    #expect(count > 0 && count < waiting.fleet.events.count)
    let file = try waiting.fleet.write(files: 1, in: workspace)[0]
    try waiting.fleet.complete(workspace.path("store"), [file], in: workspace, piped: true)
  }

  /// At any moment of a run over files, too.
  @Test func aSignalAtAnyMoment() throws {
    let workspace = try Workspace()
    let fleet = Fleet(devices: 60, hours: 1, seed: 12)
    let files = try fleet.write(files: 20, in: workspace)
    let arguments =
      ["ingest", "--data", workspace.path("store"), "--stream", "fleet", "--json"] + files
    rounds(2) { random in
      workspace.remove("store")
      let child = try Child(Child.nilo, arguments, in: workspace)
      // Before the program has its handlers, a signal ends it as it ends any other.
      while child.isRunning,
        !FileManager.default.fileExists(atPath: workspace.path("store/data.mdb"))
      {
        pause(microseconds: 500)
      }
      pause(microseconds: random.below(400_000))
      child.send(random.pick([SIGINT, SIGTERM]))
      let ended = try child.wait()
      try check([0, 130].contains(ended.status), "\(ended)")
      let count = try fleet.verifyPrefix(
        workspace.path("store"), in: workspace, isFirstRun: true)
      try checkEqual(try ended.json()["accepted"] as? Int, count, "accepted")
      try fleet.complete(workspace.path("store"), files, in: workspace)
    }
  }

  /// Readers of this and of other processes see whole commits.
  @Test func readersSeeWholeCommitsOnly() throws {
    let workspace = try Workspace()
    rounds(1) { random in
      workspace.remove("store")
      let script = Script(batches: 400, of: 7, stream: "alpha", &random)
      try workspace.write("script", script.text)
      let writer = try Child(
        Child.writer, ["append", workspace.path("store"), workspace.path("script")], in: workspace)
      while writer.isRunning, writer.outputLines < 2 { pause(microseconds: 500) }
      let store = try Store(directory: workspace.path("store"), mode: .readOnly)
      defer { store.close() }
      var last = 0
      var seen: Set<Int> = []
      while writer.isRunning {
        let count = Int(try store.statistics().streams[0].totals.events)
        try check(count % 7 == 0 && count >= last, "\(count) events after \(last)")
        var read = 0
        try store.forEachEvent(of: "alpha", seqs: UInt64(max(count - 20, 1))...(.max)) {
          read = Int($0.seq) - 1
          return true
        }
        try check(read % 7 == 0 && read >= count, "the last seq read is \(read) after \(count)")
        let acknowledged = min(writer.outputLines, script.batches.count)
        let outside = try Fleet.eventCount(workspace.path("store"), in: workspace)
        try check(
          outside % 7 == 0 && outside >= max(acknowledged * 7, read),
          "nilo stat saw \(outside) after \(acknowledged) commits were acknowledged")
        last = outside
        seen.insert(outside)
      }
      try checkEqual(try writer.wait().status, 0, "the writer's status")
      print("readers saw \(seen.count) states")
      try checkEqual(
        Int(try store.statistics().streams[0].totals.events), 400 * 7, "events in the end")
    }
  }
  /// Cells that another process reads are those of a whole commit, and in the end of the last one.
  @Test func otherProcessesReadCellsOfWholeCommits() throws {
    let workspace = try Workspace()
    let store = try Store(directory: workspace.path("store"))
    defer { store.close() }
    // Four events of one device and three of another: a part of a commit would show.
    let batch = (0..<7).map { #"{"ts":"2024-06-01T00:00:00Z","d":"d\#($0 % 2)","v":2}"# }
    _ = try store.append(batch, to: "s")
    try store.projections.define(
      try KpiDefinition(
        name: "k", stream: "s", select: "count(*) AS n, sum(v) AS v", groupBy: "d", every: "1h"),
      actor: "test")
    let isWritten = Atomic<Bool>(false)
    let seen = Mutex<Set<Int>>([])
    try inThreads(2) { thread in
      if thread == 0 {
        defer { isWritten.store(true, ordering: .releasing) }
        for _ in 0..<100 { _ = try store.append(batch, to: "s") }
      } else {
        var last = 1
        while !isWritten.load(ordering: .acquiring) {
          // Where the cells are newer than what the reader began with, it computes their bucket from columns.
          let (batches, source) = try Self.batchesInCells(workspace)
          try check(
            source == Self.cells || source == "\(Self.cells) and columns", "read from \(source)")
          try check(batches >= last, "cells of \(batches) batches after those of \(last)")
          last = batches
          _ = seen.withLock { $0.insert(batches) }
        }
      }
    }
    print("another process saw cells of \(seen.withLock { $0.count }) commits")
    let (batches, source) = try Self.batchesInCells(workspace)
    try checkEqual(batches, 101, "batches in the cells in the end")
    try checkEqual(source, Self.cells, "what is read in the end")
  }

  private static let cells = "cells of KPI k version 1"

  /// Reads KPI k by a process of its own, and tells what it was read from; throws unless it is of whole batches.
  private static func batchesInCells(
    _ workspace: Workspace
  ) throws -> (batches: Int, source: String) {
    let ended = try Child.run(
      Child.nilo,
      ["query", "--data", workspace.path("store"), "--json", "SELECT n, v FROM k"], in: workspace)
    try checkEqual(ended.status, 0, "exit status of nilo query: \(ended)")
    let answer = try ended.json()
    let rows = answer["rows"] as? [[Any]] ?? []
    // Beside the time and the device.
    let counts = rows.compactMap { $0[2] as? Int }
    let batches = (counts.first ?? 0) / 4
    try checkEqual(counts, [4 * batches, 3 * batches], "counts of \(ended.output)")
    try checkEqual(
      rows.compactMap { $0[3] as? Double }, counts.map { 2 * Double($0) },
      "sums of \(ended.output)")
    let meta = answer["meta"] as? [String: Any]
    return (batches, meta?["source"] as? String ?? "nothing")
  }
  private final class Witness: CommitObserver {
    let name: String
    /// What it throws whenever it is told something.
    private let failure: Mismatch?

    init(_ name: String, failure: Mismatch? = nil) { (self.name, self.failure) = (name, failure) }

    func didCommit(_ seqs: ClosedRange<UInt64>, streams: Set<String>) throws {
      if let failure { throw failure }
    }
  }

  /// `nilo stat` shows how far observers of another process are. Their failures are known there alone.
  @Test func statShowsObservers() throws {
    let workspace = try Workspace()
    let store = try Store(directory: workspace.path("store"))
    defer { store.close() }
    func stat(_ options: String...) throws -> Ended {
      try Child.run(
        Child.nilo, ["stat", "--data", workspace.path("store")] + options, in: workspace)
    }
    _ = try store.append([#"{"ts":1717200000}"#], to: "s")
    #expect(try !stat().output.contains("observers"))
    #expect(try (stat("--json").json()["observers"] as? [Any])?.isEmpty == true)

    try store.log.add(Witness("stuck", failure: Mismatch(description: "no way")))
    // It is told of nothing, so its position is where it began.
    try store.log.add(Witness("live"), startingAfter: 2)
    let listed = try stat().output.split(separator: "\n").suffix(3)
    #expect(
      listed == [
        "observers", "  live   at seq 2, nothing behind", "  stuck  at seq 0, 2 events behind",
      ])
    let states = try stat("--json").json()["observers"] as? [[String: Any]] ?? []
    #expect(states.map { $0["name"] as? String } == ["live", "stuck"])
    #expect(states.map { $0["seq"] as? Int } == [2, 0])
    #expect(states.map { $0["lag"] as? Int } == [0, 2])
    #expect(states.allSatisfy { $0["failure"] is NSNull })
  }
}
