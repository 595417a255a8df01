import FileConnector
import Model
import Store

/// How far files were read into a stream, as the store remembers it: a checkpoint is committed with the documents before it.
///
/// A file is found by its number on its device, so that it may be renamed; where that is unknown by its path, so that it may be
/// copied over by what comes from another machine. ``FileReader/resume(at:)`` looks whether it is the same.
struct RememberedFiles {
  /// Of all streams together. Beyond it those are forgotten that were read longest ago.
  static let maxFiles = 65_536

  /// What is known of a file, and since when.
  struct Known {
    var checkpoint: FileCheckpoint
    var notedNs: Int64
  }

  private let store: Store
  private let stream: String
  /// The latest of each path; read when it is first asked for.
  private var byPath: [String: Known]?
  private var hasNew = false

  init(_ store: Store, stream: String) {
    (self.store, self.stream) = (store, stream)
  }

  /// What is to be committed with the documents before the checkpoint.
  func progress(_ checkpoint: FileCheckpoint) -> SourceProgress {
    SourceProgress(source: name(checkpoint.identity), position: checkpoint.json)
  }

  /// O(log n), and O(files that are remembered) for the first that is not known by its number.
  mutating func find(_ identity: FileIdentity, path: String) throws -> Known? {
    try find(number: identity) ?? latest(at: path)
  }

  /// O(log n).
  mutating func find(number identity: FileIdentity) throws -> Known? {
    let known = try store.progress(of: name(identity)).flatMap(Known.init)
    if known == nil { hasNew = true }
    return known
  }

  /// The file that was last read at a path.
  mutating func latest(at path: String) throws -> Known? {
    if let byPath { return byPath[path] }
    var found: [String: Known] = [:]
    for noted in try store.progress(withPrefix: "\(Self.prefix)\(stream):") {
      guard let known = Known(noted) else { continue }
      if let other = found[known.checkpoint.path], other.notedNs > known.notedNs { continue }
      found[known.checkpoint.path] = known
    }
    byPath = found
    return found[path]
  }

  /// Notes it in a commit of its own.
  func note(_ checkpoint: FileCheckpoint) throws { try store.setProgress(progress(checkpoint)) }

  /// Forgets the files that are more than ``maxFiles``, those that are gone first, and returns how many those are. O(files)
  /// after one was read for the first time, else O(1).
  mutating func forgetOldest() throws -> Int {
    guard hasNew else { return 0 }
    hasNew = false
    let all = try store.progress(withPrefix: Self.prefix)
    guard all.count > Self.maxFiles else { return 0 }
    let ranked = all.map { noted in
      let path = FileCheckpoint(json: noted.progress.position)?.path
      let isThere = path.map { FileStatus(path: $0) != nil } ?? false
      return (source: noted.progress.source, rank: (isThere ? 1 : 0, noted.notedNs))
    }
    let oldest = ranked.sorted { $0.rank < $1.rank }.prefix(all.count - Self.maxFiles)
    try store.forgetProgress(of: oldest.map(\.source))
    return oldest.count
  }

  private static let prefix = "file:"

  /// Stream names have no colon.
  private func name(_ identity: FileIdentity) -> String {
    "\(Self.prefix)\(stream):\(identity.device):\(identity.inode)"
  }
}

extension RememberedFiles.Known {
  /// Nil for what a client has noted under such a name.
  fileprivate init?(_ noted: NotedProgress) {
    guard let checkpoint = FileCheckpoint(json: noted.progress.position) else { return nil }
    (self.checkpoint, notedNs) = (checkpoint, noted.notedNs)
  }
}
