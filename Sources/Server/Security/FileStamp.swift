import Foundation

/// When a file was changed, its size and its inode: what is the same in all of these has the same content.
struct FileStamp: Equatable, Sendable {
  private var modified: Date
  private var byteCount: Int
  private var inode: Int

  /// Nil for a file that is not there, or cannot be looked at.
  init?(path: String) {
    guard let values = try? FileManager.default.attributesOfItem(atPath: path) else { return nil }
    modified = values[.modificationDate] as? Date ?? .distantPast
    byteCount = (values[.size] as? NSNumber)?.intValue ?? 0
    inode = (values[.systemFileNumber] as? NSNumber)?.intValue ?? 0
  }
}
