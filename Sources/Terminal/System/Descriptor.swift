import Glibc

/// A call on a descriptor, in Swift's terms.
enum Descriptor {
  static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

  /// Columns and rows; zeros if it is no terminal or does not know.
  static func size(of descriptor: Int32) -> TerminalSize {
    var size = winsize()
    let status = unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size)
    if status != 0 { return TerminalSize(columns: 0, rows: 0) }
    return TerminalSize(columns: Int(size.ws_col), rows: Int(size.ws_row))
  }

  /// Writes all of `bytes`, waiting where the descriptor does not. False if nobody reads them.
  static func write(_ bytes: borrowing [UInt8], to descriptor: Int32) throws -> Bool {
    try unsafe bytes.withUnsafeBytes { buffer in
      var rest = unsafe buffer[...]
      while unsafe !rest.isEmpty {
        let start = unsafe UnsafeRawBufferPointer(rebasing: rest).baseAddress
        let count = unsafe Glibc.write(descriptor, start, rest.count)
        if count >= 0 {
          unsafe rest = rest.dropFirst(count)
          continue
        }
        switch errno {
        case EINTR: continue
        case EAGAIN: _ = wait(for: descriptor, POLLOUT)
        case EPIPE: return false
        case let code: throw TerminalError("the output cannot be written", code: code)
        }
      }
      return true
    }
  }

  /// What can be read now, waiting for the first byte. Empty at the end, and when the terminal was
  /// taken away; nil if a signal came first.
  static func read(_ descriptor: Int32, maxBytes: Int = 4096) throws -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: maxBytes)
    let count = unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
    }
    if count >= 0 { return Array(bytes.prefix(count)) }
    switch errno {
    case EINTR: return nil
    case EAGAIN:
      _ = wait(for: descriptor, POLLIN)
      return nil
    case EIO: return []
    case let code: throw TerminalError("the input cannot be read", code: code)
    }
  }

  /// Which of two descriptors can be read; neither after `timeoutMs`, or when a signal came.
  static func poll(_ first: Int32, _ second: Int32, timeoutMs: Int32?) -> (Bool, Bool) {
    var requests = [
      pollfd(fd: first, events: Int16(POLLIN), revents: 0),
      pollfd(fd: second, events: Int16(POLLIN), revents: 0),
    ]
    let count = unsafe Glibc.poll(&requests, 2, timeoutMs ?? -1)
    return count > 0 ? (requests[0].revents != 0, requests[1].revents != 0) : (false, false)
  }

  private static func wait(for descriptor: Int32, _ events: Int32) -> Int32 {
    var request = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    return unsafe Glibc.poll(&request, 1, -1)
  }

  /// Writes what `print` holds back, so that it comes before what is written here.
  static func flushPrinted() { _ = fflush(nil) }

  static func close(_ descriptor: Int32) { _ = Glibc.close(descriptor) }

  /// Both ends are closed in programs that this one starts.
  static func pipe() throws -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [0, 0]
    if unsafe Glibc.pipe(&ends) != 0 { throw TerminalError("no pipe can be made", code: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }
}
