import NIOPosix
import Synchronization

/// Threads for work that blocks, which has no place on those of Swift's tasks. Their number does not grow with clients: who
/// comes when all are busy waits, and when too many wait is told so.
final class BlockingPool: Sendable {
  let threadCount: Int
  let maxWaiting: Int
  private let name: String
  private let setting: String
  private let pool: NIOThreadPool
  private let entered = Atomic<Int>(0)

  /// `name` says in problems what there is too much of: `queries`; `setting` how many may wait.
  init(named name: String, threadCount: Int, maxWaiting: Int, setting: String) {
    (self.name, self.threadCount, self.maxWaiting) = (name, threadCount, maxWaiting)
    self.setting = setting
    pool = NIOThreadPool(numberOfThreads: threadCount)
    pool.start()
  }

  /// What runs, and what waits for a thread.
  var runningCount: Int { min(entered.load(ordering: .relaxed), threadCount) }
  var waitingCount: Int { max(0, entered.load(ordering: .relaxed) - threadCount) }

  /// Runs `body` on one of the threads. Throws a ``Problem`` of kind `tooBusy` when too many wait.
  func run<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    let before = entered.add(1, ordering: .relaxed).oldValue
    defer { entered.subtract(1, ordering: .relaxed) }
    guard before < threadCount + maxWaiting else {
      var problem = Problem(
        .tooBusy,
        "\(maxWaiting) \(name) are waiting already (\(setting)); ask again in a moment")
      problem.retryAfterSeconds = 1
      throw problem
    }
    return try await pool.runIfActive(body)
  }

  /// Runs `body` on one of the threads, however many wait. It is told whether the threads still work: when they have been
  /// stopped, it is called where this is called.
  func submit(_ body: @escaping @Sendable (_ isActive: Bool) -> Void) {
    entered.add(1, ordering: .relaxed)
    pool.submit { [self] state in
      defer { entered.subtract(1, ordering: .relaxed) }
      body(state == .active)
    }
  }

  func stop() async { try? await pool.shutdownGracefully() }
}
