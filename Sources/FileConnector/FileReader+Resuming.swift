/// Going on in a file of which a part was read before.
extension FileReader {
  /// What is read of a compressed file before its place comes: only decompressing tells where that is.
  struct Passage {
    var end: Int64
    /// The bytes before the place that are needed: the header of a table.
    var kept: Range<Int64>
    var point: CutPoint
  }

  /// Begins at the checkpoint, if the file is the one that it is of, else at the file's start. To be called before
  /// ``next()``, and again only after it has given ``FileBeginning/replaced(_:)``. O(1), and for compressed files O(bytes before the checkpoint) with the first chunk.
  public mutating func resume(at checkpoint: FileCheckpoint) throws(FileError) -> FileBeginning {
    guard let byteCount = totalBytes else { return .replaced(.otherBytes) }
    if let replacement = try replacement(of: checkpoint) { return .replaced(replacement) }
    if checkpoint.isWhole(ofSize: byteCount) { return .unchanged }
    knownHead = checkpoint.head
    var point = checkpoint.point
    if checkpoint.isCompressed {
      // A part that was added begins with a line of its own.
      if checkpoint.hasEnded || byteCount == checkpoint.provenBytes { point.skipOpenBytes() }
      passage = Passage(end: point.offset, kept: point.neededBytes, point: point)
    } else {
      if try hasLineEnd(at: checkpoint.offset) { point.skipOpenBytes() }
      try resume(at: point, source.file.bytes(point.neededBytes))
      try source.resumePlain(at: point.offset)
    }
    return .continued(offset: point.offset, line: point.line)
  }

  /// What shows that the file is not the one that the checkpoint is of; nil when it is that one. O(1): reads 2 KiB at most.
  public func replacement(of checkpoint: FileCheckpoint) throws(FileError) -> FileReplacement? {
    guard let byteCount = totalBytes else { return .otherBytes }
    if checkpoint.format != format { return .otherFormat }
    if byteCount < checkpoint.provenBytes { return .shorter }
    return try isProven(checkpoint) ? nil : .otherBytes
  }

  /// The hash of the file's first KiB, as ``FileCheckpoint/headHash``; nil of a shorter one.
  public func headHash() throws(FileError) -> UInt64? {
    let head = try source.file.bytes(0..<Int64(Fingerprint.maxBytes))
    return head.count == Fingerprint.maxBytes ? Fingerprint(head).hash : nil
  }

  /// Whether the first bytes of the file are those of a compressed one.
  public var beginsCompressed: Bool {
    guard totalBytes != nil, let first = try? source.file.bytes(0..<4) else { return false }
    return ![.none, .undecided].contains(Compression(firstBytes: first.span))
  }

  /// Whether the file has the bytes that the checkpoint says. Reads 2 KiB at most.
  private func isProven(_ checkpoint: FileCheckpoint) throws(FileError) -> Bool {
    let (head, tail) = (Int64(checkpoint.head.byteCount), Int64(checkpoint.tail.byteCount))
    let end = checkpoint.provenBytes
    guard end >= tail else { return false }
    if try Fingerprint(source.file.bytes(0..<head)) != checkpoint.head { return false }
    return try Fingerprint(source.file.bytes(end - tail..<end)) == checkpoint.tail
  }

  private func hasLineEnd(at offset: Int64) throws(FileError) -> Bool {
    let next = try source.file.bytes(offset..<offset + 1).first
    return next == Byte.newline || next == Byte.carriageReturn
  }

  private mutating func resume(at point: CutPoint, _ kept: [UInt8]) throws(FileError) {
    buffer = SourceBuffer(position: point.offset)
    bytesHandedOut = point.offset
    isPastMark = point.offset > 0
    switch point.state {
    case .lines(let withinRefused):
      cutter = LineCutter(
        line: point.line, refusedFrom: withinRefused ? point.offset : nil)
    case .json(let isInArray):
      cutter = JSONCutter(offset: point.offset, line: point.line, isInArray: isInArray)
    case .senml(let base):
      cutter = SenMLCutter(offset: point.offset, line: point.line, base: base)
    case .table(let table):
      var tables = Self.tableCutter(format, source.file.path, delimiter, decimalMark)
      if point.offset > 0 { try tables.resume(table, kept, line: point.line) }
      cutter = tables
    }
  }

  /// Reads up to the place of a compressed file. False when the caller wants to stop, or the file ends before.
  mutating func pass() throws(FileError) -> Bool {
    guard let passage else { return true }
    var kept: [UInt8] = []
    var piece: [UInt8] = []
    var position: Int64 = 0
    while position < passage.end {
      piece.removeAll(keepingCapacity: true)
      let limit = Int(min(passage.end - position, 1 << 20))
      guard try source.read(into: &piece, limit: limit, deadline: nil) == .bytes else {
        return false
      }
      let end = position + Int64(piece.count)
      let range = passage.kept.clamped(to: position..<end)
      kept += piece[Int(range.lowerBound - position)..<Int(range.upperBound - position)]
      position = end
    }
    self.passage = nil
    try resume(at: passage.point, kept)
    return true
  }

  /// What is to be kept with a chunk. Nil for what is no file, and where it cannot be read again. Reads 2 KiB.
  /// - Throws: ``FileError/Kind/changed`` when the file does not have the chunk's bytes any more, as when it was cut off or
  ///   written anew meanwhile: they may be half of what was there, and are found where that has gone.
  mutating func checkpoint(of chunk: borrowing FileChunk) throws(FileError) -> FileCheckpoint? {
    guard let identity = source.file.identity, let isCompressed = source.isCompressed,
      source.file.startOffset == 0
    else { return nil }
    let point = chunk.end
    let end =
      isCompressed
      ? source.soundBytes ?? totalBytes ?? 0 : point.offset + point.openByteCount
    let count = min(end, Int64(Fingerprint.maxBytes))
    let head = try source.file.bytes(0..<count)
    let tail = try source.file.bytes(end - count..<end)
    guard head.count == count, tail.count == count,
      isCompressed || chunk.agrees(with: tail, at: end - count),
      knownHead.map({ $0.isOfPrefix(head) }) ?? (isCompressed || chunk.agrees(with: head, at: 0))
    else { throw .changed(source.file.path) }
    let proof = (head: Fingerprint(head), tail: Fingerprint(tail))
    knownHead = proof.head
    return FileCheckpoint(
      path: checkpointPath, identity: identity, format: format, point: point, provenBytes: end,
      head: proof.head, tail: proof.tail, isCompressed: isCompressed, hasEnded: false)
  }

  /// What is to be kept after the last chunk, whose checkpoint is `last`; nil when there is nothing more to say. A file that
  /// is not compressed says it by its size.
  public func checkpoint(afterLast last: FileCheckpoint?) -> FileCheckpoint? {
    guard hasSourceEnded, var last, last.isCompressed, source.soundBytes != nil else { return nil }
    last.hasEnded = true
    return last
  }
}

extension CutPoint {
  /// Goes on after a document that turned out to be whole.
  fileprivate mutating func skipOpenBytes() {
    offset += openByteCount
    openByteCount = 0
  }

  /// The bytes before it that a cutter has to see again.
  fileprivate var neededBytes: Range<Int64> {
    guard case .table(let table) = state else { return 0..<0 }
    return table.start..<table.headerEnd
  }
}

extension FileChunk {
  /// Whether the chunk has these bytes of the file, as far as they are within it. One that was rendered, or that passes over
  /// some, does not tell.
  fileprivate borrowing func agrees(with other: [UInt8], at offset: Int64) -> Bool {
    guard bytes.count == endPosition - position else { return true }
    let range = (offset..<offset + Int64(other.count)).clamped(to: position..<endPosition)
    if range.isEmpty { return true }
    let (start, otherStart) = (range.lowerBound - position, range.lowerBound - offset)
    return bytes[Int(start)..<Int(start) + range.count]
      == other[Int(otherStart)..<Int(otherStart) + range.count]
  }
}

extension Fingerprint {
  /// Whether it is that of the first ones of the bytes.
  fileprivate func isOfPrefix(_ bytes: [UInt8]) -> Bool {
    bytes.count >= byteCount && Fingerprint(Array(bytes[..<byteCount])) == self
  }
}
