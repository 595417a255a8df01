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
    if let known = try checkpoint(of: reader, identity, file) {
      let beginning = try reader.resume(at: known)
      checkpoints[identity] = known
      if file.identity == nil, case .continued(let offset, let line) = beginning {
        target.tell(
          "continued at byte \(Wording.count(offset)), line \(Wording.count(line))", path)
      }
      return .now(beginning)
    }
    if file.expiry != nil {
      // Another one has the name, and the number, of the file that was rotated away.
      try leave(path, file)
      return .later
    }
    guard let before = try checkpoint(before: file) else { return .now(nil) }
    return try takeRest(of: before, path, file)
  }

  /// How far the reader's file was read, which is told by its bytes.
  private mutating func checkpoint(
    of reader: borrowing FileReader, _ identity: FileIdentity, _ file: FollowedFile
  ) throws -> FileCheckpoint? {
    let met = [checkpoints[identity], file.checkpoint].compactMap(\.self)
    if let known = try reader.furthest(of: met) { return known }
    return target.isFromStart
      ? nil : try remembered.find(identity, path: file.source, reader)?.checkpoint
  }

  /// How far the file was read that was in the place of this one.
  private mutating func checkpoint(before file: FollowedFile) throws -> FileCheckpoint? {
    if let known = file.checkpoint { return known }
    return target.isFromStart ? nil : try remembered.latest(at: file.source)?.checkpoint
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
      var reader = try FileReader(
        path: other, format: target.format ?? FileFormat(fileName: file.source),
        decimalMark: target.decimalMark, delimiter: target.delimiter,
        targetChunkBytes: Self.chunkBytes, openEnd: .takeIfWhole,
        isCancelled: Interruption.wish)
      // It has another name by now.
      guard reader.identity == identity else { return .afterAnotherLook }
      reader.checkpointPath = file.source
      // The first one has these bytes, with whatever name and number.
      var candidates = index == 0 ? [checkpoint] : []
      if let met = checkpoints[identity] { candidates.append(met) }
      if !target.isFromStart { candidates += try remembered.all(numbered: identity) }
      let known = try reader.furthest(of: candidates)
      // Else what another file had that has its number is forgotten.
      checkpoints[identity] = known
      if index == 0, identity == checkpoint.identity, let known {
        addRotated(other, identity, known, file)
      }
      if let known, try reader.resume(at: known) == .unchanged { continue }
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
    _ path: String, _ identity: FileIdentity, _ known: FileCheckpoint, _ file: FollowedFile
  ) {
    if set[path]?.expiry != nil { set.remove(path) }
    if set[path] != nil { return }
    set.add(
      path, identity, source: file.source,
      until: file.expiry ?? .now + FollowedFile.rotationPatience)
    set[path]?.checkpoint = known
  }

  /// The file that was at `path` is not there any more: more may be appended to it under another name.
  mutating func leave(_ path: String, _ file: FollowedFile) throws {
    set[path]?.isVanished = true
    set[path]?.seen = nil
    if file.expiry != nil { set.remove(path) }
    guard let identity = file.identity, let known = file.checkpoint,
      let other = try FileRotation.files(after: known, at: path).first,
      other.identity == identity
    else { return }
    addRotated(other.path, identity, known, file)
  }
}
