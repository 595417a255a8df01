import Foundation

/// The threads that parse, fold and scan: as many as there are processors, whoever asks for work, so that threads do not
/// grow with clients.
///
/// Work comes in short pieces, a block's at most, and each belongs to a share. Shares that have work get processor time by
/// their weights (stride scheduling: C. A. Waldspurger and W. E. Weihl, Stride Scheduling, 1995): a burst of queries never
/// starves ingest, and a rebuild yields to both without standing still.
///
/// A piece must not wait for another one. What has to wait for a commit says so: ``blocking(_:)``.
public final class WorkerPool: @unchecked Sendable {
  /// What work is for.
  public enum Share: Int, CaseIterable, Sendable {
    case ingest, query, rebuild

    /// Its part of the time while others have work, too.
    var weight: UInt64 {
      switch self {
      case .ingest: 8
      case .query: 4
      case .rebuild: 1
      }
    }
  }

  private struct Lane {
    /// Those that were taken are nil: they hold nothing any more.
    var pieces: [(@Sendable () -> Void)?] = []
    var next = 0
    /// Time that it has had, divided by its weight.
    var pass: UInt64 = 0
    var running = 0

    var isEmpty: Bool { next == pieces.count }

    mutating func take() -> @Sendable () -> Void {
      let piece = pieces[next]!
      pieces[next] = nil
      next += 1
      if next > 64 && next * 2 > pieces.count {
        pieces.removeFirst(next)
        next = 0
      }
      return piece
    }
  }

  /// That of the program.
  public static let shared = WorkerPool()

  public let threadCount: Int
  private let condition = NSCondition()
  // Guarded by `condition`.
  private var lanes = Share.allCases.map { _ in Lane() }
  private var started = 0
  /// Pieces that wait for something else than a processor.
  private var blocked = 0
  private var idle = 0

  @TaskLocal private static var isAtWork = false

  /// Two threads at least, so that one that waits for the disk does not stop all.
  public init(threadCount: Int = max(2, ProcessInfo.processInfo.activeProcessorCount)) {
    self.threadCount = threadCount
  }

  /// Whether the calling thread is doing a piece of work: then it must not wait for another piece.
  public static var isWorker: Bool { isAtWork }

  /// Adds a piece of work, before all others of its share if it ends what was begun and so gives memory back. Throws
  /// ``ThreadError`` when there is no thread to do it, and none can be started.
  public func submit(
    _ share: Share, isNext: Bool = false, _ piece: @escaping @Sendable () -> Void
  ) throws(ThreadError) {
    condition.lock()
    defer { condition.unlock() }
    let waiting = lanes.reduce(0) { $0 + $1.pieces.count - $1.next }
    if waiting >= idle { try startMore() }
    let least = lanes.filter { !$0.isEmpty || $0.running > 0 }.map(\.pass).min()
    // What a share has not used while it had no work is not saved up.
    if let least, lanes[share.rawValue].isEmpty, lanes[share.rawValue].running == 0 {
      lanes[share.rawValue].pass = max(lanes[share.rawValue].pass, least)
    }
    let place = isNext ? lanes[share.rawValue].next : lanes[share.rawValue].pieces.count
    lanes[share.rawValue].pieces.insert(piece, at: place)
    condition.signal()
  }

  /// Runs `body`, which waits for what other pieces may have to do first: another thread stands in meanwhile.
  public func blocking<R>(_ body: () throws -> R) rethrows -> R {
    guard Self.isWorker else { return try body() }
    condition.withLock {
      blocked += 1
      // Where none can be started, those that there are go on.
      if started - blocked < 1 { try? startMore() }
    }
    defer { condition.withLock { blocked -= 1 } }
    return try body()
  }

  private func startMore() throws(ThreadError) {
    guard started < threadCount + blocked else { return }
    do throws(ThreadError) {
      // Documents may nest deeply, and the scanner follows them by recursion.
      try startThread(named: "nilo.work.\(started)", stackBytes: 16 << 20) { [self] in
        Self.$isAtWork.withValue(true) { run() }
      }
    } catch {
      if started - blocked < 1 { throw error }
      return
    }
    started += 1
  }

  private func run() {
    let clock = ContinuousClock()
    var done: (share: Int, time: Duration)?
    while true {
      condition.lock()
      if let done {
        lanes[done.share].running -= 1
        let ns = UInt64(max(0, done.time / .nanoseconds(1)))
        lanes[done.share].pass += max(1, ns / Share.allCases[done.share].weight)
      }
      // One that stood in for another has done its part.
      if started > threadCount + blocked {
        started -= 1
        // A signal that was meant for anyone must not end with this thread.
        condition.signal()
        condition.unlock()
        return
      }
      while lanes.allSatisfy(\.isEmpty) {
        idle += 1
        condition.wait()
        idle -= 1
      }
      let share = lanes.indices.filter { !lanes[$0].isEmpty }.min {
        lanes[$0].pass < lanes[$1].pass
      }!
      let piece = lanes[share].take()
      lanes[share].running += 1
      condition.unlock()
      let begin = clock.now
      piece()
      done = (share, clock.now - begin)
    }
  }
}
