import Glibc
import Synchronization

/// Ctrl-C while something runs: SIGINT is counted instead of ending the process, and whoever works
/// asks now and then. May be asked from any thread.
///
/// A prompt's whole loop belongs into `catching`, so that no Ctrl-C between two of its steps ends
/// the process; while ``LineReader`` reads, it takes Ctrl-C itself.
///
///     try Interrupts.catching {
///       while case .line(let text) = try reader.read() {
///         Interrupts.reset()
///         try run(text, isCancelled: { Interrupts.isInterrupted })
///       }
///     }
public enum Interrupts {
  static let counter = Atomic<Int>(0)

  /// The signals since `catching` began, or since `reset()`.
  public static var count: Int { counter.load(ordering: .relaxed) }

  /// Whether there was a signal since `catching` began, or since ``reset()``.
  public static var isInterrupted: Bool { count > 0 }

  /// Forgets the signals so far: ``isInterrupted`` is false until the next one.
  public static func reset() { counter.store(0, ordering: .relaxed) }

  /// Runs `body`, during which SIGINT is counted from 0. Afterwards the signal does what it did
  /// before.
  public static func catching<T>(_ body: () throws -> T) rethrows -> T {
    reset()
    let restore = Signals.count(SIGINT)
    defer { restore() }
    return try body()
  }

  /// Waits; less long if there is an interrupt. False then.
  public static func sleep(milliseconds: Int) -> Bool {
    var rest = milliseconds
    while rest > 0 && !isInterrupted {
      _ = usleep(UInt32(min(rest, 20)) * 1_000)
      rest -= 20
    }
    return !isInterrupted
  }
}
