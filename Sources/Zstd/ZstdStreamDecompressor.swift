internal import CZstd

/// Decompresses a stream of concatenated frames piece by piece, with bounded memory.
///
/// Feed it with ``decompress(_:into:)`` as bytes arrive, then call ``finish()``. After an error it
/// must not be fed again. Not `Sendable`: use it on one thread.
@safe
public final class ZstdStreamDecompressor {
  private let context: OpaquePointer
  /// What libzstd wants to read next; 0 between frames.
  private var wantedBytes = 0
  /// The last call filled its output, so the context may hold more.
  private var mayHoldOutput = false

  /// How many compressed bytes were read so far.
  public private(set) var compressedOffset: Int64 = 0
  /// How many of them are whole frames; the checksums of those that have one hold.
  public private(set) var verifiedOffset: Int64 = 0

  /// - Throws: ``ZstdError/Kind/outOfMemory``.
  public init() throws(ZstdError) {
    guard let context = unsafe ZSTD_createDCtx() else {
      throw ZstdError(.outOfMemory, "no memory for a decompression context")
    }
    unsafe self.context = unsafe context
  }

  deinit {
    unsafe ZSTD_freeDCtx(context)
  }

  /// Decompresses from `input` until it is used up or `output` is full.
  ///
  /// When `output` comes back full, call again with the rest of `input`, even if that is empty:
  /// there may be more. Linear in the bytes read and written.
  /// - Returns: how many bytes of `input` were read.
  /// - Throws: ``ZstdError/Kind/damaged``, or ``ZstdError/Kind/outOfMemory`` for a window over
  ///   128 MiB. Bytes of the blocks before the damaged one are in `output`.
  public func decompress(
    _ input: RawSpan, into output: inout OutputSpan<UInt8>
  ) throws(ZstdError) -> Int {
    guard input.byteCount > 0 || mayHoldOutput else { return 0 }
    var consumed = 0
    repeat {
      // A block a call, as libzstd forgets the output of a call that fails.
      let count = min(input.byteCount - consumed, max(wantedBytes, Self.smallestFrameHeader))
      let piece = input.extracting(consumed..<(consumed + count))
      consumed += try step(piece, into: &output)
    } while !output.isFull && consumed < input.byteCount
    mayHoldOutput = output.isFull
    return consumed
  }

  /// Says that the input ends here.
  /// - Throws: ``ZstdError/Kind/truncated`` within a frame.
  public func finish() throws(ZstdError) {
    guard wantedBytes == 0 else {
      throw ZstdError(
        .truncated, "the data ends within a frame", compressedOffset: compressedOffset)
    }
  }

  private static let smallestFrameHeader = 5

  private func step(
    _ piece: RawSpan, into output: inout OutputSpan<UInt8>
  ) throws(ZstdError) -> Int {
    try unsafe output.withUnsafeMutableBufferPointer { buffer, count throws(ZstdError) in
      var out = unsafe ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: count)
      let (code, read) = unsafe piece.withUnsafeBytes { bytes in
        var input = unsafe ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        let code = unsafe ZSTD_decompressStream(context, &out, &input)
        return unsafe (code, input.pos)
      }
      unsafe count = out.pos
      guard ZSTD_isError(code) == 0 else {
        throw ZstdError(streamCode: code, compressedOffset: compressedOffset)
      }
      wantedBytes = code
      compressedOffset += Int64(read)
      if code == 0 { verifiedOffset = compressedOffset }
      return read
    }
  }
}
