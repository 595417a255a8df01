import Checksum

/// How far a file was read, what to know in order to go on there, and what proves that a file is the one that was read.
///
/// The proof is hashes of its first bytes and of the last ones before the place: a file that was written anew, or another
/// that took its name or its number, begins or goes on otherwise.
public struct FileCheckpoint: Sendable, Equatable {
  /// Where the file was, absolute.
  public internal(set) var path: String
  public internal(set) var identity: FileIdentity
  public internal(set) var format: FileFormat
  var point: CutPoint
  /// Up to where the proof goes, as the file is on disk: what was read of it, or all of a compressed file.
  public internal(set) var provenBytes: Int64
  var head: Fingerprint
  var tail: Fingerprint
  var isCompressed: Bool
  /// All that a compressed file had was read.
  var hasEnded: Bool

  /// The offset after the last document that was read, of the decompressed file.
  public var offset: Int64 { point.offset + point.openByteCount }
  /// The number of the line there, from 1.
  public var line: Int64 { point.line }

  /// The hash of the first KiB, by which the file can be looked for; nil of one of which less was read, since short files
  /// are easily alike.
  public var headHash: UInt64? {
    head.byteCount == Fingerprint.maxBytes ? head.hash : nil
  }
  /// The hash of the path, to tell checkpoints of one number apart.
  public var pathHash: UInt64 { Fingerprint(Array(path.utf8)).hash }

  /// Whether the file, that has so many bytes, has nothing after what was read.
  func isWhole(ofSize byteCount: Int64) -> Bool {
    byteCount == provenBytes && (!isCompressed || hasEnded)
  }
}

/// The hash of some bytes.
struct Fingerprint: Sendable, Equatable {
  var byteCount: Int
  var hash: UInt64

  /// Enough to tell files apart, little enough to be read each time.
  static let maxBytes = 1_024

  init(_ bytes: [UInt8]) {
    byteCount = bytes.count
    // Unsafe for types with padding only.
    hash = unsafe checksum(bytes.span.bytes)
  }

  init(byteCount: Int, hash: UInt64) {
    (self.byteCount, self.hash) = (byteCount, hash)
  }
}

/// How the reading of a file begins of which something is known.
public enum FileBeginning: Sendable, Equatable {
  /// At a place of it, a byte and a line from 1: more has come since. A last line that was no whole one is read again.
  case continued(offset: Int64, line: Int64)
  /// Nothing has come since.
  case unchanged
  /// At its start, since it is not what was read.
  case replaced(FileReplacement)

  public var isContinued: Bool { if case .continued = self { true } else { false } }
}

/// What shows that a file is not what was read.
public enum FileReplacement: String, Sendable, Equatable {
  case shorter = "it is shorter than what was read of it"
  case otherBytes = "it has other bytes than what was read of it"
  case otherFormat = "it was read in another format"
}
