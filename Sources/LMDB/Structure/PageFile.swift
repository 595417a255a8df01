import Glibc

/// The data file by its pages, read by position through a descriptor that is open already.
///
/// What the map would answer with SIGBUS is an error here, and nothing is opened or closed: closing
/// any descriptor of the file would drop the locks of the process.
struct PageFile {
  let descriptor: CInt
  let pageBytes: Int

  /// The size of the file now.
  var sizeBytes: Int {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
  }

  /// Page `number` from its beginning, at most `byteCount` bytes; fewer than asked for, or none, when
  /// the file ends or cannot be read.
  func read(_ number: UInt64, byteCount: Int) -> [UInt8] {
    let (start, overflow) = number.multipliedReportingOverflow(by: UInt64(pageBytes))
    guard !overflow, start <= UInt64(Int64.max) else { return [] }
    var bytes = [UInt8](repeating: 0, count: byteCount)
    var count = 0
    while count < byteCount {
      let read = unsafe bytes.withUnsafeMutableBytes {
        unsafe pread(descriptor, $0.baseAddress! + count, byteCount - count, off_t(start) + count)
      }
      if read < 0 && errno == EINTR { continue }
      if read <= 0 { break }
      count += read
    }
    if count < byteCount { bytes.removeLast(byteCount - count) }
    return bytes
  }

  /// The whole page; nil when the file ends before its end.
  func page(_ number: UInt64) -> [UInt8]? {
    let bytes = read(number, byteCount: pageBytes)
    return bytes.count == pageBytes ? bytes : nil
  }
}

extension [UInt8] {
  /// An integer as LMDB keeps it, in the order of this machine's bytes.
  func word<Word: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, as type: Word.Type) -> Word {
    precondition(offset >= 0 && offset + MemoryLayout<Word>.size <= count)
    return unsafe withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: offset, as: Word.self) }
  }
}

/// A set of page numbers: a bit for each page of the file.
struct PageSet {
  private var words: [UInt64]

  init(through last: UInt64) { words = Array(repeating: 0, count: Int(last / 64) + 1) }

  /// Whether the page was not in the set yet.
  mutating func insert(_ page: UInt64) -> Bool {
    let (word, bit) = (Int(page / 64), 1 << (page % 64) as UInt64)
    defer { words[word] |= bit }
    return words[word] & bit == 0
  }

  func contains(_ page: UInt64) -> Bool { words[Int(page / 64)] & 1 << (page % 64) != 0 }
}
