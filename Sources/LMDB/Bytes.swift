import CLMDB
import Glibc

extension Key {
  /// Lends the key to C for the time of `body`.
  func withValue<R>(_ body: (inout MDB_val) -> R) -> R {
    unsafe bytes.withValue(body)
  }
}

extension RawSpan {
  /// Lends the bytes to C for the time of `body`. C only reads them.
  func withValue<R>(_ body: (inout MDB_val) -> R) -> R {
    unsafe withUnsafeBytes { buffer in
      var value = unsafe MDB_val(
        mv_size: buffer.count, mv_data: UnsafeMutableRawPointer(mutating: buffer.baseAddress))
      return unsafe body(&value)
    }
  }
}

extension MDB_val {
  /// The bytes that LMDB points to. The caller narrows the lifetime to that of its transaction.
  var bytes: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: mv_data, count: mv_size)
  }
}

/// The order of LMDB's keys: negative if `left` sorts before `right`, zero if they are equal.
func order(_ left: RawSpan, _ right: RawSpan) -> Int {
  let shared = min(left.byteCount, right.byteCount)
  let first = unsafe left.withUnsafeBytes { left in
    unsafe right.withUnsafeBytes { right in
      shared == 0 ? 0 : unsafe memcmp(left.baseAddress!, right.baseAddress!, shared)
    }
  }
  return first != 0 ? Int(first) : left.byteCount - right.byteCount
}
