import Foundation

/// No thread could be started: the process, the user or the container has as many as it may have.
public struct ThreadError: Error, Equatable, CustomStringConvertible {
  /// What the thread was to do.
  public let name: String
  /// The operating system's code.
  public let code: Int32

  public var description: String {
    let text = unsafe String(cString: strerror(code))
    return
      "no thread could be started for \(name): \(text); end other programs, or raise the limit of "
      + "processes (ulimit -u, or that of the container)"
  }
}

/// Runs `body` on a thread of its own, for work that blocks. Every thread of the product begins here:
/// that of Foundation tells nobody when it could not begin, and who waits for it waits for ever.
///
/// - Parameters:
///   - name: Shown by the system's tools, cut to 15 bytes.
///   - stackBytes: Room for recursion.
/// - Throws: ``ThreadError``; `body` is not run then.
public func startThread(
  named name: String, stackBytes: Int = 8 << 20, _ body: @escaping @Sendable () -> Void
) throws(ThreadError) {
  var attributes = pthread_attr_t()
  func check(_ code: Int32) throws(ThreadError) {
    if code != 0 { throw ThreadError(name: name, code: code) }
  }
  try unsafe check(pthread_attr_init(&attributes))
  defer { _ = unsafe pthread_attr_destroy(&attributes) }
  try unsafe check(pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED)))
  try unsafe check(pthread_attr_setstacksize(&attributes, stackBytes))
  let start = unsafe Unmanaged.passRetained(ThreadStart(name, body))
  var thread = pthread_t()
  let code = unsafe pthread_create(&thread, &attributes, runThread, start.toOpaque())
  if code != 0 { unsafe start.release() }
  try check(code)
}

private final class ThreadStart: Sendable {
  let name: String
  let body: @Sendable () -> Void

  init(_ name: String, _ body: @escaping @Sendable () -> Void) {
    self.name = name
    self.body = body
  }
}

private func runThread(_ start: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let start = unsafe start else { return nil }
  let thread = unsafe Unmanaged<ThreadStart>.fromOpaque(start).takeRetainedValue()
  Thread.current.name = thread.name
  thread.body()
  return nil
}
