import Foundation
import Store
import Testing

/// Kills and faults while small blocks are merged: no event is lost or twice there, and merging can go on.
@Suite(.enabled(if: Child.hasStrace, "needs /usr/bin/strace"))
struct CompactKillTests {
  private struct Setting {
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

    func compact(_ options: [String]) throws -> Ended {
      try workspace.copy("before", to: "store")
      return try Child.run(
        Child.strace,
        [
          "-f", "-qq", "-y", "-P", workspace.path("store/data.mdb"), "-e",
          "trace=\(Trace.calls.joined(separator: ","))",
        ] + options + [Child.writer, "compact", workspace.path("store"), "-"], in: workspace)
    }

    func points() throws -> [(String, Int)] {
      let log = workspace.path("log")
      let ended = try compact(["-o", log])
      try check(
        ended.lines.last?.hasPrefix("done ") ?? false && ended.lines.last != "done 122 122",
        "nothing was merged: \(ended)")
      let counts = Trace.counts(try String(contentsOfFile: log, encoding: .utf8))
      try check(counts["fallocate"] != nil, "no room was given back: \(counts)")
      return counts.sorted { $0.key < $1.key }.flatMap { call, count in
        (1...count).map { (call, $0) }
      }
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
      let setting = try Setting(&random)
      for (call, number) in try setting.points().shuffled(using: &random).prefix(sampled(12)) {
        _ = try setting.compact([
          "-o", "/dev/null", "-e", "inject=\(call):signal=KILL:when=\(number)",
        ])
        try setting.verify("killed at \(call) \(number)")
      }
    }
  }

  @Test(arguments: ["EIO", "ENOSPC"])
  func aCallThatFails(error code: String) {
    round { random in
      let setting = try Setting(&random)
      for (call, number) in try setting.points().shuffled(using: &random).prefix(sampled(6)) {
        let ended = try setting.compact([
          "-o", "/dev/null", "-e", "inject=\(call):error=\(code):when=\(number)",
        ])
        try check(
          ended.status == 0 || ended.lines.contains { $0.hasPrefix("failed ") },
          "\(code) at \(call) \(number): \(ended)")
        try setting.verify("\(code) at \(call) \(number)")
      }
    }
  }
}
