internal import CZlib

/// Compresses into one gzip member (RFC 1952).
public enum GzipCompressor {
  /// `bytes` as one member, at zlib's usual level. O(bytes).
  /// - Throws: ``GzipError/Kind/outOfMemory``.
  public static func compress(_ bytes: [UInt8]) throws(GzipError) -> [UInt8] {
    var stream = unsafe z_stream()
    let windowBits: Int32 = 15
    let asGzip: Int32 = 16
    let usualMemory: Int32 = 8
    let begun = unsafe deflateInit2_(
      &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, windowBits + asGzip, usualMemory,
      Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard begun == Z_OK else {
      throw GzipError(.outOfMemory, "no memory for a compression state", compressedOffset: 0)
    }
    defer { unsafe deflateEnd(&stream) }
    // With so much room all is written by one call.
    let bound = unsafe Int(deflateBound(&stream, UInt(bytes.count)))
    precondition(bound <= Int(UInt32.max), "compresses up to 4 GiB at once")
    var code = Z_OK
    let compressed = unsafe [UInt8](unsafeUninitializedCapacity: bound) { output, count in
      unsafe bytes.withUnsafeBufferPointer { input in
        unsafe stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        unsafe stream.avail_in = UInt32(input.count)
        unsafe stream.next_out = output.baseAddress
        unsafe stream.avail_out = UInt32(bound)
        code = unsafe deflate(&stream, Z_FINISH)
        count = unsafe bound - Int(stream.avail_out)
      }
    }
    precondition(code == Z_STREAM_END, "zlib's bound holds what it writes")
    return compressed
  }
}
