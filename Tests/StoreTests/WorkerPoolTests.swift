import Foundation
import Synchronization
import Testing
import Threads

@Suite struct WorkerPoolTests {
  /// Each piece runs once, whoever submits it.
  @Test func allPiecesRunOnce() throws {
    let pool = WorkerPool(threadCount: 3)
    let counts = Mutex<[Int: Int]>([:])
    let done = DispatchSemaphore(value: 0)
    for number in 0..<3_000 {
      try pool.submit(WorkerPool.Share.allCases[number % 3]) {
        counts.withLock { $0[number, default: 0] += 1 }
        done.signal()
      }
    }
    for _ in 0..<3_000 { #expect(done.wait(timeout: .now() + 60) == .success) }
    #expect(counts.withLock { $0.count == 3_000 && $0.values.allSatisfy { $0 == 1 } })
  }

  /// While queries and a rebuild have more to do than there is time for, ingest gets its share, and so does the rebuild.
  @Test func noShareStarves() throws {
    let pool = WorkerPool(threadCount: 2)
    let finished = Mutex<[WorkerPool.Share: Int]>([:])
    let isDone = Atomic<Bool>(false)
    @Sendable func work(_ share: WorkerPool.Share) {
      let end = ContinuousClock.now + .milliseconds(1)
      while ContinuousClock.now < end {}
      finished.withLock { $0[share, default: 0] += 1 }
      if !isDone.load(ordering: .relaxed) { try? pool.submit(share) { work(share) } }
    }
    for _ in 0..<40 {
      try pool.submit(.query) { work(.query) }
      try pool.submit(.rebuild) { work(.rebuild) }
    }
    try pool.submit(.ingest) { work(.ingest) }
    try pool.submit(.ingest) { work(.ingest) }
    while finished.withLock({ $0.values.reduce(0, +) }) < 1_300 {
      Thread.sleep(forTimeInterval: 0.01)
    }
    isDone.store(true, ordering: .relaxed)
    let counts = finished.withLock { $0 }
    let (ingest, query) = (counts[.ingest] ?? 0, counts[.query] ?? 0)
    let rebuild = counts[.rebuild] ?? 0
    // 8 to 4 to 1, give or take what the machine does beside it.
    #expect(ingest > query && query > rebuild && rebuild > 0, "\(counts)")
  }

  /// Pieces that wait for others are stood in for.
  @Test func blockedPiecesDoNotStopThePool() throws {
    let pool = WorkerPool(threadCount: 2)
    let gate = DispatchSemaphore(value: 0)
    let done = DispatchSemaphore(value: 0)
    for _ in 0..<4 {
      try pool.submit(.ingest) {
        pool.blocking { gate.wait() }
        done.signal()
      }
    }
    // What they wait for is itself work of the pool.
    for _ in 0..<4 { try pool.submit(.ingest) { gate.signal() } }
    for _ in 0..<4 { #expect(done.wait(timeout: .now() + 60) == .success) }
  }

  private final class Token: Sendable {}

  /// What a piece holds, such as the bytes of a batch, is given back when it has run, and not when others have.
  @Test func piecesHoldNothingOnceTheyHaveRun() throws {
    let pool = WorkerPool(threadCount: 2)
    let done = DispatchSemaphore(value: 0)
    var tokens: [() -> Token?] = []
    for _ in 0..<50 {
      let token = Token()
      tokens.append { [weak token] in token }
      try pool.submit(.ingest) { [token] in
        withExtendedLifetime(token) {}
        done.signal()
      }
    }
    for _ in 0..<50 { #expect(done.wait(timeout: .now() + 60) == .success) }
    // The last ones may be on their way out of the worker.
    for _ in 0..<1_000 where tokens.contains(where: { $0() != nil }) {
      Thread.sleep(forTimeInterval: 0.01)
    }
    #expect(tokens.allSatisfy { $0() == nil })
  }

  /// Who waits for a thread goes on when it has ended, when it never began, and on the thread itself.
  @Test func threadsThatCanBeWaitedFor() throws {
    JoinableThread(named: "never").join()
    let thread = JoinableThread(named: "waited")
    let (begun, goOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let steps = Mutex<[String]>([])
    try thread.start {
      thread.join()
      steps.withLock { $0.append("joined itself") }
      begun.signal()
      goOn.wait()
      steps.withLock { $0.append("ended") }
    }
    begun.wait()
    DispatchQueue.global().asyncAfter(deadline: .now() + 0.05) { goOn.signal() }
    thread.join()
    steps.withLock { $0.append("waited") }
    #expect(steps.withLock { $0 } == ["joined itself", "ended", "waited"])
  }
}
