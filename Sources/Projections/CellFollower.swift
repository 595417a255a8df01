import Foundation
import Threads

/// The thread on which cells follow the log. It is started when there is something to do first.
final class CellFollower: @unchecked Sendable {
  private let condition = NSCondition()
  // Guarded by `condition`.
  private var thread: JoinableThread?
  private var isDue = false
  private var isStopped = false

  /// Has `work` done soon, once for all that ask meanwhile. Throws ``ThreadError`` when it never will.
  func wake(_ work: @escaping @Sendable () -> Void) throws(ThreadError) {
    condition.lock()
    defer { condition.unlock() }
    if isStopped { return }
    isDue = true
    condition.broadcast()
    if thread != nil { return }
    let started = JoinableThread(named: "nilo.cells")
    try started.start { [self] in run(work) }
    thread = started
  }

  private func run(_ work: () -> Void) {
    while true {
      let goesOn = condition.withLock {
        while !isDue, !isStopped { condition.wait() }
        isDue = false
        return !isStopped
      }
      guard goesOn else { return }
      work()
      condition.withLock { condition.broadcast() }
    }
  }

  /// Returns when work was done after which `isTooMuch` is false.
  func wait(while isTooMuch: () -> Bool) {
    condition.withLock {
      while !isStopped, isTooMuch() {
        isDue = true
        condition.broadcast()
        condition.wait()
      }
    }
  }

  /// Returns when the work under way is done; none is begun afterwards.
  func stop() {
    let started = condition.withLock {
      isStopped = true
      condition.broadcast()
      return thread
    }
    started?.join()
  }
}
