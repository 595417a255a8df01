import CXXHash

/// The 64-bit XXH3 hash of the bytes: the checksum of everything stored. It finds every flipped bit, and
/// any other damage but for one in 2^64; it is no proof against an adversary.
///
/// Runs at memory speed. Source: <https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md>.
public func checksum(_ bytes: RawSpan) -> UInt64 {
  unsafe bytes.withUnsafeBytes { unsafe cxxhash_64bits($0.baseAddress, $0.count) }
}

/// The 128-bit XXH3 hash of the bytes, which two different texts have with a chance of one in 2^128 for each pair; it is no
/// proof against an adversary, either.
public func checksum128(_ bytes: RawSpan) -> (high: UInt64, low: UInt64) {
  let hash = unsafe bytes.withUnsafeBytes { unsafe cxxhash_128bits($0.baseAddress, $0.count) }
  return (hash.high64, hash.low64)
}
