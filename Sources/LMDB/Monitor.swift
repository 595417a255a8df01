import Glibc

/// A lock with one condition, for threads that block.
///
/// It is made of POSIX parts, since the `Mutex` of the standard library has no condition, and
/// Thread Sanitizer does not see it on Linux.
@safe final class Monitor: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    unsafe check(pthread_mutex_init(mutex, nil))
    unsafe check(pthread_cond_init(condition, nil))
  }

  deinit {
    unsafe check(pthread_cond_destroy(condition))
    unsafe check(pthread_mutex_destroy(mutex))
    unsafe condition.deallocate()
    unsafe mutex.deallocate()
  }

  func lock() { unsafe check(pthread_mutex_lock(mutex)) }

  func unlock() { unsafe check(pthread_mutex_unlock(mutex)) }

  /// Lets go of the lock until ``notify()``, or for no reason: wait in a loop.
  func wait() { unsafe check(pthread_cond_wait(condition, mutex)) }

  /// Wakes everyone who waits.
  func notify() { unsafe check(pthread_cond_broadcast(condition)) }

  private func check(_ code: CInt) {
    precondition(code == 0, "a POSIX lock failed; the memory of the process is damaged")
  }
}
