import Synchronization

/// Appenders between two uses: what a parser has learned, and buffers, are kept from append to append.
final class AppenderPool: Sendable {
  /// An appender belongs to whoever has taken it.
  private struct Handover: @unchecked Sendable {
    let appender: Appender
  }

  private static let maxIdle = 8
  private let idle = Mutex<[Handover]>([])

  func take() -> Appender? { idle.withLock { $0.popLast()?.appender } }

  func giveBack(_ appender: Appender) {
    let handover = Handover(appender: appender)
    idle.withLock { idle in
      if idle.count < Self.maxIdle { idle.append(handover) }
    }
  }
}

extension EventLog {
  /// Calls `body` with an appender that no other thread uses meanwhile.
  package func withAppender<R>(_ body: (Appender) throws -> R) throws -> R {
    let appender = try appenders.take() ?? Appender(self)
    defer { appenders.giveBack(appender) }
    return try body(appender)
  }
}
