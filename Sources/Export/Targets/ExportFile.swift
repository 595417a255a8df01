import Foundation

/// A file that is there whole or not at all: it is written under a hidden name beside it, and renamed when it is durable.
final class ExportFile {
  let path: String
  private(set) var byteCount = 0
  private var held: [UInt8] = []
  private var isBegun = false

  /// Bytes that are written at a time. In between the file is closed, so that many can be on their way.
  private static let pieceBytes = 1 << 20

  init(_ path: String) { self.path = path }

  /// The name while it is written.
  static func partialPath(_ path: String) -> String {
    let url = URL(fileURLWithPath: path)
    return url.deletingLastPathComponent().appendingPathComponent(
      ".\(url.lastPathComponent).partial"
    ).path
  }

  var heldBytes: Int { held.count }

  func append(_ bytes: [UInt8]) throws {
    held.append(contentsOf: bytes)
    byteCount += bytes.count
    if held.count >= Self.pieceBytes { try write(isLast: false) }
  }

  /// Makes all that was written durable, under the hidden name.
  func settle() throws { try write(isLast: true) }

  /// Takes the place of whatever had the name. To be called once it is settled.
  func publish() throws { try Self.publish(path) }

  /// Removes what was written.
  func discard() { try? FileManager.default.removeItem(atPath: Self.partialPath(path)) }

  private func write(isLast: Bool) throws {
    let partial = Self.partialPath(path)
    try Self.reporting(path) {
      if !isBegun {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: partial))
        isBegun = true
      }
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: partial))
      defer { try? handle.close() }
      try handle.seekToEnd()
      try handle.write(contentsOf: held)
      if isLast { try handle.synchronize() }
    }
    held.removeAll(keepingCapacity: true)
  }

  /// Renames a file that is settled. Nothing happens when that was done before.
  static func publish(_ path: String) throws {
    let partial = partialPath(path)
    guard FileManager.default.fileExists(atPath: partial) else { return }
    try reporting(path) {
      // Foundation has nothing that puts a file in the place of another one in one step.
      guard rename(partial, path) == 0 else {
        throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
      }
    }
  }

  /// Makes the names in a folder durable.
  static func settleFolder(_ path: String) throws {
    try reporting(path) {
      let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      try handle.synchronize()
      try handle.close()
    }
  }

  /// Runs `body`; what fails is said of the file at `path`.
  static func reporting<R>(_ path: String, _ body: () throws -> R) throws -> R {
    do { return try body() } catch {
      let reason = (error as NSError).userInfo[NSUnderlyingErrorKey] ?? error
      let text = (reason as? any Error)?.localizedDescription ?? error.localizedDescription
      throw ExportError("\(path) cannot be written: \(text); what is there already stays as it is")
    }
  }
}
