import Glibc

/// Tells which files of some directories have changed, as soon as they do: by inotify(7).
///
/// The kernel tells only of what programs of this machine change, and may drop what comes too fast. So it is for speed
/// alone: whoever follows files looks at all of them now and then.
public final class DirectoryWatch {
  /// What has changed.
  public struct Changes: Sendable {
    /// Absolute paths, as the directories were given.
    public var paths: Set<String> = []
    /// There was more than is told: look at all files.
    public var isIncomplete = false
  }

  private let descriptor: Int32
  private var directories: [Int32: String] = [:]

  /// Nil when the system gives no more of them to this user (`fs.inotify.max_user_instances`).
  public init?() {
    descriptor = inotify_init1(Int32(bitPattern: UInt32(IN_NONBLOCK) | UInt32(IN_CLOEXEC)))
    if descriptor < 0 { return nil }
  }

  deinit { _ = close(descriptor) }

  /// Watches a directory from now on; again for one that is watched already changes nothing. False when that is not
  /// possible: there is no such directory, or no more may be watched.
  @discardableResult
  public func add(_ directory: String) -> Bool {
    let mask = UInt32(
      IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE)
    let watch = unsafe inotify_add_watch(descriptor, directory, mask)
    if watch >= 0 { directories[watch] = directory }
    return watch >= 0
  }

  /// Waits until something changes, at most so long; a signal ends the wait.
  public func wait(milliseconds: Int) -> Changes {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard unsafe poll(&request, 1, Int32(clamping: milliseconds)) > 0 else { return Changes() }
    var changes = Changes()
    var buffer: [UInt8] = []
    // What has come meanwhile as well, but not for ever.
    for _ in 0..<64 {
      buffer.removeAll(keepingCapacity: true)
      buffer.append(addingCapacity: 64 << 10) { free in
        unsafe free.withUnsafeMutableBufferPointer { buffer, initializedCount in
          initializedCount = max(0, unsafe read(descriptor, buffer.baseAddress, buffer.count))
        }
      }
      if buffer.isEmpty { break }
      add(buffer, to: &changes)
    }
    return changes
  }

  /// Each event is a watch, a mask, a cookie and the length of a name, 32 bits each, then the name, filled up with NUL.
  private func add(_ events: [UInt8], to changes: inout Changes) {
    func word(_ start: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(events[start + $1]) << (8 * UInt32($1)) }
    }
    var start = 0
    while start + 16 <= events.count {
      let watch = Int32(bitPattern: word(start))
      let (mask, nameCount) = (word(start + 4), Int(word(start + 12)))
      let name = events[start + 16..<min(start + 16 + nameCount, events.count)]
        .prefix { $0 != 0 }
      start += 16 + nameCount
      if mask & UInt32(IN_Q_OVERFLOW) != 0 { changes.isIncomplete = true }
      // The directory is gone; one of its name may come again.
      if mask & UInt32(IN_IGNORED) != 0 { directories[watch] = nil }
      guard let directory = directories[watch], !name.isEmpty else { continue }
      changes.paths.insert("\(directory)/\(String(decoding: name, as: UTF8.self))")
    }
  }
}
