import Foundation
import Store
import Testing

/// Kills and faults while a stream's events are read anew: it is what it was, or what it was to become.
@Suite(.enabled(if: Child.hasStrace, "needs /usr/bin/strace"))
struct AlterKillTests {
  /// What tells the two apart.
  private struct State: Equatable {
    var version: Int
    var facts: UInt64
    var times: ClosedRange<Int64>
    var watermarkNs: Int64?
    var documents: [[UInt8]] = []

    init(_ store: Store) throws {
      let found = try store.statistics().streams.first { $0.definition.name == "alpha" }
      guard let stream = found else { throw Mismatch(description: "the stream is gone") }
      version = stream.definition.version
      facts = stream.totals.facts
      times = stream.totals.minTimeNs...stream.totals.maxTimeNs
      watermarkNs = stream.watermarkNs
      try store.forEachEvent(of: "alpha") { event in
        documents.append(event.bytes)
        return true
      }
    }
  }

  private struct Setting {
    let workspace: Workspace
    private var states: [State] = []

    init(_ random: inout SeededGenerator) throws {
      workspace = try Workspace()
      let script = Script(batches: 60, streams: ["alpha", "beta"], &random)
      try script.append(0..<60, to: workspace.path("before"))
      let store = try Store(directory: workspace.path("before"))
      try store.projections.define(
        KpiDefinition(name: "k", stream: "alpha", select: "count(*)", every: "1h"), actor: "test")
      states.append(try State(store))
      store.close()
      try workspace.copy("before", to: "store")
      let altered = try Store(directory: workspace.path("store"))
      defer { altered.close() }
      try altered.alterStream("alpha") { $0.timePath = "value" }
      states.append(try State(altered))
      try check(states[0] != states[1], "nothing was altered")
    }

    func alter(_ options: [String]) throws -> Ended {
      try workspace.copy("before", to: "store")
      return try Child.run(
        Child.strace,
        [
          "-f", "-qq", "-y", "-P", workspace.path("store/data.mdb"), "-e",
          "trace=\(Trace.calls.joined(separator: ","))",
        ] + options + [Child.writer, "alter", workspace.path("store"), "-"], in: workspace)
    }

    func points() throws -> [(String, Int)] {
      let log = workspace.path("log")
      let ended = try alter(["-o", log])
      try check(ended.lines.last == "done 2", "\(ended)")
      let counts = Trace.counts(try String(contentsOfFile: log, encoding: .utf8))
      return counts.sorted { $0.key < $1.key }.flatMap { call, count in
        (1...count).map { (call, $0) }
      }
    }

    /// The stream is one or the other, and can become the other.
    func verify(_ what: String) throws {
      do {
        let store = try Store(directory: workspace.path("store"))
        defer { store.close() }
        try check(try store.check().isSound, "damage")
        try check(states.contains(try State(store)), "it is neither")
        try store.alterStream("alpha") { $0.timePath = "value" }
        try checkEqual(try State(store), states[1], "altered again")
        try check(try store.check().isSound, "damage after it")
        let reports = try store.projections.rebuild(named: [], verify: true)
        try check(reports.allSatisfy { $0.differences.isEmpty }, "cells differ")
      } catch {
        throw Mismatch(description: "\(what): \(error)")
      }
    }
  }

  @Test func killedAtEachCall() {
    round { random in
      let setting = try Setting(&random)
      for (call, number) in try setting.points().shuffled(using: &random).prefix(sampled(12)) {
        _ = try setting.alter([
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
        let ended = try setting.alter([
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
