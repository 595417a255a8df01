import Model

/// How the bytes of a request's body are compressed, as its header says.
public enum BodyCompression: String, Sendable {
  case none, gzip, zstd
}

/// Why the body of a request cannot be read any further. Documents before the fault were handed out.
public struct BodyError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What the fault is, for those who act on it.
  public enum Kind: Sendable, Equatable {
    /// The compressed data is damaged or ends early, or is not what the header says.
    case compression
    /// It decompresses to more than ``BodyReader/maxExpansion`` times its size.
    case expansion
    /// A member or frame decompresses to more than ``BodyReader/maxMemberBytes``.
    case member
    /// The text is no UTF-8, or the table has no usable header.
    case encoding
    /// There is no memory to decompress it.
    case memory
  }

  public let kind: Kind
  public let description: String

  init(_ kind: Kind, _ description: String) {
    (self.kind, self.description) = (kind, description)
  }

  init(_ error: FileError) {
    switch error.kind {
    case .truncated, .damaged: self.init(.compression, error.problem)
    case .outOfMemory: self.init(.memory, error.problem)
    case .ambiguousNumber:
      self.init(
        .encoding,
        error.problem.replacing("; the rows before are kept", with: "") + "; \(error.advice)")
    case .notUTF8:
      self.init(
        .encoding, error.problem.replacing("the file", with: "the text") + "; convert it to UTF-8")
    default: self.init(.encoding, error.problem)
    }
  }
}

/// Cuts bytes that are handed over piece by piece, such as the body of a request, into chunks of whole documents.
///
/// ```swift
/// var reader = try BodyReader(.ndjson)
/// for piece in body {
///   reader.add(piece)
///   while let chunk = try reader.next() { append(chunk.documents()) }
/// }
/// reader.finish()
/// while let chunk = try reader.next() { append(chunk.documents()) }
/// ```
///
/// Memory stays bounded by a piece, a chunk and a document of the largest size, whatever the pieces decompress to.
/// Of compressed bytes only whole members (gzip) or frames (zstd) are handed out whose checksums hold: an event that was stored
/// before would keep the right one out as its duplicate.
public struct BodyReader {
  /// Beyond ``expansionAllowanceBytes`` no body may decompress to so many times its size: it would take a client nothing
  /// to keep the program busy. What devices send is seldom beyond 50.
  public static let maxExpansion: Int64 = 500
  /// What a gzip member or a zstd frame may decompress to, since it is held until its checksum has come.
  public static let maxMemberBytes = 32 << 20
  /// What any body may decompress to.
  public static let expansionAllowanceBytes: Int64 = 32 << 20

  /// Nil until the first byte has said which.
  private var cutter: (any DocumentCutter)?
  private var decoder: Decoder
  private var buffer = SourceBuffer()
  /// Bytes of the last piece that are not decoded yet, from `pendingStart` on.
  private var pending: [UInt8] = []
  private var pendingStart = 0
  private let targetChunkBytes: Int
  private var isPastMark = false
  private var hasEnded = false
  private var isFinished = false
  /// Bytes that were handed over, and what they decompressed to.
  private var (receivedBytes, decodedBytes): (Int64, Int64) = (0, 0)
  private var fault: BodyError?

  /// Whether the format was found out, and the bytes begin as no document does.
  public private(set) var isOfUnknownFormat = false
  /// What was decided about the body and is to be told to who sent it.
  public var note: String? { cutter?.note }

  /// Names the body in errors of the cutters.
  private static let name = "body"

  /// `format` nil is found out: what begins with a bracket is JSON, anything else NDJSON. `targetChunkBytes` is the size of a
  /// chunk; a longer document makes it larger. `mark` is that of the numbers of tables; nil finds it out where the delimiter
  /// is no comma. Throws ``BodyError``.
  public init(
    _ format: FileFormat?, _ compression: BodyCompression = .none,
    decimalMark mark: DecimalMark? = nil,
    targetChunkBytes: Int = 1 << 20
  ) throws(BodyError) {
    self.targetChunkBytes = targetChunkBytes
    cutter = format.map { Self.cutter($0, mark) }
    let kind: Compression =
      switch compression {
      case .none: .none
      case .gzip: .gzip
      case .zstd: .zstd
      }
    do throws(FileError) {
      decoder = try Decoder(kind, Self.name)
    } catch {
      throw BodyError(error)
    }
  }

  private static func cutter(
    _ format: FileFormat, _ mark: DecimalMark? = nil
  ) -> any DocumentCutter {
    switch format {
    case .ndjson: LineCutter()
    case .json: JSONCutter()
    case .senml: SenMLCutter()
    case .csv: CSVCutter(path: name, delimiter: nil, mark)
    case .tsv: CSVCutter(path: name, delimiter: Byte.tab, mark)
    }
  }

  /// Hands over the next piece. To be called when ``next()`` has given nil for the one before, which asserts it.
  public mutating func add(_ piece: [UInt8]) {
    precondition(pendingStart == pending.count && !hasEnded, "a piece came before its turn")
    (pending, pendingStart) = (piece, 0)
    receivedBytes += Int64(piece.count)
  }

  /// Bytes that were handed over and are in no chunk yet: a part of a document, or a member whose checksum has not come.
  public var heldBytes: Int { buffer.bytes.count + pending.count - pendingStart }

  /// Says that no piece follows.
  public mutating func finish() { hasEnded = true }

  /// The next chunk; nil when another piece is needed, and after ``finish()`` when all was handed out.
  ///
  /// Throws ``BodyError`` at a fault, and again at each further call; documents of the chunk that was begun are not
  /// handed out.
  public mutating func next() throws(BodyError) -> FileChunk? {
    while !isFinished {
      if fault == nil { step() }
      if let fault { throw fault }
      if let chunk = takeChunk() { return chunk }
      if cutter?.isDone == true { pendingStart = pending.count }
      if isAtEnd {
        isFinished = true
      } else if pendingStart == pending.count, !hasEnded {
        return nil
      }
    }
    return nil
  }

  private mutating func takeChunk() -> FileChunk? {
    guard let cutter, cutter.hasDocuments, decoder.hasVerifiedAll else { return nil }
    let isDue =
      cutter.isFull || cutter.isDone || isAtEnd || buffer.bytes.count >= targetChunkBytes
    return isDue ? self.cutter?.take(&buffer) : nil
  }

  /// Whether the decoder has given all that it can of the bytes so far.
  private var isDrained = true
  private var isAtEnd: Bool { hasEnded && pendingStart == pending.count && isDrained }

  /// Decodes some more, and looks for documents in it.
  private mutating func step() {
    do throws(FileError) {
      try decode()
      if isAtEnd { try decoder.finish(Self.name) }
      if !isPastMark { isPastMark = try buffer.skipMark(isEnd: isAtEnd, Self.name) }
      if isPastMark { try cut() }
    } catch {
      fault = BodyError(error)
    }
    if buffer.bytes.count > Self.maxMemberBytes, !decoder.hasVerifiedAll {
      fault = BodyError(
        .member,
        "a compressed member decompresses to more than \(Self.maxMemberBytes) bytes, which are held until its checksum "
          + "has come; send it in parts, in several members, or not compressed")
    }
    if decodedBytes > max(Self.expansionAllowanceBytes, Self.maxExpansion * receivedBytes) {
      fault = BodyError(
        .expansion,
        "the body decompresses to more than \(Self.maxExpansion) times its size; send it in parts, or not compressed"
      )
    }
  }

  private mutating func cut() throws(FileError) {
    if cutter == nil { cutter = guessed() }
    guard cutter?.isFull == false else { return }
    try cutter?.scan(&buffer)
    if isAtEnd, cutter?.isFull == false { try cutter?.finish(&buffer) }
  }

  private mutating func guessed() -> (any DocumentCutter)? {
    guard let first = buffer.bytes.first(where: { !Byte.isSpace($0) }) else { return nil }
    isOfUnknownFormat = ![Byte.openBracket, UInt8(ascii: "{")].contains(first)
    return Self.cutter(first == Byte.openBracket ? .json : .ndjson)
  }

  /// Moves what fits into a chunk, and at least something, from the piece to the buffer.
  private mutating func decode() throws(FileError) {
    let room = max(1, targetChunkBytes - buffer.bytes.count)
    let countBefore = buffer.bytes.count
    switch decoder {
    case .undecided, .plain:
      let end = min(pending.count, pendingStart + max(room, 64 << 10))
      buffer.bytes.append(contentsOf: pending[pendingStart..<end])
      pendingStart = end
    case .gzip, .zstd:
      let limit = max(room, 64 << 10)
      pendingStart += try decompress(limit)
      isDrained = buffer.bytes.count - countBefore < limit
    }
    decodedBytes += Int64(buffer.bytes.count - countBefore)
  }

  /// Appends at most `limit` bytes to the buffer, and returns how many of the piece were used.
  private mutating func decompress(_ limit: Int) throws(FileError) -> Int {
    var bytes: [UInt8] = []
    swap(&bytes, &buffer.bytes)
    defer { swap(&bytes, &buffer.bytes) }
    // Unsafe for types with padding only.
    let source = unsafe pending.span.bytes.extracting(pendingStart..<pending.count)
    return try decoder.decompress(source, into: &bytes, limit, Self.name)
  }
}
