import FileConnector
import Foundation

/// Which files are followed, and which of them are to be read now.
///
/// The kernel tells of changes at once (``DirectoryWatch``). Once a second all files are looked at, since it does not tell of
/// all: not of what other machines write to a shared file system, and not of what came too fast.
struct FollowedSet {
  /// By path.
  private(set) var files: [String: FollowedFile] = [:]
  private(set) var due: Set<String> = []
  /// Where more files may come.
  private let pattern: (directory: String, names: [FileNamePattern])?
  /// The paths of files that are followed by a symbolic link.
  private var links: [String: String] = [:]
  private var directories: Set<String> = []
  private let watch = DirectoryWatch()
  private var nextLook = ContinuousClock.now
  /// Files that were not taken, since there are ``RememberedFiles/maxFiles``.
  private(set) var excessCount = 0

  private static let lookInterval = Duration.seconds(1)
  /// Where the kernel tells of nothing.
  private static let pollInterval = Duration.milliseconds(50)
  /// How long a signal may wait.
  private static let longestWaitMs = 200

  init(_ names: FollowedNames) {
    switch names {
    case .files(let paths):
      pattern = nil
      for path in paths { add(Self.absolute(path)) }
    case .directory(let directory, let names):
      pattern = (Self.absolute(directory), names)
      directories.insert(Self.absolute(directory))
    }
    lookAtAll()
  }

  subscript(path: String) -> FollowedFile? {
    get { files[path] }
    set { files[path] = newValue }
  }

  /// Follows the file at `path` as well. One that was rotated away is told by its number, and keeps its source.
  mutating func add(
    _ path: String, _ identity: FileIdentity? = nil, source: String? = nil,
    until expiry: ContinuousClock.Instant? = nil
  ) {
    if files[path] != nil { return }
    guard files.count < RememberedFiles.maxFiles else {
      excessCount += 1
      return
    }
    let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    files[path] = FollowedFile(source: source ?? target, identity: identity, expiry: expiry)
    directories.insert(FileRotation.split(path).directory)
    if target != path {
      links[target] = path
      directories.insert(FileRotation.split(target).directory)
    }
    due.insert(path)
  }

  mutating func remove(_ path: String) { files[path] = nil }

  /// Has the file read in the next round.
  mutating func again(_ path: String) { due.insert(path) }

  /// Takes the files that are to be read, in the order of their names.
  mutating func takeDue() -> [String] {
    defer { due = [] }
    return due.sorted()
  }

  /// Waits until there is something to read, or a moment has passed.
  mutating func wait() {
    let left = nextLook - .now
    guard left > .zero else { return lookAtAll() }
    guard let watch else {
      Thread.sleep(forTimeInterval: min(left, Self.pollInterval) / .seconds(1))
      return lookAtAll()
    }
    let milliseconds = Int((left / .milliseconds(1)).rounded(.up))
    let changes = watch.wait(milliseconds: min(milliseconds, Self.longestWaitMs))
    if changes.isIncomplete { return lookAtAll() }
    for path in changes.paths { take(path) }
  }

  private mutating func take(_ path: String) {
    if files[path] != nil { due.insert(path) }
    if let link = links[path] { due.insert(link) }
    guard let pattern else { return }
    let (directory, name) = FileRotation.split(path)
    if directory == pattern.directory { take(name: name) }
  }

  private mutating func take(name: String) {
    guard let pattern, files["\(pattern.directory)/\(name)"] == nil,
      pattern.names.contains(where: { $0.matches(name) })
    else { return }
    let path = "\(pattern.directory)/\(name)"
    // Other things than files are not followed.
    if FileStatus(path: path) != nil { add(path) }
  }

  /// O(files).
  private mutating func lookAtAll() {
    let now = ContinuousClock.now
    nextLook = now + Self.lookInterval
    // Also those that were made anew.
    for directory in directories { watch?.add(directory) }
    excessCount = 0
    if let pattern {
      for name in (try? directoryNames(pattern.directory)) ?? [] { take(name: name) }
    }
    for (path, file) in files {
      let status = FileStatus(path: path)
      if file.isDue(status, now) {
        due.insert(path)
      } else if file.expiry.map({ $0 < now }) == true || (status == nil && pattern != nil) {
        files[path] = nil
      }
    }
  }

  private static func absolute(_ path: String) -> String {
    let url = URL(fileURLWithPath: path)
    // The name stays, so that a link that is changed leads to another file.
    return url.deletingLastPathComponent().resolvingSymlinksInPath()
      .appendingPathComponent(url.lastPathComponent).path
  }
}
