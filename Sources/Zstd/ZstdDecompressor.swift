internal import CZstd

/// Decompresses single frames whose size is known, reusing one context.
///
/// Not `Sendable`: make one for each thread.
@safe
public final class ZstdDecompressor {
  /// Made by the first frame: it is large, and many blocks are read without one.
  private var context: OpaquePointer?

  /// Takes no memory until the first frame.
  public init() {}

  deinit {
    unsafe ZSTD_freeDCtx(context)
  }

  private func prepare() throws(ZstdError) {
    if unsafe context == nil { unsafe context = unsafe ZSTD_createDCtx() }
    if unsafe context == nil {
      throw ZstdError(.outOfMemory, "no memory for a decompression context")
    }
  }

  /// Appends the `byteCount` bytes that `input`, exactly one frame, holds.
  ///
  /// The frame's own size is compared first, so that a damaged or hostile frame cannot make
  /// `output` grow by more than `byteCount`. On an error `output` has the count it had before.
  /// Linear in `byteCount`.
  /// - Throws: ``ZstdError/Kind/sizeMismatch`` when the frame holds another number of bytes, or
  ///   `input` more than a frame; ``ZstdError/Kind/truncated``, ``ZstdError/Kind/damaged``,
  ///   ``ZstdError/Kind/outOfMemory``.
  public func decompress(
    _ input: RawSpan, byteCount: Int, into output: inout [UInt8]
  ) throws(ZstdError) {
    precondition(byteCount >= 0, "byteCount must not be negative")
    try checkFrame(input, holds: byteCount)
    try prepare()
    try output.append(addingCapacity: byteCount) {
      (free: inout OutputSpan<UInt8>) throws(ZstdError) in
      try unsafe free.withUnsafeMutableBufferPointer { buffer, count throws(ZstdError) in
        let code = unsafe input.withUnsafeBytes { bytes in
          unsafe ZSTD_decompressDCtx(
            context, buffer.baseAddress, byteCount, bytes.baseAddress, bytes.count)
        }
        let written = try checked(code)
        guard written == byteCount else {
          throw ZstdError(.sizeMismatch, "the frame held \(written) bytes, expected \(byteCount)")
        }
        count = written
      }
    }
  }

  /// Checks that `input` is one frame and no more, whose header says `byteCount`.
  private func checkFrame(_ input: RawSpan, holds byteCount: Int) throws(ZstdError) {
    let (contentSize, frameSize) = unsafe input.withUnsafeBytes { bytes in
      unsafe (
        ZSTD_getFrameContentSize(bytes.baseAddress, bytes.count),
        ZSTD_findFrameCompressedSize(bytes.baseAddress, bytes.count)
      )
    }
    guard try checked(frameSize) == input.byteCount else {
      throw ZstdError(
        .sizeMismatch, "\(input.byteCount) bytes given, but the frame is \(frameSize) bytes")
    }
    // Unknown and invalid sizes are the two largest numbers, so they fail here as well.
    guard contentSize == UInt64(byteCount) else {
      let says = contentSize >= UInt64.max - 1 ? "no size" : "\(contentSize) bytes"
      throw ZstdError(.sizeMismatch, "the frame's header says \(says), expected \(byteCount)")
    }
  }
}
