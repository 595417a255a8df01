import Foundation

/// A thread that one can wait for.
public final class JoinableThread: @unchecked Sendable {
  private let name: String
  private let isBackground: Bool
  private let condition = NSCondition()
  // Guarded by `condition`.
  private var thread: Thread?
  private var isRunning = false

  /// How much less it is worth than others: a tenth of their time where they want it all.
  private static let backgroundNiceness: Int32 = 10

  /// `name` is shown by the system's tools, cut to 15 bytes. One in the background takes what time others leave: it must hold
  /// nothing that they wait for.
  public init(named name: String, isBackground: Bool = false) {
    (self.name, self.isBackground) = (name, isBackground)
  }

  /// Runs `body` on the thread. To be called once. Throws ``ThreadError``; `body` is not run then.
  public func start(_ body: @escaping @Sendable () -> Void) throws(ThreadError) {
    condition.withLock {
      precondition(!isRunning && thread == nil, "a thread is started twice")
      isRunning = true
    }
    do throws(ThreadError) {
      try startThread(named: name) { [self] in
        condition.withLock { thread = Thread.current }
        // Of the calling thread alone, on Linux. Where it cannot be, it is a thread as others.
        if isBackground {
          _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, Self.backgroundNiceness)
        }
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
