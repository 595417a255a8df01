internal import CZstd

/// Compresses whole buffers into single frames, reusing one context.
///
/// Not `Sendable`: make one for each thread.
@safe
public final class ZstdCompressor {
  private let context: OpaquePointer

  /// - Parameter level: libzstd's compression level; 1 is both the fastest and the smallest on
  ///   event documents.
  /// - Throws: ``ZstdError/Kind/invalidParameter`` for a level out of range,
  ///   ``ZstdError/Kind/outOfMemory``.
  public init(level: Int32 = 1) throws(ZstdError) {
    guard (ZSTD_minCLevel()...ZSTD_maxCLevel()).contains(level) else {
      throw ZstdError(
        .invalidParameter,
        "level \(level) is not within \(ZSTD_minCLevel()) to \(ZSTD_maxCLevel())")
    }
    guard let context = unsafe ZSTD_createCCtx() else {
      throw ZstdError(.outOfMemory, "no memory for a compression context")
    }
    unsafe self.context = unsafe context
    try checked(unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level))
  }

  deinit {
    unsafe ZSTD_freeCCtx(context)
  }

  /// Appends one frame with all of `input`, its size in the frame's header.
  ///
  /// `output` grows by room for the worst case first, a little more than `input` is long. On an
  /// error it is left as it was. Linear in `input`.
  public func compress(
    _ input: RawSpan, into output: inout [UInt8]
  ) throws(ZstdError) {
    let bound = try checked(ZSTD_compressBound(input.byteCount))
    try output.append(addingCapacity: bound) {
      (free: inout OutputSpan<UInt8>) throws(ZstdError) in
      try unsafe free.withUnsafeMutableBufferPointer { buffer, count throws(ZstdError) in
        let code = unsafe input.withUnsafeBytes { bytes in
          unsafe ZSTD_compress2(
            context, buffer.baseAddress, buffer.count, bytes.baseAddress, bytes.count)
        }
        count = try checked(code)
      }
    }
  }
}
