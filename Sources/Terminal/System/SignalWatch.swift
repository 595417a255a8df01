import Glibc
import Synchronization

/// Signals as bytes that can be waited for together with input. One watch at a time.
final class SignalWatch {
  /// Where the handler writes; -1 without a watch. A handler may touch nothing that locks.
  private static let target = Atomic<Int32>(-1)

  let descriptor: Int32
  private let writing: Int32
  private var former: [(number: Int32, action: sigaction)] = []

  init(_ signals: [Int32]) throws {
    (descriptor, writing) = try Descriptor.pipe()
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    _ = fcntl(writing, F_SETFL, O_NONBLOCK)
    Self.target.store(writing, ordering: .sequentiallyConsistent)
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = { number in
      let code = errno
      var byte = UInt8(truncatingIfNeeded: number)
      _ = unsafe Glibc.write(SignalWatch.target.load(ordering: .relaxed), &byte, 1)
      errno = code
    }
    for number in signals {
      var old = sigaction()
      _ = unsafe sigaction(number, &action, &old)
      former.append((number, old))
    }
    Signals.unblock(signals)
  }

  /// Gives the signals back to whoever had them.
  func end() {
    for (number, action) in former {
      var action = action
      _ = unsafe sigaction(number, &action, nil)
    }
    former = []
    Self.target.store(-1, ordering: .sequentiallyConsistent)
    Descriptor.close(descriptor)
    Descriptor.close(writing)
  }

  /// The signals since the last call.
  func take() -> [Int32] {
    ((try? Descriptor.read(descriptor)) ?? []).map { Int32($0) }
  }
}
