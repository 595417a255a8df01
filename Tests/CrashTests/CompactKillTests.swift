import Foundation
import Store
import Testing

/// Kills and faults while small blocks are merged: no event is lost or twice there, and merging can go on.
@Suite(.enabled(if: Child.hasStrace, "needs /usr/bin/strace"))
struct CompactKillTests {
  private struct Setting: FaultyChange {
    static let command = "compact"
    let workspace: Workspace
    let expected: Expected

    /// A store of many small blocks of two streams, one between the other.
    init(_ random: inout SeededGenerator) throws {
      workspace = try Workspace()
      let script = Script(batches: 120, streams: ["alpha", "beta"], &random)
      try workspace.write("script", script.text)
      expected = try Expected(script, in: workspace)
      try script.append(0..<120, to: workspace.path("before"))
    }

    func checkDone(_ ended: Ended, _ counts: [String: Int]) throws {
      try check(
        ended.lines.last?.hasPrefix("done ") ?? false && ended.lines.last != "done 122 122",
        "nothing was merged: \(ended)")
      try check(counts["fallocate"] != nil, "no room was given back: \(counts)")
    }

    /// All events are there, once, and the rest can be merged.
    func verify(_ what: String) throws {
      let path = workspace.path("store")
      do {
        try checkEqual(try expected.verify(path), 120, "batches")
        let store = try Store(directory: path)
        defer { store.close() }
        let report = try store.compact()
        try check(report.blocksAfter <= 5, "\(report.blocksAfter) blocks are left")
        try checkEqual(try expected.verify(store), 120, "batches after merging")
      } catch {
        throw Mismatch(description: "\(what): \(error)")
      }
    }
  }

  @Test func killedAtEachCall() {
    round { random in
      try Setting(&random).killAtCalls(atMost: sampled(12), &random)
    }
  }

  @Test(arguments: ["EIO", "ENOSPC"])
  func aCallThatFails(error code: String) {
    round { random in
      try Setting(&random).failAtCalls(code, atMost: sampled(6), &random)
    }
  }
}
