import CLMDB
import Glibc
import Synchronization

extension Environment {
  /// Bytes of mapped files that count as the process's memory, but for the program's own code as far as it is known:
  /// those of environments above all. O(1).
  public static var residentFileBytes: Int {
    max(0, allResidentFileBytes - programFileBytes.load(ordering: .relaxed))
  }

  /// What counted as memory when pages were given back last: the program and its libraries. No limit on what is read can
  /// make that less, and one that it exceeds would have pages given back all the time.
  private static let programFileBytes = Atomic(0)

  private static var allResidentFileBytes: Int {
    // "size resident shared ..." in pages.
    guard let text = readText("/proc/self/statm", atOnce: 128) else { return 0 }
    let fields = text.split(separator: " ")
    return fields.count > 2 ? (Int(fields[2]) ?? 0) * Int(getpagesize()) : 0
  }

  /// Gives the pages of the map back to the system, which mostly keeps them in its cache. They come back when
  /// they are touched, so spans into the map stay valid. A long-running writer that reads all over the file
  /// calls it to keep its memory bounded. O(pages given back).
  public func releaseResidentPages() {
    gate.share()
    defer { gate.unshare() }
    guard session != nil, let status = fileStatus("\(directory)/data.mdb"),
      let maps = readText("/proc/self/maps")
    else { return }
    for line in maps.split(separator: "\n") {
      // "from-to rwxp offset device inode path"
      let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
      guard fields.count == 6, fields[4] == String(status.st_ino),
        fields[5].hasSuffix("/data.mdb")
      else { continue }
      let bounds = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      guard bounds.count == 2, let start = unsafe UnsafeMutableRawPointer(bitPattern: bounds[0])
      else { continue }
      // A failure leaves the pages where they are.
      _ = unsafe madvise(start, Int(bounds[1] - bounds[0]), MADV_DONTNEED)
    }
    Self.programFileBytes.store(Self.allResidentFileBytes, ordering: .relaxed)
  }
}

/// The whole text of one of the system's small files.
private func readText(_ path: String, atOnce byteCount: Int = 64 * 1024) -> String? {
  let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { return nil }
  defer { _ = close(file) }
  var text: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: byteCount)
  while true {
    let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
    if count < 0 && errno == EINTR { continue }
    guard count > 0 else { return count == 0 ? String(decoding: text, as: UTF8.self) : nil }
    text += buffer.prefix(count)
  }
}
