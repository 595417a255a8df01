import EventLog

/// Those who are told what was committed: proofs, subscriptions, sinks to other systems.
extension Store {
  /// Tells `observer` of all events after its position, and from now on of each commit, on a thread of its own. One that is
  /// new begins after event `start`. It neither fails nor delays commits, and its position is kept, so that one that was
  /// away catches up. To be called by one thread at a time. Throws `ObserverRunsError` when one of that name is at work,
  /// `ThreadError`, `StreamNameError`, `DamageError`.
  public func add(_ observer: any CommitObserver, startingAfter start: UInt64 = 0) throws {
    try log.add(observer, startingAfter: start)
  }

  /// Calls `body` with the last event of the log after each commit of this process, until what is returned is cancelled or
  /// let go. It is called on the thread that commits, so it must not block. Nothing is kept of it: who needs all events is an
  /// observer.
  public func listen(_ body: @escaping @Sendable (UInt64) -> Void) -> CommitListener {
    log.listen(body)
  }

  /// Forgets the position of an observer that is not to come back. Throws `ObserverRunsError` while it runs.
  public func removeObserver(_ name: String) throws { try log.removeObserver(name) }

  /// Those who are told what was committed, running or not, by name. Why one does not get on is known in its own process
  /// only. O(observers).
  public func observerStates() throws -> [ObserverState] { try log.observerStates() }
}
