internal import CSnappy

/// Bytes compressed in the block format of Snappy, as Prometheus' remote protocols have them.
public enum Snappy {
  /// Bytes that are no compressed block, or one of more than was allowed.
  public enum Failure: Error, Equatable {
    case damaged
    /// It would have this many bytes.
    case tooLarge(Int)
  }

  /// All of `bytes` as one block. O(bytes).
  public static func compress(_ bytes: [UInt8]) -> [UInt8] {
    let room = snappy_max_compressed_length(bytes.count)
    return [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      var length = room
      let status = unsafe bytes.withUnsafeBufferPointer { input in
        unsafe Self.withChars(input, buffer) { from, to in
          unsafe snappy_compress(from, bytes.count, to, &length)
        }
      }
      precondition(status == SNAPPY_OK, "snappy was given too little room")
      count = length
    }
  }

  /// What a block was compressed from, `maxBytes` at most. O(bytes of it).
  public static func decompress(_ block: [UInt8], maxBytes: Int) throws(Failure) -> [UInt8] {
    var room = 0
    let known = unsafe block.withUnsafeBytes { bytes in
      unsafe snappy_uncompressed_length(
        bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, &room)
    }
    guard known == SNAPPY_OK else { throw .damaged }
    guard room <= maxBytes else { throw .tooLarge(room) }
    var status = SNAPPY_OK
    let output = [UInt8](unsafeUninitializedCapacity: max(1, room)) { buffer, count in
      var length = room
      status = unsafe block.withUnsafeBufferPointer { input in
        unsafe Self.withChars(input, buffer) { from, to in
          unsafe snappy_uncompress(from, block.count, to, &length)
        }
      }
      count = status == SNAPPY_OK ? length : 0
    }
    guard status == SNAPPY_OK else { throw .damaged }
    return output
  }

  /// Both buffers as the library takes them.
  private static func withChars<R>(
    _ input: UnsafeBufferPointer<UInt8>, _ output: UnsafeMutableBufferPointer<UInt8>,
    _ body: (UnsafePointer<CChar>?, UnsafeMutablePointer<CChar>?) -> R
  ) -> R {
    let raw = unsafe UnsafeRawPointer(input.baseAddress)
    let target = unsafe UnsafeMutableRawPointer(output.baseAddress)
    return unsafe body(
      raw?.assumingMemoryBound(to: CChar.self), target?.assumingMemoryBound(to: CChar.self))
  }
}
