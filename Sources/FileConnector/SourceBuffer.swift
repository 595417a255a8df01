/// The decompressed bytes that were read and not handed out yet.
struct SourceBuffer {
  var bytes: [UInt8] = []
  /// Offset of the first of them in the decompressed source.
  private(set) var position: Int64

  init(position: Int64 = 0) { self.position = position }

  var endPosition: Int64 { position + Int64(bytes.count) }

  /// Forgets the first `count` bytes. Linear in the bytes kept.
  mutating func drop(_ count: Int) {
    guard count > 0 else { return }
    if count == bytes.count {
      bytes.removeAll(keepingCapacity: true)
    } else {
      bytes.removeSubrange(0..<count)
    }
    position += Int64(count)
  }

  /// Takes the first `count` bytes out; what follows is copied into new storage.
  mutating func take(_ count: Int) -> [UInt8] {
    var rest: [UInt8] = []
    if count < bytes.count {
      rest.reserveCapacity(max(bytes.capacity, bytes.count - count))
      rest.append(contentsOf: bytes[count...])
    }
    swap(&rest, &bytes)
    position += Int64(count)
    rest.removeLast(rest.count - count)
    return rest
  }
}

extension SourceBuffer {
  /// Skips a byte-order mark at the beginning; false while it is not clear whether there is one. `name` is named in
  /// errors. Throws ``FileError/Kind/notUTF8``.
  mutating func skipMark(isEnd: Bool, _ name: String) throws(FileError) -> Bool {
    if let encoding = WideEncoding(firstBytes: bytes.span, isEnd: isEnd) {
      guard encoding != .undecided else { return false }
      throw .notUTF8(name, encoding.rawValue)
    }
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let count = min(mark.count, bytes.count)
    guard bytes[..<count] == mark[..<count] else { return true }
    if count == mark.count { drop(count) }
    return count == mark.count || isEnd
  }
}
