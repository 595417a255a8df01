internal import CZlib

/// Decompresses a stream of concatenated gzip members (RFC 1952) piece by piece.
///
/// Feed it with ``decompress(_:into:)`` as bytes arrive, then call ``finish()``. Zero bytes after
/// a member are padding, as for `gzip -d`. After an error it must not be fed again.
/// Not `Sendable`: use it on one thread.
@safe
public final class GzipDecompressor {
  /// zlib's state points back to its stream, which therefore must not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private var isBetweenMembers = true

  /// How many compressed bytes were read so far.
  public private(set) var compressedOffset: Int64 = 0
  /// How many of them are whole members whose checksums hold, and padding.
  public private(set) var verifiedOffset: Int64 = 0

  /// - Throws: ``GzipError/Kind/outOfMemory``.
  public init() throws(GzipError) {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    let windowBits: Int32 = 15
    let gzipOnly: Int32 = 16
    let code = unsafe inflateInit2_(
      stream, windowBits + gzipOnly, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard code == Z_OK else {
      unsafe stream.deallocate()
      throw GzipError(.outOfMemory, "no memory for a decompression state", compressedOffset: 0)
    }
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// Decompresses from `input` until it is used up or `output` is full.
  ///
  /// When `output` comes back full, call again with the rest of `input`, even if that is empty:
  /// there may be more. Linear in the bytes read and written.
  /// - Returns: how many bytes of `input` were read.
  /// - Throws: ``GzipError/Kind/damaged``. The bytes before the damage are in `output`.
  public func decompress(
    _ input: RawSpan, into output: inout OutputSpan<UInt8>
  ) throws(GzipError) -> Int {
    var consumed = 0
    while !output.isFull {
      if isBetweenMembers {
        consumed += skipPadding(input.extracting(consumed..<input.byteCount))
        guard consumed < input.byteCount else { break }
        unsafe inflateReset(stream)
        isBetweenMembers = false
      }
      let rest = input.extracting(consumed..<input.byteCount)
      let written = output.count
      let read = try step(rest, into: &output)
      consumed += read
      if read == 0 && output.count == written { break }
    }
    return consumed
  }

  /// Says that the input ends here.
  /// - Throws: ``GzipError/Kind/truncated`` within a member.
  public func finish() throws(GzipError) {
    guard isBetweenMembers else {
      throw GzipError(
        .truncated, "the data ends within a member", compressedOffset: compressedOffset)
    }
  }

  private func skipPadding(_ input: RawSpan) -> Int {
    // Before the first member there is none.
    guard compressedOffset > 0 else { return 0 }
    let count = unsafe input.withUnsafeBytes { bytes in
      unsafe bytes.firstIndex { $0 != 0 } ?? bytes.count
    }
    compressedOffset += Int64(count)
    verifiedOffset = compressedOffset
    return count
  }

  /// One call of inflate: at most up to the end of a member.
  private func step(
    _ piece: RawSpan, into output: inout OutputSpan<UInt8>
  ) throws(GzipError) -> Int {
    let (code, read) = unsafe output.withUnsafeMutableBufferPointer { buffer, count in
      unsafe piece.withUnsafeBytes { bytes in
        let input = unsafe bytes.bindMemory(to: UInt8.self)
        let inputCount = min(input.count, Self.largestStep)
        let outputCount = min(buffer.count - count, Self.largestStep)
        // zlib only reads through next_in; its declaration lacks the const.
        unsafe stream.pointee.next_in = unsafe UnsafeMutablePointer(mutating: input.baseAddress)
        unsafe stream.pointee.avail_in = UInt32(inputCount)
        unsafe stream.pointee.next_out = unsafe buffer.baseAddress.map { unsafe $0 + count }
        unsafe stream.pointee.avail_out = UInt32(outputCount)
        let code = unsafe inflate(stream, Z_NO_FLUSH)
        count += unsafe outputCount - Int(stream.pointee.avail_out)
        let read = unsafe inputCount - Int(stream.pointee.avail_in)
        unsafe stream.pointee.next_in = nil
        unsafe stream.pointee.next_out = nil
        return (code, read)
      }
    }
    compressedOffset += Int64(read)
    try check(code)
    return read
  }

  /// zlib counts in 32 bits.
  private static let largestStep = 1 << 30

  private func check(_ code: Int32) throws(GzipError) {
    switch code {
    case Z_OK, Z_BUF_ERROR:
      break
    case Z_STREAM_END:
      isBetweenMembers = true
      verifiedOffset = compressedOffset
    case Z_MEM_ERROR:
      throw GzipError(.outOfMemory, "no memory to go on", compressedOffset: compressedOffset)
    default:
      let message = unsafe stream.pointee.msg.map { unsafe String(cString: $0) }
      throw GzipError(
        .damaged, message ?? "invalid data (zlib code \(code))",
        compressedOffset: compressedOffset)
    }
  }
}
