import Model

/// Phase 1: reads a file or standard input and cuts it into chunks of whole documents.
///
/// Compression (gzip, Zstandard) is known by the first bytes, and a UTF-8 byte-order mark at the
/// beginning is skipped; UTF-16 and UTF-32 are refused. Memory stays bounded by a chunk and a document of the largest size,
/// whatever the file holds.
///
/// ```swift
/// var reader = try FileReader(path: "weather.ndjson.gz", format: nil)
/// while let chunk = try reader.next() {
///   let batch = chunk.documents()   // on any thread
/// }
/// ```
public struct FileReader: ~Copyable {
  /// The absolute path, or "stdin".
  public let sourceName: String
  public let format: FileFormat
  /// The size of the file as it is on disk, compressed or not; `nil` for standard input and for
  /// pipes.
  public let totalBytes: Int64?
  /// How many bytes were read of the file as it is on disk.
  public var bytesRead: Int64 { source.bytesRead }

  /// The path that checkpoints name: where a file was before it was rotated away. The file's own, if nothing else is said.
  public var checkpointPath: String

  /// What was decided about the file so far, in words, if its reader has to know it.
  public var note: String? { cutter.note }

  /// The names of the fields as the first line of a CSV file gives them, as JSON strings with commas between them; nil of
  /// other formats, and before it was read.
  public var fieldNames: String? { cutter.fieldNames }

  /// Which file it is; nil of standard input and pipes, of which nothing can be remembered.
  public var identity: FileIdentity? { source.file.identity }

  var source: ByteSource
  var buffer = SourceBuffer()
  var cutter: any DocumentCutter
  let decimalMark: DecimalMark?
  let delimiter: UInt8?
  /// What is to be read again, and not handed out, before the first chunk.
  var passage: Passage?
  private let targetChunkBytes: Int
  private let openEnd: OpenEnd
  var isPastMark = false
  /// Of the file's first bytes, as they were read or found to be.
  var knownHead: Fingerprint?
  private(set) var hasSourceEnded = false
  private var isFinished = false
  /// The fault met while documents before it were still to be handed out.
  private var fault: FileError?
  private var hasCutterFailed = false
  /// What was read is not there any more.
  private var changed: FileError?

  /// How long whole documents wait for more input before they are handed out alone.
  private static let longestWait = Duration.milliseconds(200)
  /// Offsets within a chunk are 32 bits wide, also within one rendered from CSV.
  private static let largestTarget = 128 << 20

  /// What is done with a last document that the end of the file alone ends.
  public enum OpenEnd: Sendable {
    /// The file is complete.
    case take
    /// More of it may come.
    case leave
    /// It is taken if its brackets are closed: nothing more can come of it. Rows of tables do not show that.
    case takeIfWhole
  }

  /// The offset, of the decompressed file, up to where documents were handed out, in this reading or before it.
  public internal(set) var bytesHandedOut: Int64 = 0

  /// Opens a file; nothing is read yet.
  /// - Parameters:
  ///   - path: "-" is standard input.
  ///   - format: `nil` is by the file's name, as ``FileFormat/init(fileName:)`` says.
  ///   - decimalMark: of the numbers of a CSV file; `nil` finds it out where the delimiter is no comma.
  ///   - delimiter: what stands between the fields of a CSV file; `nil` finds it in the header.
  ///   - targetChunkBytes: the size of a chunk, at most 128 MiB; a longer document makes it larger.
  ///   - openEnd: what is done with a last line that no line end follows.
  ///   - isCancelled: asked before each read, after a signal, and several times a second while
  ///     waiting for input.
  /// - Throws: ``FileError/Kind/cannotOpen(errno:)``, ``FileError/Kind/isDirectory``.
  public init(
    path: String, format: FileFormat?, decimalMark: DecimalMark? = nil, delimiter: UInt8? = nil,
    targetChunkBytes: Int = 3 << 20, openEnd: OpenEnd = .take,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(FileError) {
    let format = format ?? FileFormat(fileName: path)
    if path == "-" {
      let file = try InputFile(descriptor: 0, name: "stdin", closesDescriptor: false)
      self.init(
        file: file, sourceName: "stdin", totalBytes: nil, format: format, decimalMark: decimalMark,
        delimiter: delimiter,
        targetChunkBytes: targetChunkBytes, isCancelled: isCancelled)
    } else {
      let file = try InputFile(path: path, isCancelled: isCancelled)
      let size = file.byteCount
      self.init(
        file: file, sourceName: InputFile.absolutePath(path), totalBytes: size, format: format,
        decimalMark: decimalMark, delimiter: delimiter, targetChunkBytes: targetChunkBytes,
        openEnd: openEnd,
        isCancelled: isCancelled)
    }
  }

  init(
    file: consuming InputFile, sourceName: String, totalBytes: Int64?, format: FileFormat,
    decimalMark: DecimalMark? = nil, delimiter: UInt8? = nil, targetChunkBytes: Int,
    openEnd: OpenEnd = .take,
    isCancelled: @escaping @Sendable () -> Bool
  ) {
    self.sourceName = sourceName
    checkpointPath = sourceName
    self.format = format
    self.totalBytes = totalBytes
    self.targetChunkBytes = min(max(1, targetChunkBytes), Self.largestTarget)
    self.openEnd = openEnd
    (self.decimalMark, self.delimiter) = (decimalMark, delimiter)
    self.cutter =
      switch format {
      case .ndjson: LineCutter()
      case .json: JSONCutter()
      case .senml: SenMLCutter()
      case .csv, .tsv: Self.tableCutter(format, file.path, delimiter, decimalMark)
      }
    self.source = ByteSource(file: file, isCancelled: isCancelled)
  }

  static func tableCutter(
    _ format: FileFormat, _ path: String, _ delimiter: UInt8?, _ mark: DecimalMark?
  ) -> CSVCutter {
    CSVCutter(path: path, delimiter: format == .tsv ? Byte.tab : delimiter, mark)
  }

  /// The next chunk, or `nil` at the end of the input or after the caller's wish to stop.
  ///
  /// A chunk is returned when it has its size, at the end of the input, and, from a pipe, when
  /// there are whole documents and no more input comes for about 200 ms. After a wish to stop,
  /// the whole documents that were read are returned first; those that were begun are not.
  /// - Throws: ``FileError``, once the documents before the fault were returned; the same again
  ///   at each further call.
  public mutating func next() throws(FileError) -> FileChunk? {
    if let changed { throw changed }
    if passage != nil, try !pass() { return nil }
    var deadline: ContinuousClock.Instant?
    while !isFinished {
      scan()
      if let fault, !cutter.isFull {
        guard cutter.hasDocuments else { throw fault }
        return try take()
      }
      if cutter.isDone || (hasSourceEnded && !cutter.isFull) {
        isFinished = true
      } else if !cutter.isFull && (buffer.bytes.count < targetChunkBytes || !cutter.hasDocuments) {
        if deadline == nil && cutter.hasDocuments && !source.file.isRegular {
          deadline = .now + Self.longestWait
        }
        if read(deadline) { continue }
      }
      if cutter.hasDocuments { return try take() }
    }
    return nil
  }

  private mutating func take() throws(FileError) -> FileChunk {
    var chunk = cutter.take(&buffer)
    do throws(FileError) {
      chunk.checkpoint = try checkpoint(of: chunk)
    } catch {
      changed = error
      throw error
    }
    bytesHandedOut = chunk.end.offset + chunk.end.openByteCount
    return chunk
  }

  private var takesOpenEnd: Bool {
    switch openEnd {
    case .take: true
    case .leave: false
    case .takeIfWhole: cutter.isWhole(buffer)
    }
  }

  /// Scans what was read, and closes the last document at the end of the source.
  private mutating func scan() {
    guard !hasCutterFailed else { return }
    do throws(FileError) {
      if !isPastMark {
        isPastMark = try buffer.skipMark(isEnd: hasSourceEnded, source.file.path)
        if !isPastMark { return }
      }
      try cutter.scan(&buffer)
      if hasSourceEnded && !cutter.isFull && takesOpenEnd { try cutter.finish(&buffer) }
    } catch {
      fault = error
      hasCutterFailed = true
    }
  }

  /// Reads once; false when what there is has to be handed out now.
  private mutating func read(_ deadline: ContinuousClock.Instant?) -> Bool {
    let count = buffer.bytes.count
    if count == 0 { buffer.bytes.reserveCapacity(capacityForChunk) }
    let limit = count < targetChunkBytes ? targetChunkBytes - count : targetChunkBytes
    do throws(FileError) {
      switch try source.read(into: &buffer.bytes, limit: limit, deadline: deadline) {
      case .bytes: return true
      case .idle: return false
      case .end: hasSourceEnded = true
      case .cancelled: isFinished = true
      }
    } catch {
      fault = error
    }
    return !isFinished
  }

  /// A small file needs no storage of a whole chunk.
  private var capacityForChunk: Int {
    guard let totalBytes, totalBytes < targetChunkBytes else { return targetChunkBytes }
    return Int(totalBytes) + 1
  }
}
