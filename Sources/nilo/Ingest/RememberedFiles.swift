import FileConnector
import Model
import Store

/// How far files were read into a stream, as the store remembers it: a checkpoint is committed with the documents before it.
///
/// A file is looked for by its number on its device, so that it may be renamed; by its path, so that it may be copied over by
/// what comes from another machine; and by its first KiB, so that it may be moved to another file system. Numbers and paths
/// are used again, also by files that are remembered: only its bytes tell whether it is the one
/// (``FileReader/replacement(of:)``).
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
  /// Read when something is first asked for.
  private var index: Index?
  private var hasNew = false

  init(_ store: Store, stream: String) {
    (self.store, self.stream) = (store, stream)
  }

  /// What is to be committed with the documents before the checkpoint.
  func progress(_ checkpoint: FileCheckpoint) -> SourceProgress {
    SourceProgress(source: name(checkpoint), position: checkpoint.json)
  }

  /// What is known of the reader's file, which has this number and was, if it is remembered, perhaps at this path. O(1), and
  /// O(files that are remembered) for the first time.
  mutating func find(
    _ identity: FileIdentity, path: String, _ reader: borrowing FileReader
  ) throws -> Known? {
    let index = try loaded()
    let likely = (index.byNumber[identity] ?? []) + [index.byPath[path]].compactMap(\.self)
    // One that had the number before may have been an older copy.
    if let known = try reader.furthest(of: likely, \.checkpoint) { return known }
    hasNew = true
    guard let hash = try reader.headHash() else { return nil }
    let moved = try reader.all(of: index.byHead[hash] ?? [], \.checkpoint)
    // It is a copy, as long as one that is like it is in its place.
    if moved.contains(where: { Self.isInPlace($0.checkpoint) }) { return nil }
    return moved.max { $0.checkpoint.offset < $1.checkpoint.offset }
  }

  /// How far the files were read that have had a number. As ``find(_:path:_:)``.
  mutating func all(numbered identity: FileIdentity) throws -> [FileCheckpoint] {
    try loaded().byNumber[identity]?.map(\.checkpoint) ?? []
  }

  /// The file that was last read at a path. As ``find(_:path:_:)``.
  mutating func latest(at path: String) throws -> Known? { try loaded().byPath[path] }

  /// Takes note of what is in the store now. O(1).
  mutating func learn(_ checkpoint: FileCheckpoint) {
    index?.add(Known(checkpoint: checkpoint, notedNs: Store.wallClockNs()))
  }

  private mutating func loaded() throws -> Index {
    if let index { return index }
    var found = Index()
    for noted in try store.progress(withPrefix: "\(Self.prefix)\(stream):") {
      if let known = Known(noted) { found.add(known) }
    }
    index = found
    return found
  }

  /// Whether a file is still where it was read: what is like it is a copy then.
  private static func isInPlace(_ checkpoint: FileCheckpoint) -> Bool {
    guard FileStatus(path: checkpoint.path) != nil else { return false }
    do {
      let reader = try FileReader(path: checkpoint.path, format: checkpoint.format)
      return try reader.replacement(of: checkpoint) == nil
    } catch {
      // It cannot be told.
      return true
    }
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

  /// Stream names have no colon. The path keeps a file that gets the number of another from taking that one's place here.
  private func name(_ checkpoint: FileCheckpoint) -> String {
    let identity = checkpoint.identity
    let path = String(checkpoint.pathHash, radix: 16)
    return "\(Self.prefix)\(stream):\(identity.device):\(identity.inode):\(path)"
  }
}

/// What is remembered of one stream, by all that a file can be looked for.
private struct Index {
  var byNumber: [FileIdentity: [RememberedFiles.Known]] = [:]
  /// The latest of each path.
  var byPath: [String: RememberedFiles.Known] = [:]
  var byHead: [UInt64: [RememberedFiles.Known]] = [:]

  /// Adds it, in place of an older one of the same number and path.
  mutating func add(_ known: RememberedFiles.Known) {
    let checkpoint = known.checkpoint
    func isOlder(_ other: RememberedFiles.Known) -> Bool {
      other.checkpoint.identity == checkpoint.identity && other.checkpoint.path == checkpoint.path
        && other.notedNs <= known.notedNs
    }
    byNumber[checkpoint.identity, default: []].removeAll(where: isOlder)
    byNumber[checkpoint.identity, default: []].append(known)
    if let hash = checkpoint.headHash {
      byHead[hash, default: []].removeAll(where: isOlder)
      byHead[hash, default: []].append(known)
    }
    if byPath[checkpoint.path].map({ $0.notedNs <= known.notedNs }) ?? true {
      byPath[checkpoint.path] = known
    }
  }
}

extension FileReader {
  /// Of what is known, that which is of the reader's file. O(candidates).
  borrowing func all<Item>(
    of candidates: [Item], _ checkpoint: (Item) -> FileCheckpoint
  ) throws(FileError) -> [Item] {
    var fitting: [Item] = []
    for item in candidates where try replacement(of: checkpoint(item)) == nil {
      fitting.append(item)
    }
    return fitting
  }

  /// That of them which goes furthest: files that were replaced by longer ones leave checkpoints that fit as well.
  borrowing func furthest<Item>(
    of candidates: [Item], _ checkpoint: (Item) -> FileCheckpoint
  ) throws(FileError) -> Item? {
    try all(of: candidates, checkpoint).max { checkpoint($0).offset < checkpoint($1).offset }
  }

  borrowing func furthest(of candidates: [FileCheckpoint]) throws(FileError) -> FileCheckpoint? {
    try furthest(of: candidates) { $0 }
  }
}

extension RememberedFiles.Known {
  /// Nil for what a client has noted under such a name.
  fileprivate init?(_ noted: NotedProgress) {
    guard let checkpoint = FileCheckpoint(json: noted.progress.position) else { return nil }
    (self.checkpoint, notedNs) = (checkpoint, noted.notedNs)
  }
}
