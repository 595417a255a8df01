import FileConnector

/// Files that others took the place of.
extension Follower {
  enum Start {
    /// Nil is at the start of the file.
    case now(FileBeginning?)
    /// Something else was read first: the file may have been rotated again meanwhile.
    case afterAnotherLook
    /// What was there before may turn up in a moment: all files are looked at soon.
    case later
  }

  /// Has the reader go on where the file was read to. Where another file is in the place of the one that was read, what is
  /// left of that is taken first.
  mutating func begin(
    _ reader: inout FileReader, _ identity: FileIdentity, _ path: String, _ file: FollowedFile
  ) throws -> Start {
    let isFirst = file.identity == nil
    if let known = try checkpoint(of: identity) {
      let beginning = try reader.resume(at: known)
      if case .replaced = beginning {
        // Else it has only got the number of a file that is gone.
        return known.path == file.source ? try takeRest(of: known, path, file) : .now(nil)
      }
      if isFirst, case .continued(let offset, let line) = beginning {
        target.tell(
          "continued at byte \(Wording.count(offset)), line \(Wording.count(line))", path)
      }
      return .now(beginning)
    }
    guard let before = try checkpoint(before: identity, path, file)
    else { return .now(nil) }
    let beginning = try reader.resume(at: before)
    if case .replaced = beginning {
      return try takeRest(of: before, path, file)
    }
    // A copy of it, or the same on a file system that numbers anew.
    checkpoints[identity] = before
    return .now(beginning)
  }

  private mutating func checkpoint(of identity: FileIdentity) throws -> FileCheckpoint? {
    if let known = checkpoints[identity] { return known }
    if target.isFromStart { return nil }
    let found = try remembered.find(number: identity)?.checkpoint
    if let found { checkpoints[identity] = found }
    return found
  }

  /// How far the file was read that was at `path` before this one.
  private mutating func checkpoint(
    before identity: FileIdentity, _ path: String, _ file: FollowedFile
  ) throws -> FileCheckpoint? {
    if let other = file.identity {
      return other == identity ? nil : try checkpoint(of: other)
    }
    // Of one that was rotated away itself, nothing was at its new place.
    if target.isFromStart || file.expiry != nil { return nil }
    return try remembered.latest(at: file.source)?.checkpoint
  }

  /// Takes what was appended to a file after the checkpoint, and before another one took its place, which is read after it.
  private mutating func takeRest(
    of checkpoint: FileCheckpoint, _ path: String, _ file: FollowedFile
  ) throws -> Start {
    try settle()
    let rest = try FileRotation.files(after: checkpoint, at: path)
    if rest.isEmpty {
      guard set[path]?.misses(checkpoint) == true else { return .later }
      if set[path]?.missing?.isTold == false {
        target.tell(
          "there is another file now, which is read from its start; what followed byte "
            + "\(Wording.count(checkpoint.offset)) of the one before, if anything did, is not found beside it",
          path)
      }
      set[path]?.missing?.isTold = true
    }
    for (index, (other, identity)) in rest.enumerated() {
      if index == 0, try self.checkpoint(of: identity) == nil {
        checkpoints[identity] = checkpoint
      }
      if identity == checkpoint.identity { addRotated(other, identity, file) }
      var reader = try FileReader(
        path: other, format: target.format ?? FileFormat(fileName: file.source),
        decimalMark: target.decimalMark, delimiter: target.delimiter,
        targetChunkBytes: Self.chunkBytes, openEnd: .takeIfWhole,
        isCancelled: Interruption.wish)
      // It has another name by now.
      guard reader.identity == identity else { return .afterAnotherLook }
      reader.checkpointPath = file.source
      if let known = try self.checkpoint(of: identity), try reader.resume(at: known) == .unchanged {
        continue
      }
      if try takeAll(&reader, identity, other, file.source) {
        target.tell("rotated: what was left of it is read from \(other)", path)
        // Names may have changed while it was read.
        return .afterAnotherLook
      }
    }
    return .now(nil)
  }

  /// Follows a file that was rotated away for a while: who writes it may not have noticed.
  private mutating func addRotated(
    _ path: String, _ identity: FileIdentity, _ file: FollowedFile
  ) {
    if set[path]?.expiry != nil { set.remove(path) }
    set.add(
      path, identity, source: file.source,
      until: file.expiry ?? .now + FollowedFile.rotationPatience)
  }

  /// The file that was at `path` is not there any more: more may be appended to it under another name.
  mutating func leave(_ path: String, _ file: FollowedFile) throws {
    set[path]?.isVanished = true
    set[path]?.seen = nil
    if file.expiry != nil { set.remove(path) }
    guard let identity = file.identity, let known = try checkpoint(of: identity),
      let other = try FileRotation.files(after: known, at: path).first,
      other.identity == identity
    else { return }
    addRotated(other.path, identity, file)
  }
}
