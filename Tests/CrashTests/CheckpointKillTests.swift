import Foundation
import Projections
import Query
import Store
import Testing

/// Kills and faults while cells are written: on disk are those of before or those of after, and both answer the same.
@Suite(.enabled(if: Child.hasStrace, "needs /usr/bin/strace"))
struct CheckpointKillTests {
  private struct Setting: FaultyChange {
    static let command = "cells"
    static let kpis = ["by_device", "by_site", "by_status", "levels"]
    let workspace: Workspace
    private var rows: [String: [UInt8]] = [:]

    /// A store whose cells on disk have the first events, and not the others: some are of pages that are there, and some of
    /// buckets that are not.
    init(_ random: inout SeededGenerator) throws {
      workspace = try Workspace()
      let fleet = Fleet(devices: 100, hours: 0.4, seed: UInt64(random.below(1_000)))
      let store = try Store(directory: workspace.path("live"))
      defer { store.close() }
      let count = fleet.lines.count
      let first = random.within(count / 8...count / 4)
      _ = try store.append(Array(fleet.lines[..<first]), to: "fleet")
      // Cells have much to write: pages do not fit into one call.
      let items = "count(*), stddev(humidity), p90(pressure), distinct(event_id), top(event_id, 3)"
      for (name, by) in [("by_device", "device_id"), ("by_site", "site"), ("by_status", "status")] {
        try store.projections.define(
          KpiDefinition(name: name, stream: "fleet", select: items, groupBy: by, every: "1m"),
          actor: "test")
      }
      try store.projections.define(
        KpiDefinition(
          name: "levels", stream: "fleet", select: "increase(pressure), last(status)",
          groupBy: "site", every: "1h"),
        actor: "test")
      _ = try store.append(Array(fleet.lines[first...]), to: "fleet")
      // As a program leaves it that is killed.
      try check(try store.backup(to: workspace.path("before")).isSound, "the copy is damaged")
      for name in Self.kpis { rows[name] = try Self.rows(name, store) }
    }

    private static func rows(_ name: String, _ store: Store) throws -> [UInt8] {
      let answers = try QueryEngine(store).run(
        "SELECT *, facts, revision FROM \(name)", QueryOptions(nowNs: 0))
      return AnswerRenderer(.csv).bytes(answers[0])
    }

    func checkDone(_ ended: Ended, _ counts: [String: Int]) throws {
      try checkEqual(ended.lines.last, "done", "\(ended)")
      try check(
        counts.filter { $0.key.contains("write") }.reduce(0) { $0 + $1.value } > 2,
        "all pages are written in one call: \(counts)")
    }

    func verify(_ what: String) throws {
      let path = workspace.path("store")
      do {
        for mode in [Store.Mode.readOnly, .readWrite] {
          let store = try Store(directory: path, mode: mode)
          defer { store.close() }
          let report = try store.check()
          try check(report.isSound, "\(report.damages)")
          for report in try store.projections.rebuild(named: [], verify: true) {
            try check(report.differences.isEmpty, "\(report.name): \(report.differences)")
          }
          for name in Self.kpis {
            try check(try Self.rows(name, store) == rows[name], "rows of \(name), \(mode)")
          }
        }
      } catch {
        throw Mismatch(description: "\(what): \(error)")
      }
    }
  }

  @Test func killedAtEachCall() {
    round { random in
      try Setting(&random).killAtCalls(atMost: sampled(6), &random)
    }
  }

  @Test(arguments: ["EIO", "ENOSPC"])
  func aCallThatFails(error code: String) {
    round { random in
      try Setting(&random).failAtCalls(code, atMost: sampled(4), &random)
    }
  }
}
