internal import CZstd

/// Why a Zstandard call failed.
public struct ZstdError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What the fault is, for those who act on it.
  public enum Kind: Sendable, Equatable {
    /// The bytes are no valid frame, or their checksum does not match.
    case damaged
    /// The input ends within a frame.
    case truncated
    /// The frame holds another number of bytes than the caller says.
    case sizeMismatch
    /// libzstd could not allocate its context, or a frame wants a larger window than allowed.
    case outOfMemory
    /// A parameter is out of range, such as a level that libzstd does not know.
    case invalidParameter
  }

  public let kind: Kind
  /// What went wrong, in words.
  public let reason: String
  /// How many compressed bytes were read before the error; `nil` for one-shot calls.
  public let compressedOffset: Int64?

  public var description: String {
    guard let compressedOffset else { return "zstd: \(reason)" }
    return "zstd: \(reason) (at compressed byte \(compressedOffset))"
  }

  init(_ kind: Kind, _ reason: String, compressedOffset: Int64? = nil) {
    self.kind = kind
    self.reason = reason
    self.compressedOffset = compressedOffset
  }

  /// The error of a one-shot call's result code for which `ZSTD_isError` holds.
  init(code: Int) {
    let name = unsafe String(cString: ZSTD_getErrorName(code))
    self.init(Self.kind(ofCode: code), name)
  }

  /// The error of a streaming call, which knows the whole input only at its end: there is no
  /// truncation here, and what libzstd calls a wrong size is damage.
  init(streamCode code: Int, compressedOffset: Int64) {
    let kind = Self.kind(ofCode: code)
    guard kind != .outOfMemory else {
      self.init(
        kind, "the frame needs a window over 128 MiB (made with --long)",
        compressedOffset: compressedOffset)
      return
    }
    let name = unsafe String(cString: ZSTD_getErrorName(code))
    self.init(.damaged, name, compressedOffset: compressedOffset)
  }

  private static func kind(ofCode code: Int) -> Kind {
    switch ZSTD_getErrorCode(code) {
    case ZSTD_error_memory_allocation, ZSTD_error_frameParameter_windowTooLarge: .outOfMemory
    case ZSTD_error_parameter_outOfBound, ZSTD_error_parameter_unsupported: .invalidParameter
    case ZSTD_error_srcSize_wrong: .truncated
    case ZSTD_error_dstSize_tooSmall: .sizeMismatch
    default: .damaged
    }
  }
}

/// Throws the error that a result code stands for, else returns the code as a count.
@discardableResult
func checked(_ code: Int) throws(ZstdError) -> Int {
  guard ZSTD_isError(code) == 0 else { throw ZstdError(code: code) }
  return code
}
