import Bytes
import Checksum

/// Small records end in a checksum of what is before it.
extension [UInt8] {
  consuming func sealed() -> [UInt8] {
    append(littleEndian: checksum(rawSpan))
    return self
  }
}

extension RawSpan {
  /// The record without its checksum; nil when it is not what was written.
  var unsealed: RawSpan? {
    @_lifetime(copy self)
    get {
      let size = byteCount - 8
      guard size >= 0 else { return nil }
      let body = extracting(0..<size)
      return checksum(body) == load(at: size, as: UInt64.self) ? body : nil
    }
  }
}
