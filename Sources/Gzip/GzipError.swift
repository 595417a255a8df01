/// Why a gzip stream could not be decompressed.
public struct GzipError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What the fault is, for those who act on it.
  public enum Kind: Sendable, Equatable {
    /// The bytes are no valid gzip data, or a member's checksum or size does not match.
    case damaged
    /// The input ends within a member.
    case truncated
    /// zlib could not allocate its state.
    case outOfMemory
  }

  public let kind: Kind
  /// What went wrong, in words.
  public let reason: String
  /// How many compressed bytes were read before the error.
  public let compressedOffset: Int64

  public var description: String { "gzip: \(reason) (at compressed byte \(compressedOffset))" }

  init(_ kind: Kind, _ reason: String, compressedOffset: Int64) {
    self.kind = kind
    self.reason = reason
    self.compressedOffset = compressedOffset
  }
}
