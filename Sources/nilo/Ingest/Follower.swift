import FileConnector
import Model
import Store

/// Stores what programs append to files, soon after they do, until it is told to stop.
///
/// A file is opened for each look, and read from its checkpoint: going on after a change is the same as going on after a
/// crash, and thousands of files take little memory. Of each file one chunk at a time is on its way to the disk, so that its
/// place is never stored without what comes before; those of several files share commits.
struct Follower {
  private(set) var total = IngestSummary()
  private(set) var hasFailed = false
  let target: Target
  var set: FollowedSet
  var remembered: RememberedFiles
  /// How far the files were read that last had these numbers. A file is only believed to be the one by its bytes.
  var checkpoints: [FileIdentity: FileCheckpoint] = [:]
  private var pending = PendingAppends()
  private var nextUpkeep = ContinuousClock.now + upkeepInterval
  /// All paths that were ever read, in number.
  private(set) var fileCount = 0

  /// Where the documents go, and how they are read.
  struct Target {
    var store: Store
    var stream: String
    var options: StreamOptions
    var mapping: DocumentMapping
    var actor: String
    var format: FileFormat?
    var decimalMark: DecimalMark?
    var delimiter: UInt8?
    var isFromStart: Bool
    /// Tells something about a file.
    var tell: (_ text: String, _ path: String) -> Void
  }

  static let chunkBytes = 1 << 20
  /// Of all files together, on their way to the disk.
  private static let maxPendingBytes = 16 << 20
  /// More is read by all processors, as `nilo ingest` does.
  private static let fewBytes: Int64 = 4 << 20
  private static let upkeepInterval = Duration.seconds(60)

  init(_ names: FollowedNames, into target: Target) {
    self.target = target
    set = FollowedSet(names)
    remembered = RememberedFiles(target.store, stream: target.stream)
  }

  /// Follows until ``Interruption`` says so. Throws when the store takes nothing more.
  mutating func run() throws {
    defer { hasFailed = set.files.values.contains { $0.fault?.isTold == true } }
    while !Interruption.isRequested {
      if set.due.isEmpty { set.wait() }
      for path in set.takeDue() where !Interruption.isRequested {
        try look(at: path)
        if pending.byteCount >= Self.maxPendingBytes { try settle() }
      }
      try settle()
      if .now >= nextUpkeep { try keepUp() }
    }
  }

  /// What a long run has to do now and then.
  private mutating func keepUp() throws {
    nextUpkeep = .now + Self.upkeepInterval
    try target.store.closeIdleSources(idleNs: Store.idleNs)
    _ = try remembered.forgetOldest()
    if set.excessCount > 0 {
      target.tell(
        "is the most that can be followed; \(Wording.count(set.excessCount)) more are not",
        "\(Wording.count(RememberedFiles.maxFiles)) files")
    }
    let inUse = Set(set.files.values.compactMap(\.identity))
    checkpoints = checkpoints.filter { inUse.contains($0.key) }
  }

  /// Reads what a file has since it was last looked at, faults of the file aside.
  private mutating func look(at path: String) throws {
    do {
      try read(path)
      set[path]?.fault = nil
    } catch let error as FileError {
      // Who rotates it is at it: what was there is found where it has gone.
      if error.kind == .changed { return set.again(path) }
      if set[path]?.fails(FileStatus(path: path)) == true {
        target.tell("\(error.problem); \(error.advice)", path)
      }
    }
  }

  private mutating func read(_ path: String) throws {
    guard let file = set[path] else { return }
    guard let status = FileStatus(path: path) else { return try leave(path, file) }
    let isTrying = file.openEnd?.isDue(.now) == true && file.openEnd?.byteCount == status.byteCount
    var reader = try FileReader(
      path: path, format: target.format ?? FileFormat(fileName: file.source),
      decimalMark: target.decimalMark, delimiter: target.delimiter,
      targetChunkBytes: Self.chunkBytes,
      openEnd: isTrying ? .takeIfWhole : .leave, isCancelled: Interruption.wish)
    guard let identity = reader.identity else { return }
    guard !pending.has(identity) else { return set.again(path) }
    if file.expiry != nil, file.identity != identity { return try leave(path, file) }
    reader.checkpointPath = file.source
    let beginning: FileBeginning?
    switch try begin(&reader, identity, path, file) {
    case .now(let found): beginning = found
    case .afterAnotherLook: return set.again(path)
    case .later: return
    }
    set[path]?.isVanished = false
    if beginning != nil, let known = checkpoints[identity] { note(identity, known, at: path) }
    if beginning == .unchanged {
      set[path]?.rest(status, hasOpenEnd: false, wasTried: false)
      return
    }
    if try take(&reader, identity, path, file.source) {
      set.again(path)
    } else {
      let hasOpenEnd = (reader.totalBytes ?? 0) > (reader.bytesHandedOut)
      set[path]?.rest(status, hasOpenEnd: hasOpenEnd, wasTried: isTrying)
    }
  }

  /// Takes note that something of the file was read. Before, it may be rotated away without having been noticed: what was read
  /// there last tells where to look for it.
  private mutating func note(
    _ identity: FileIdentity, _ checkpoint: FileCheckpoint, at path: String
  ) {
    guard let file = set[path] else { return }
    if file.identity == nil { fileCount += 1 }
    set[path]?.identity = identity
    set[path]?.checkpoint = checkpoint
  }

  /// Takes what there is to read, or the next part of it. False when there is no whole document.
  private mutating func take(
    _ reader: inout FileReader, _ identity: FileIdentity, _ path: String, _ source: String
  ) throws -> Bool {
    let left = (reader.totalBytes ?? 0) - reader.bytesHandedOut
    // The first documents make the stream.
    if left > Self.fewBytes || reader.beginsCompressed
      || target.store.definition(of: target.stream) == nil
    {
      return try takeAll(&reader, identity, path, source)
    }
    guard let chunk = try reader.next() else { return false }
    var batch = chunk.documents().mapped(by: target.mapping)
    batch.progress = chunk.checkpoint.map(remembered.progress)
    let ticket = pending.begin(
      PendingAppends.Batch(
        identity: identity, path: path, source: source, checkpoint: chunk.checkpoint),
      byteCount: chunk.byteCount)
    do {
      try target.store.append(
        batch, to: target.stream, options: target.options, source: source, actor: target.actor,
        whenDurable: ticket)
    } catch {
      ticket(.failure(error))
    }
    return true
  }
}

/// Documents on their way to the disk.
extension Follower {
  /// Takes all of a file, side by side.
  mutating func takeAll(
    _ reader: inout FileReader, _ identity: FileIdentity, _ path: String, _ source: String
  ) throws -> Bool {
    try settle()
    var last: FileCheckpoint?
    var summary = IngestSummary()
    defer {
      total.add(summary)
      show(summary.firstRejections, source)
      if let last {
        checkpoints[identity] = last
        remembered.learn(last)
        note(identity, last, at: path)
      }
    }
    _ = try target.store.ingest(
      into: target.stream, options: target.options, source: source, actor: target.actor,
      progress: { summary = $0 },
      next: { [remembered, mapping = target.mapping] in
        guard let chunk = try reader.next() else { return nil }
        last = chunk.checkpoint ?? last
        let progress = chunk.checkpoint.map(remembered.progress)
        return {
          var batch = chunk.documents().mapped(by: mapping)
          batch.progress = progress
          return batch
        }
      })
    if let end = reader.checkpoint(afterLast: last) {
      last = end
      if target.store.definition(of: target.stream) != nil { try remembered.note(end) }
    }
    return summary.documents > 0
  }

  /// Waits for them, and takes note of what became of them.
  mutating func settle() throws {
    var failure: (any Error)?
    for (batch, result) in pending.wait() {
      switch result {
      case .success(let result):
        if let checkpoint = batch.checkpoint {
          checkpoints[batch.identity] = checkpoint
          remembered.learn(checkpoint)
          note(batch.identity, checkpoint, at: batch.path)
        }
        var summary = IngestSummary()
        summary.add(result)
        total.add(summary)
        show(summary.firstRejections, batch.source)
      case .failure(let error): failure = failure ?? error
      }
    }
    if let failure { throw failure }
  }

  private func show(_ rejections: [IngestSummary.Rejection], _ source: String) {
    for rejection in rejections {
      target.tell("byte \(rejection.position): \(rejection.reason)", source)
    }
  }
}
