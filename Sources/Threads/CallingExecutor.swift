/// Runs tasks by a function that calls what it is given, once and in order: on the event loop of a connection, say.
public final class CallingExecutor: TaskExecutor {
  private let call: @Sendable (@escaping @Sendable () -> Void) -> Void

  /// `call` must not run what it is given before it returns.
  public init(_ call: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void) {
    self.call = call
  }

  /// Called by Swift with each stretch of a task up to its next wait.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    call { [self] in unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
  }
}
