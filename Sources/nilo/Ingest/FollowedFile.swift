import FileConnector

/// What `--follow` and `--watch` say.
enum FollowedNames {
  case files([String])
  /// Those of a directory that one of the patterns matches.
  case directory(String, [FileNamePattern])
}

/// A file that is followed, or a place where one may come.
struct FollowedFile {
  /// The name of the source under which its documents are stored, which a file keeps when it is rotated away.
  let source: String
  /// Which file was last read there.
  var identity: FileIdentity?
  /// How far that one was read. It is kept here, since another file may have got its number.
  var checkpoint: FileCheckpoint?
  /// As it was when all of it had been read.
  var seen: FileStatus?
  /// A last line without an end, which more may come of.
  var openEnd: OpenEnd?
  /// Of one that was rotated away: until when more of it is expected.
  var expiry: ContinuousClock.Instant?
  var isVanished = false
  /// A file that is not found any more.
  var missing: Missing?

  struct Missing {
    var checkpoint: FileCheckpoint
    var since = ContinuousClock.now
    var isTold = false

    /// Who rotates files may be at it.
    static let patience = Duration.seconds(1)
  }
  /// It could not be read.
  var fault: Fault?

  struct Fault {
    /// As the file was then.
    var status: FileStatus?
    var since: ContinuousClock.Instant
    var isTold = false

    /// Who writes it may be at it.
    static let patience = Duration.seconds(1)

    func isDue(_ now: ContinuousClock.Instant) -> Bool { !isTold && now - since >= Self.patience }
  }

  struct OpenEnd {
    var since: ContinuousClock.Instant
    var byteCount: Int64
    var isTried = false

    /// How long a line waits for its end, unless it is no whole document.
    static let patience = Duration.seconds(1)

    func isDue(_ now: ContinuousClock.Instant) -> Bool { !isTried && now - since >= Self.patience }
  }

  /// How long a file is looked at that was rotated away: who writes it may not have noticed.
  static let rotationPatience = Duration.seconds(60)

  init(source: String, identity: FileIdentity?, expiry: ContinuousClock.Instant?) {
    (self.source, self.identity, self.expiry) = (source, identity, expiry)
  }

  /// Whether it has to be read now, when the file system says `status` of it.
  func isDue(_ status: FileStatus?, _ now: ContinuousClock.Instant) -> Bool {
    if status == nil { return identity != nil && !isVanished }
    return status != seen || openEnd?.isDue(now) == true || fault?.isDue(now) == true
  }

  /// Takes note that the file of the checkpoint is not found. False for a moment, in which it may turn up.
  mutating func misses(_ checkpoint: FileCheckpoint) -> Bool {
    if missing?.checkpoint != checkpoint { missing = Missing(checkpoint: checkpoint) }
    return missing.map { .now - $0.since >= Missing.patience } ?? false
  }

  /// Takes note that it could not be read. True when that is to be told: it has been so for a moment.
  mutating func fails(_ status: FileStatus?) -> Bool {
    seen = status
    if fault?.status != status || fault == nil { fault = Fault(status: status, since: .now) }
    guard fault?.isDue(.now) == true else { return false }
    fault?.isTold = true
    return true
  }

  /// Takes note that all whole documents of it were read; what has no end yet begins to wait.
  mutating func rest(_ status: FileStatus, hasOpenEnd: Bool, wasTried: Bool) {
    seen = status
    guard hasOpenEnd else {
      openEnd = nil
      return
    }
    if openEnd?.byteCount != status.byteCount {
      openEnd = OpenEnd(since: .now, byteCount: status.byteCount)
    }
    if wasTried { openEnd?.isTried = true }
  }
}
