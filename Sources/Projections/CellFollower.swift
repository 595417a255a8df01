import Foundation
import Threads

/// The thread on which cells follow the log. It is started when there is something to do first.
final class CellFollower: @unchecked Sendable {
  /// What it does, and when without being asked.
  struct Job: Sendable {
    var work: @Sendable () -> Void
    /// Whether it has waited for long enough; nil while there is nothing that waits.
    var isOverdue: @Sendable () -> Bool?
  }

  /// How often it is looked whether work is overdue, as the clock that tells may be another than the system's.
  private static let lookSeconds = 1.0

  private let condition = NSCondition()
  // Guarded by `condition`.
  private var thread: JoinableThread?
  private var isDue = false
  private var isStopped = false
  /// The thread waits until it is told of something.
  private var isAsleep = false

  /// Has the job done soon, once for all that ask meanwhile. Throws ``ThreadError`` when it never will.
  func wake(_ job: Job) throws(ThreadError) {
    condition.lock()
    defer { condition.unlock() }
    if isStopped { return }
    isDue = true
    condition.broadcast()
    try start(job)
  }

  /// Has the job done when it is overdue. Throws ``ThreadError`` when it never will.
  func watch(_ job: Job) throws(ThreadError) {
    condition.lock()
    defer { condition.unlock() }
    if isStopped { return }
    if isAsleep { condition.broadcast() }
    try start(job)
  }

  private func start(_ job: Job) throws(ThreadError) {
    if thread != nil { return }
    let started = JoinableThread(named: "nilo.cells")
    try started.start { [self] in run(job) }
    thread = started
  }

  private func run(_ job: Job) {
    while true {
      let goesOn = condition.withLock {
        while !isDue, !isStopped {
          switch job.isOverdue() {
          case nil:
            isAsleep = true
            condition.wait()
            isAsleep = false
          case true?: isDue = true
          case false?: _ = condition.wait(until: Date(timeIntervalSinceNow: Self.lookSeconds))
          }
        }
        isDue = false
        return !isStopped
      }
      guard goesOn else { return }
      job.work()
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
