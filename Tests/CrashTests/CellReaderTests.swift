import Foundation
import Store
import Testing

/// Programs that read cells while another one writes them: each answer is that of a store that got only the events to it.
struct CellReaderTests {
  private static func limits(_ random: inout SeededGenerator) -> [String] {
    [
      random.pick([1, 50_000, 128 << 20]), random.pick([1, 30, 500_000]),
      random.pick([1, 200, 1 << 30]), random.pick([300, 8_000]),
    ].map { "\($0)" }
  }

  /// However far the cells on disk are behind the log.
  @Test func readersAtEveryLag() {
    rounds(2) { random in
      let workspace = try Workspace()
      let steps = try CellSteps(24, in: workspace, &random)
      let store = workspace.path("before")
      let writer = try Conversation(["steps", store, "-"] + Self.limits(&random), in: workspace)
      let readers = try (0..<2).map { _ in try Conversation(["read", store, "-"], in: workspace) }
      var answers = 0
      for (index, step) in steps.steps.enumerated() {
        let said = try writer.tell(step, until: "step")
        try checkEqual(said.last.flatMap(CellSteps.seq), steps.lastSeqs[index], "\(step): \(said)")
        for reader in readers {
          let said = try reader.tell("", until: "asked")
          let found = said.compactMap { CellAnswer($0) }
          try checkEqual(found.count, 4, "answers after \(step): \(said)")
          for answer in found {
            let seq = try steps.verify(
              answer, withRevisions: true, "another program, after step \(index)")
            try checkEqual(seq, steps.lastSeqs[index], "the event of an answer")
            answers += 1
          }
        }
      }
      for one in readers + [writer] {
        let ended = try one.end()
        try checkEqual(ended.status, 0, "exit status: \(ended.error)")
      }
      try checkEqual(answers, 8 * steps.steps.count, "answers")
      try Self.verifyCells(store, "after the last step")
    }
  }

  /// The writer is killed at any moment, and goes on; those who read meanwhile do not notice.
  @Test func readersOfAWriterThatIsKilled() {
    rounds(2) { random in
      let workspace = try Workspace()
      let steps = try CellSteps(40, in: workspace, &random)
      let store = workspace.path("before")
      let reader = try Conversation(["read", store, "-"], in: workspace)
      var (next, kills, answers) = (0, 0, 0)
      while next < steps.steps.count {
        let path = try workspace.write(
          "rest", steps.steps[next...].map { "\($0)\n" }.joined())
        let writer = try Child(
          Child.writer, ["steps", store, "-"] + Self.limits(&random), in: workspace,
          input: try FileHandle(forReadingFrom: URL(fileURLWithPath: path)))
        let lifeMicroseconds = random.below(150_000 << min(kills, 5))
        let killer = DispatchWorkItem { writer.send(SIGKILL) }
        DispatchQueue.global().asyncAfter(
          deadline: .now() + .microseconds(lifeMicroseconds), execute: killer)
        while writer.isRunning {
          for answer in try reader.tell("", until: "asked").compactMap({ CellAnswer($0) }) {
            try steps.verify(
              answer, withRevisions: false, "another program, after \(kills) kills")
            answers += 1
          }
        }
        killer.cancel()
        let ended = try writer.wait()
        if ended.status == -SIGKILL {
          kills += 1
        } else {
          try checkEqual(ended.status, 0, "\(ended)")
        }
        try Self.verifyCells(store, "after \(kills) kills")
        next = try steps.next(after: try Self.lastSeq(store))
      }
      try check(answers > 0, "nothing was asked")
      let last = try reader.tell("", until: "asked").compactMap { CellAnswer($0) }
      try checkEqual(
        last.map(\.seq), Array(repeating: steps.lastSeqs.last ?? 0, count: 4), "the end")
      for answer in last { try steps.verify(answer, withRevisions: true, "at the end") }
      try checkEqual(try reader.end().status, 0, "exit status of the reader")
      print("\(kills) kills, \(answers) answers meanwhile")
    }
  }

  private static func lastSeq(_ path: String) throws -> UInt64 {
    let store = try Store(directory: path, mode: .readOnly)
    defer { store.close() }
    return try store.statistics().lastSeq
  }

  /// As they are on disk.
  private static func verifyCells(_ path: String, _ when: String) throws {
    let store = try Store(directory: path, mode: .readOnly)
    defer { store.close() }
    let report = try store.check()
    try check(report.isSound, "\(when): \(report.damages)")
    for report in try store.projections.rebuild(named: [], verify: true) {
      try check(report.differences.isEmpty, "\(report.name) \(when): \(report.differences)")
    }
  }
}
