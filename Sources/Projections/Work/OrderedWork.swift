import Foundation
import Model
import Threads

/// Work in numbered pieces, done by the program's workers and handed out in order. A few pieces are ahead at most.
package final class OrderedWork<Result: Sendable>: @unchecked Sendable {
  private let count: Int
  private let share: WorkerPool.Share
  private let work: @Sendable (Int) throws -> Result
  private let pool: WorkerPool
  private let condition = NSCondition()
  // Guarded by `condition`.
  private var nextToBegin = 0
  private var nextToTake = 0
  private var isTakerWaiting = false
  private var done: [Int: Swift.Result<Result, any Error>] = [:]
  private var isStopped = false

  /// Throws `ThreadError` when there is no thread that could do it.
  package init(
    count: Int, for share: WorkerPool.Share, pool: WorkerPool = .shared,
    _ work: @escaping @Sendable (Int) throws -> Result
  ) throws {
    self.count = count
    self.share = share
    self.pool = pool
    self.work = Cancellation.handedOn(work)
    for _ in 0..<min(count, 2 * pool.threadCount + 2) { try begin() }
  }

  /// The next piece's result. To be called `count` times, by a thread that is none of the workers.
  package func next() throws -> Result {
    precondition(!WorkerPool.isWorker, "a worker waits for work")
    let result = condition.withLock {
      precondition(nextToTake < count, "more pieces are taken than there are")
      while done[nextToTake] == nil {
        isTakerWaiting = true
        condition.wait()
      }
      defer { nextToTake += 1 }
      return done.removeValue(forKey: nextToTake)!
    }
    try begin()
    return try result.get()
  }

  /// No piece is begun any more.
  package func stop() { condition.withLock { isStopped = true } }

  private func begin() throws {
    let piece: Int? = condition.withLock {
      guard nextToBegin < count, !isStopped else { return nil }
      defer { nextToBegin += 1 }
      return nextToBegin
    }
    if let piece { try pool.submit(share) { [self] in run(piece) } }
  }

  private func run(_ piece: Int) {
    if condition.withLock({ isStopped }) { return }
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

extension OrderedWork {
  /// Does work for each of `items`, side by side, and hands the results to `take` in order, on this thread. A single item, and all
  /// that a worker has, is done here. Throws `ThreadError` when there is no thread that could do it.
  static func forEach<Item: Sendable>(
    _ items: [Item], for share: WorkerPool.Share,
    _ work: @escaping @Sendable (Item) throws -> Result,
    take: (Result) throws -> Void
  ) throws {
    if items.count < 2 || WorkerPool.isWorker {
      for item in items { try take(try work(item)) }
      return
    }
    let ordered = try OrderedWork(count: items.count, for: share) { try work(items[$0]) }
    defer { ordered.stop() }
    for _ in items { try take(try ordered.next()) }
  }
}

extension Array {
  /// Neighbours together, as long as their sizes add up to `limit` at most; a larger one alone. O(elements).
  func gathered(upTo limit: Int, _ size: (Element) -> Int) -> [[Element]] {
    var (all, last, total): ([[Element]], [Element], Int) = ([], [], 0)
    for element in self {
      let own = size(element)
      if !last.isEmpty, total + own > limit {
        all.append(last)
        (last, total) = ([], 0)
      }
      last.append(element)
      total += own
    }
    return last.isEmpty ? all : all + [last]
  }
}
