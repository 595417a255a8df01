/// Whether what is being computed is still wanted. Whoever runs a statement says how to ask; loops over facts, cells,
/// blocks and rows ask now and then, wherever they are, and end with `CancellationError`. Nothing is cancelled where
/// nobody has said so, as in the fold of an ingest.
///
/// It goes with the thread. Who starts others hands it on: ``handedOn``.
public enum Cancellation {
  @TaskLocal static var isCancelled: (@Sendable () -> Bool)?

  /// Runs `body` with `isCancelled` to be asked by all that it calls, from any of their threads.
  public static func with<Value>(
    _ isCancelled: @escaping @Sendable () -> Bool, _ body: () throws -> Value
  ) rethrows -> Value {
    try $isCancelled.withValue(isCancelled) { try body() }
  }

  /// Throws `CancellationError` when what is computed is not wanted any more. It costs a fraction of a microsecond.
  public static func check() throws {
    if let isCancelled, isCancelled() { throw CancellationError() }
  }

  /// Whether what is computed is not wanted any more, for a loop that cannot throw: it ends early, and who called it
  /// has to ask ``check()`` before the result is used. What is cancelled stays so.
  public static var isRequested: Bool { isCancelled?() ?? false }

  /// ``check()`` for a loop at its step `index`, which asks once in 4,096 steps. A loop that may be short and is begun many
  /// times asks by ``check()`` before it as well.
  @inlinable @inline(__always)
  public static func check(at index: Int) throws {
    if index & 4_095 == 4_095 { try check() }
  }

  /// Makes a function for another thread one that asks as this thread does.
  public static func handedOn<Argument, Value>(
    _ body: @escaping @Sendable (Argument) throws -> Value
  ) -> @Sendable (Argument) throws -> Value {
    guard let isCancelled else { return body }
    return { argument in try with(isCancelled) { try body(argument) } }
  }
}
