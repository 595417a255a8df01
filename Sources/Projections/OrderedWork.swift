import Foundation
import Model
import Threads

/// Work in numbered pieces, done by several threads and handed out in order. A few pieces are ahead at most.
///
/// Threads are woken only for what they wait for: the taker for its next piece, a worker for room.
final class OrderedWork<Result: Sendable>: @unchecked Sendable {
  private let count: Int
  private let work: @Sendable (Int) throws -> Result
  /// Pieces that may be begun.
  private let room: DispatchSemaphore
  private let condition = NSCondition()
  // Guarded by `condition`.
  private var nextToDo = 0
  private var nextToTake = 0
  private var isTakerWaiting = false
  private var done: [Int: Swift.Result<Result, any Error>] = [:]
  private var isStopped = false

  private static var threadCount: Int { max(2, ProcessInfo.processInfo.activeProcessorCount) }
  private static var maxAhead: Int { 2 * threadCount + 2 }

  /// Throws ``ThreadError`` when a thread cannot be started.
  init(count: Int, _ work: @escaping @Sendable (Int) throws -> Result) throws {
    self.count = count
    self.work = Cancellation.handedOn(work)
    // Made without room: one that ends with less than it began with traps.
    room = DispatchSemaphore(value: 0)
    for _ in 0..<Self.maxAhead { room.signal() }
    do {
      for number in 0..<min(Self.threadCount, count) {
        try startThread(named: "nilo.fold.\(number)") { [self] in run() }
      }
    } catch {
      stop()
      throw error
    }
  }

  /// The next piece's result. To be called `count` times.
  func next() throws -> Result {
    let result = condition.withLock {
      while done[nextToTake] == nil {
        isTakerWaiting = true
        condition.wait()
      }
      defer { nextToTake += 1 }
      return done.removeValue(forKey: nextToTake)!
    }
    room.signal()
    return try result.get()
  }

  /// No piece is begun any more.
  func stop() {
    condition.withLock { isStopped = true }
    for _ in 0..<Self.threadCount { room.signal() }
  }

  private func run() {
    while let piece = take() {
      let result = Swift.Result { try work(piece) }
      condition.withLock {
        done[piece] = result
        if isTakerWaiting, piece == nextToTake {
          isTakerWaiting = false
          condition.signal()
        }
      }
    }
  }

  private func take() -> Int? {
    room.wait()
    return condition.withLock {
      guard !isStopped, nextToDo < count else {
        // Others that wait have nothing to do either.
        room.signal()
        return nil
      }
      defer { nextToDo += 1 }
      return nextToDo
    }
  }
}
