import Foundation

/// A thread that one can wait for.
public final class JoinableThread: @unchecked Sendable {
  private let name: String
  private let condition = NSCondition()
  // Guarded by `condition`.
  private var thread: Thread?
  private var isRunning = false

  /// `name` is shown by the system's tools, cut to 15 bytes.
  public init(named name: String) { self.name = name }

  /// Runs `body` on the thread. To be called once. Throws ``ThreadError``; `body` is not run then.
  public func start(_ body: @escaping @Sendable () -> Void) throws(ThreadError) {
    condition.withLock {
      precondition(!isRunning && thread == nil, "a thread is started twice")
      isRunning = true
    }
    do throws(ThreadError) {
      try startThread(named: name) { [self] in
        condition.withLock { thread = Thread.current }
        body()
        condition.withLock {
          isRunning = false
          condition.broadcast()
        }
      }
    } catch {
      condition.withLock { isRunning = false }
      throw error
    }
  }

  /// Returns when `body` has, and at once when it never began. On the thread itself it returns at once, too: that may be the
  /// last to let go of whoever waits for it.
  public func join() {
    condition.withLock {
      while isRunning, thread != Thread.current { condition.wait() }
    }
  }
}
