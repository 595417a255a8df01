import Glibc
import Gzip
import Zstd

/// Why a file cannot be read any further.
///
/// Documents that stand before the fault were handed out before this is thrown.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What the fault is, for those who act on it.
  public enum Kind: Sendable, Equatable {
    /// open(2) or fstat(2) failed.
    case cannotOpen(errno: Int32)
    case isDirectory
    /// read(2) or poll(2) failed.
    case cannotRead(errno: Int32)
    /// It was cut off or written anew while it was read.
    case changed
    /// The compressed data ends too early, at this offset of the file.
    case truncated(compressedOffset: Int64)
    /// The compressed data is damaged, at this offset of the file.
    case damaged(compressedOffset: Int64)
    /// A compressed pipe cannot be copied into a temporary file.
    case cannotSpool(errno: Int32)
    /// There is not enough memory to decompress, seen at this offset of the file.
    case outOfMemory(compressedOffset: Int64)
    /// A CSV file's header line does not give field names.
    case unusableHeader
    /// A field of a CSV file can be two different numbers.
    case ambiguousNumber
    /// The text is UTF-16 or UTF-32.
    case notUTF8
  }

  public let kind: Kind
  /// The file as the caller named it, or "stdin".
  public let path: String
  /// What happened.
  public let problem: String
  /// What to do about it.
  public let advice: String

  public var description: String { "\(path): \(problem); \(advice)" }

  init(_ kind: Kind, path: String, _ problem: String, advice: String) {
    self.kind = kind
    self.path = path
    self.problem = problem
    self.advice = advice
  }
}

extension FileError {
  static func cannotOpen(_ path: String, errno code: Int32) -> FileError {
    let advice =
      switch code {
      case ENOENT: "check the path"
      case EACCES: "give yourself the right to read it"
      case EMFILE, ENFILE: "raise the limit of open files (ulimit -n)"
      default: "check the path and its file system"
      }
    return FileError(
      .cannotOpen(errno: code), path: path, "cannot be opened: \(errorText(code))",
      advice: advice)
  }

  static func isDirectory(_ path: String) -> FileError {
    FileError(
      .isDirectory, path: path, "is a directory, not a file", advice: "name the files in it")
  }

  static func cannotRead(_ path: String, errno code: Int32) -> FileError {
    FileError(
      .cannotRead(errno: code), path: path, "cannot be read: \(errorText(code))",
      advice: "check the disk and the system's log, then ingest the file again")
  }

  static func changed(_ path: String) -> FileError {
    FileError(
      .changed, path: path, "was cut off or written anew while it was read",
      advice: "ingest it again when nobody writes it, or follow it: nilo ingest --follow")
  }

  static func decompression(_ path: String, _ error: GzipError) -> FileError {
    let offset = error.compressedOffset
    return switch error.kind {
    case .truncated: endsEarly(path, "gzip", offset)
    case .damaged: damaged(path, "gzip", offset, error.reason)
    case .outOfMemory: noMemory(path, "gzip", offset, error.reason)
    }
  }

  static func decompression(_ path: String, _ error: ZstdError) -> FileError {
    let offset = error.compressedOffset ?? 0
    return switch error.kind {
    case .truncated: endsEarly(path, "zstd", offset)
    case .outOfMemory: noMemory(path, "zstd", offset, error.reason)
    default: damaged(path, "zstd", offset, error.reason)
    }
  }

  private static func endsEarly(_ path: String, _ method: String, _ offset: Int64) -> FileError {
    FileError(
      .truncated(compressedOffset: offset), path: path,
      "the \(method) data ends early at byte \(offset)",
      advice: "copy the whole file and ingest it again")
  }

  private static func damaged(
    _ path: String, _ method: String, _ offset: Int64, _ reason: String
  ) -> FileError {
    FileError(
      .damaged(compressedOffset: offset), path: path,
      "the \(method) data is damaged at byte \(offset) (\(reason))",
      advice: "copy the file again and ingest it again")
  }

  private static func noMemory(
    _ path: String, _ method: String, _ offset: Int64, _ reason: String
  ) -> FileError {
    FileError(
      .outOfMemory(compressedOffset: offset), path: path,
      "the \(method) data cannot be decompressed at byte \(offset): \(reason)",
      advice: "decompress it with the \(method) tool and ingest the result")
  }

  /// The fault of a compressed file of which only the bytes before `offset` are handed out.
  func keeping(upTo offset: Int64) -> FileError {
    let kept =
      offset == 0
      ? "nothing of it is kept, as no checksum vouches for it"
      : "the documents before byte \(offset) are kept; no checksum vouches for the rest"
    return FileError(kind, path: path, problem, advice: "\(advice); \(kept)")
  }

  /// The fault of a compressed file that was sound when it was verified.
  var ofChangedFile: FileError {
    FileError(
      kind, path: path, problem,
      advice: "the file changed while it was read, so the last events of it may be altered ones; "
        + "copy it to where nobody writes, and ingest it into a new stream")
  }

  static func cannotSpool(_ path: String, _ directory: String, errno code: Int32) -> FileError {
    FileError(
      .cannotSpool(errno: code), path: path,
      "compressed data of a pipe cannot be copied to \(directory), to verify it first: "
        + errorText(code),
      advice: "make room there, or name another directory by TMPDIR, or ingest it from a file")
  }

  static func unusableHeader(_ path: String, _ problem: String) -> FileError {
    FileError(
      .unusableHeader, path: path, problem,
      advice: "make the first line of the CSV file its field names, each once")
  }

  static func ambiguousNumber(_ path: String, line: Int, _ text: String) -> FileError {
    let point = text.replacing(",", with: ".")
    let whole = text.replacing(",", with: "")
    return FileError(
      .ambiguousNumber, path: path,
      "line \(line): \"\(text)\" can be \(point) or \(whole); the rows before are kept",
      advice: "say --decimal-mark comma for the first, or --decimal-mark point to keep such "
        + "fields as texts")
  }

  static func notUTF8(_ path: String, _ encoding: String) -> FileError {
    FileError(
      .notUTF8, path: path, "the file is \(encoding)",
      advice: "convert it to UTF-8, for example: iconv -f \(encoding) -t UTF-8 FILE > FILE.utf8")
  }

  private static func errorText(_ code: Int32) -> String {
    var text = [CChar](repeating: 0, count: 256)
    return unsafe text.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress, unsafe strerror_r(code, base, buffer.count) == 0 else {
        return "error \(code)"
      }
      return unsafe String(cString: base)
    }
  }
}
