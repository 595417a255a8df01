import Glibc

/// Who may use the map, and who may move it.
///
/// Any number of threads share the map; one at a time holds the turn to write; and one may have the
/// map for itself, to grow it or to open it anew, once every other has let go. A thread that waits
/// for the map to itself goes before new sharers, but one that shares already may share again, or
/// it would wait for itself. So a thread must not wait, while it shares, for another that is about to.
///
/// At most ``maxSharers`` threads share at once, which keeps the process within its part of LMDB's table of
/// readers; others queue.
///
/// The threads block: what is guarded are blocking calls of C.
final class Gate: @unchecked Sendable {
  private struct Sharer {
    let thread: pthread_t
    var depth: Int
  }

  /// Threads that may have a transaction at once: a quarter of the slots that there are, since other processes read
  /// too, and a thread's reads may nest.
  static let maxSharers = 128

  private let monitor = Monitor()
  private var sharers: [Sharer] = []
  private var writer: pthread_t?
  private var owner: pthread_t?
  private var waitingOwners = 0

  init() {
    sharers.reserveCapacity(64)
  }

  /// Joins those who share the map.
  func share() {
    monitor.lock()
    defer { monitor.unlock() }
    let me = pthread_self()
    if let index = sharers.firstIndex(where: { $0.thread == me }) {
      sharers[index].depth += 1
      return
    }
    // Whoever has the turn to write is let in: others may wait for what it does.
    while owner != nil || waitingOwners > 0 || (sharers.count >= Self.maxSharers && writer != me) {
      monitor.wait()
    }
    sharers.append(Sharer(thread: me, depth: 1))
  }

  /// Leaves, once for every ``share()``.
  func unshare() {
    monitor.lock()
    defer { monitor.unlock() }
    let me = pthread_self()
    guard let index = sharers.firstIndex(where: { $0.thread == me }) else {
      preconditionFailure("a thread left the gate that had not entered")
    }
    sharers[index].depth -= 1
    guard sharers[index].depth == 0 else { return }
    sharers.swapAt(index, sharers.count - 1)
    sharers.removeLast()
    let wasFull = sharers.count == Self.maxSharers - 1
    if wasFull || (sharers.isEmpty && waitingOwners > 0) { monitor.notify() }
  }

  /// Takes the turn to write, or answers false if this thread is inside a transaction.
  func takeTurn() -> Bool {
    monitor.lock()
    defer { monitor.unlock() }
    let me = pthread_self()
    if writer == me || sharers.contains(where: { $0.thread == me }) { return false }
    while writer != nil { monitor.wait() }
    writer = me
    return true
  }

  /// Passes the turn to write on.
  func passTurn() {
    monitor.lock()
    defer { monitor.unlock() }
    precondition(writer == pthread_self(), "a thread passed a turn that it had not")
    writer = nil
    monitor.notify()
  }

  /// Waits until no one shares the map and keeps all others out; false if this thread shares it.
  func own() -> Bool {
    monitor.lock()
    defer { monitor.unlock() }
    let me = pthread_self()
    if sharers.contains(where: { $0.thread == me }) { return false }
    waitingOwners += 1
    while owner != nil || !sharers.isEmpty { monitor.wait() }
    waitingOwners -= 1
    owner = me
    return true
  }

  /// Takes the map for itself if no one uses it now.
  func ownIfIdle() -> Bool {
    monitor.lock()
    defer { monitor.unlock() }
    guard owner == nil, waitingOwners == 0, sharers.isEmpty else { return false }
    owner = pthread_self()
    return true
  }

  /// Lets the others in again.
  func disown() {
    monitor.lock()
    defer { monitor.unlock() }
    precondition(owner == pthread_self(), "a thread gave up what it did not own")
    owner = nil
    monitor.notify()
  }
}
