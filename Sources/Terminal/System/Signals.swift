import Glibc
import Synchronization

/// Signals that this process sends itself or keeps off.
enum Signals {
  static func raise(_ number: Int32) { _ = kill(getpid(), number) }

  /// Stops the process group, as Ctrl-Z does; returns when it goes on.
  static func stop() {
    withDisposition(SIGTSTP, nil) { _ = kill(0, SIGTSTP) }
  }

  /// A program that started this one may have left them blocked.
  static func unblock(_ numbers: [Int32]) {
    var set = sigset_t()
    _ = unsafe sigemptyset(&set)
    for number in numbers { _ = unsafe sigaddset(&set, number) }
    _ = unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }

  static func ignoring<T>(_ numbers: [Int32], _ body: () throws -> T) rethrows -> T {
    guard let first = numbers.first else { return try body() }
    return try withDisposition(first, SIG_IGN) { try ignoring(Array(numbers.dropFirst()), body) }
  }

  /// Ignores a signal that nobody has a handler for.
  static func surviving<T>(_ number: Int32, _ body: () throws -> T) rethrows -> T {
    var current = sigaction()
    _ = unsafe sigaction(number, nil, &current)
    let isDefault = unsafe current.__sigaction_handler.sa_handler == nil
    return try ignoring(isDefault ? [number] : [], body)
  }

  /// Nil is the default, as SIG_DFL is null.
  private static func withDisposition<T>(
    _ number: Int32, _ handler: __sighandler_t?, _ body: () throws -> T
  ) rethrows -> T {
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = handler
    var former = sigaction()
    _ = unsafe sigaction(number, &action, &former)
    defer { _ = unsafe sigaction(number, &former, nil) }
    return try body()
  }

  /// Counts a signal from now on; gives back how to undo that.
  static func count(_ number: Int32) -> () -> Void {
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = { _ in
      Interrupts.counter.wrappingAdd(1, ordering: .relaxed)
    }
    action.sa_flags = SA_RESTART
    var former = sigaction()
    _ = unsafe sigaction(number, &action, &former)
    unblock([number])
    return { _ = unsafe sigaction(number, &former, nil) }
  }
}
