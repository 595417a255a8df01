import Foundation
import Synchronization
import Testing

@testable import EventLog
@testable import Projections
@testable import Store

/// Whoever asks does not wait for those who fold or write cells, and is told the same.
@Suite struct TurnTests {
  /// Runs `body` while another thread has the turn of cells, which gives it back by itself only when `body` does not come to
  /// an end without it.
  private static func whileTaken(_ store: Store, _ body: () throws -> Void) throws {
    let (isTaken, isDone, isOver) = (
      DispatchSemaphore(value: 0), DispatchSemaphore(value: 0), DispatchSemaphore(value: 0)
    )
    let hasWaited = Atomic<Bool>(false)
    Thread {
      store.projections.cellsTurn.withLock {
        isTaken.signal()
        let end = isDone.wait(timeout: .now() + 60)
        hasWaited.store(end == .timedOut, ordering: .relaxed)
      }
      isOver.signal()
    }.start()
    isTaken.wait()
    do {
      defer {
        isDone.signal()
        isOver.wait()
      }
      try body()
    }
    let waited = hasWaited.load(ordering: .relaxed)
    try checkEqual(waited, false, "who asks has waited for the turn of cells")
  }

  @Test func whatIsNotFoldedYetIsFoldedForTheAnswer() {
    rounds(20) { random in
      let workspace = TemporaryDirectory()
      let store = try Store(directory: workspace.path)
      defer { store.close() }
      _ = try store.append([#"{"ts":1717200000,"d":"a","n":1,"v":1,"w":2}"#], to: "s")
      let definitions = try random.definitions(1...3, "k")
      for definition in definitions { try store.projections.define(definition, actor: "test") }
      for step in 0..<random.within(1...5) {
        try random.appendBatch(to: store)
        // Cells are partly in memory, partly on disk, and behind.
        if random.oneIn(2) { try store.projections.writeCells() }
        var told: [[KpiRow]] = []
        try Self.whileTaken(store) {
          for _ in 0..<random.within(1...3) { try random.appendBatch(to: store) }
          for definition in definitions { told.append(try store.rows(of: definition.name).rows) }
        }
        for (definition, rows) in zip(definitions, told) {
          // With the turn blocks are folded for all.
          let followed = try store.rows(of: definition.name).rows
          try checkEqual(rows, followed, "step \(step) of \(definition.name)")
        }
      }
      try KpiTests.verify(store, "after answers")
    }
  }
}
