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

  private struct Setting: FaultyChange {
    static let command = "alter"
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

    func checkDone(_ ended: Ended, _ counts: [String: Int]) throws {
      try check(ended.lines.last == "done 2", "\(ended)")
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
