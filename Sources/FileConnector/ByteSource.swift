/// A file's bytes, decompressed if its first bytes say that it is compressed.
///
/// Of a compressed file only whole members (gzip) or frames (zstd) are handed out whose checksums hold:
/// bytes that nothing vouches for may be altered ones. A checksum stands at its member's end, so the file
/// is read twice: see ``verify(_:)``.
struct ByteSource: ~Copyable {
  private(set) var file: InputFile
  private let isCancelled: @Sendable () -> Bool
  private var decoder = Decoder.undecided
  /// Bytes of the file that are not decoded yet, from `pendingStart` on.
  private var pending: [UInt8] = []
  private var pendingStart = 0
  /// How many bytes of a compressed file may be read, and why no more.
  private var verified: (bytes: Int64, fault: FileError?) = (.max, nil)

  /// How many bytes were read of the file itself.
  private(set) var bytesRead: Int64 = 0

  private static let compressedReadBytes = 256 << 10

  init(file: consuming InputFile, isCancelled: @escaping @Sendable () -> Bool) {
    self.file = file
    self.isCancelled = isCancelled
  }

  /// Appends at most `limit` decompressed bytes to `bytes`; for the rest as ``InputFile/read``.
  ///
  /// When it throws, `bytes` has what comes before the fault and is whole.
  mutating func read(
    into bytes: inout [UInt8], limit: Int, deadline: ContinuousClock.Instant?
  ) throws(FileError) -> ReadOutcome {
    while true {
      switch decoder {
      case .undecided:
        let outcome = try refill(deadline)
        guard outcome == .bytes || outcome == .end else { return outcome }
        if try !decide(isEnd: outcome == .end) { return .cancelled }
      case .plain:
        guard pendingStart == pending.count else { return takePending(into: &bytes, limit) }
        let countBefore = bytes.count
        let outcome = try file.read(
          into: &bytes, limit: limit, deadline: deadline, isCancelled: isCancelled)
        bytesRead += Int64(bytes.count - countBefore)
        return outcome
      case .gzip, .zstd:
        do throws(FileError) {
          return try readDecoded(into: &bytes, limit, deadline)
        } catch {
          // What was whole when it was verified is not any more.
          throw error == verified.fault ? error : error.ofChangedFile
        }
      }
    }
  }

  /// Nil while it is not known.
  var isCompressed: Bool? {
    switch decoder {
    case .undecided: nil
    case .plain: false
    case .gzip, .zstd: true
    }
  }

  /// How much of a compressed file was verified without a fault; nil where there is a fault, or nothing to verify.
  var soundBytes: Int64? { verified.fault == nil && verified.bytes < .max ? verified.bytes : nil }

  /// Begins at `offset` of a file that is not compressed. To be called before anything is read.
  mutating func resumePlain(at offset: Int64) throws(FileError) {
    try file.seek(to: offset)
    decoder = .plain
    bytesRead = offset
  }

  private mutating func readDecoded(
    into bytes: inout [UInt8], _ limit: Int, _ deadline: ContinuousClock.Instant?
  ) throws(FileError) -> ReadOutcome {
    while true {
      let countBefore = bytes.count
      pendingStart += try decodePending(into: &bytes, limit)
      if bytes.count > countBefore { return .bytes }
      if bytesRead >= verified.bytes, let fault = verified.fault { throw fault }
      let outcome = try refill(deadline)
      if outcome == .end { try decoder.finish(file.path) }
      guard outcome == .bytes else { return outcome }
    }
  }

  /// Appends what the pending bytes give, and returns how many of them were used.
  private func decodePending(into bytes: inout [UInt8], _ limit: Int) throws(FileError) -> Int {
    // Unsafe for types with padding only.
    let source = unsafe pending.span.bytes.extracting(pendingStart..<pending.count)
    return try decoder.decompress(source, into: &bytes, limit, file.path)
  }

  /// Hands out the bytes that were read to see whether the file is compressed.
  private mutating func takePending(into bytes: inout [UInt8], _ limit: Int) -> ReadOutcome {
    let end = min(pending.count, pendingStart + limit)
    bytes.append(contentsOf: pending[pendingStart..<end])
    pendingStart = end
    if pendingStart == pending.count { dropPending() }
    return .bytes
  }

  private mutating func dropPending() {
    pending = []
    pendingStart = 0
  }

  private mutating func refill(_ deadline: ContinuousClock.Instant?) throws(FileError)
    -> ReadOutcome
  {
    if pendingStart == pending.count {
      pending.removeAll(keepingCapacity: true)
      pendingStart = 0
    }
    let left = verified.bytes - bytesRead
    guard left > 0 else { return .end }
    let countBefore = pending.count
    let outcome = try file.read(
      into: &pending, limit: Int(min(left, Int64(Self.compressedReadBytes))), deadline: deadline,
      isCancelled: isCancelled)
    bytesRead += Int64(pending.count - countBefore)
    return outcome
  }
}

extension ByteSource {
  /// Looks at the first bytes; false when the caller wants to stop.
  private mutating func decide(isEnd: Bool) throws(FileError) -> Bool {
    let compression = Compression(firstBytes: pending.span)
    switch compression {
    case .undecided where !isEnd: return true
    case .undecided, .none:
      decoder = .plain
      return true
    case .gzip, .zstd:
      if !file.isRegular, try !spool() { return false }
      return try verify(compression)
    }
  }

  /// Decompresses the file once without keeping anything, to see how far its checksums hold, and goes back
  /// to its beginning. False when the caller wants to stop. O(bytes), in little memory.
  private mutating func verify(_ compression: Compression) throws(FileError) -> Bool {
    let first = file.startOffset
    decoder = try Decoder(compression, file.path)
    var scratch: [UInt8] = []
    var fault: FileError?
    do throws(FileError) {
      while true {
        scratch.removeAll(keepingCapacity: true)
        let outcome = try readDecoded(into: &scratch, Self.compressedReadBytes, nil)
        if outcome == .cancelled { return false }
        if outcome == .end { break }
      }
    } catch {
      fault = error
    }
    let bytes = decoder.verifiedOffset
    verified = (fault == nil ? bytesRead : bytes, fault?.keeping(upTo: bytes))
    try file.seek(to: first)
    dropPending()
    bytesRead = 0
    decoder = try Decoder(compression, file.path)
    return true
  }

  /// Copies a pipe into a temporary file, which can be read twice. False when the caller wants to stop.
  private mutating func spool() throws(FileError) -> Bool {
    let copy = try InputFile.temporary(named: file.path)
    var piece = pending
    while true {
      try copy.write(piece)
      piece.removeAll(keepingCapacity: true)
      let outcome = try file.read(
        into: &piece, limit: Self.compressedReadBytes, deadline: nil, isCancelled: isCancelled)
      if outcome == .cancelled { return false }
      if outcome == .end { break }
    }
    try copy.seek(to: 0)
    file = copy
    dropPending()
    bytesRead = 0
    return true
  }
}

/// The compression that a file's first bytes show.
enum Compression {
  case none, gzip, zstd
  /// The bytes so far are the beginning of a magic number.
  case undecided

  init(firstBytes bytes: Span<UInt8>) {
    let gzip: [UInt8] = [0x1F, 0x8B]
    let zstd: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
    // The lowest of the 16 magic numbers of skippable frames, which pzstd begins files with.
    let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18]
    let matched = [(gzip, Compression.gzip), (zstd, .zstd), (skippable, .zstd)].first { magic, _ in
      for index in 0..<min(magic.count, bytes.count) {
        let mask: UInt8 = magic[0] == 0x50 && index == 0 ? 0xF0 : 0xFF
        guard bytes[index] & mask == magic[index] else { return false }
      }
      return true
    }
    guard let matched else {
      self = .none
      return
    }
    self = bytes.count < matched.0.count ? .undecided : matched.1
  }
}
