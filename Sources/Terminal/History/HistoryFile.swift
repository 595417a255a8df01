/// The file of a history: an entry a line in UTF-8, its line breaks as `\n` and its backslashes
/// doubled. Each writer locks the file and writes whole lines at its end.
struct HistoryFile {
  /// Of a larger file the end is read.
  static let maxFileBytes = 64 << 20

  let path: String

  struct Content {
    var entries: [String] = []
    /// Lines that are no entry.
    var damaged = 0
  }

  /// Nothing if there is no file. O(bytes).
  func read(maxEntryBytes: Int) throws -> Content {
    guard let file = try LockedFile(path: path, isWriting: false) else { return Content() }
    defer { file.close() }
    return try Self.parse(file.readEnd(maxBytes: Self.maxFileBytes), maxEntryBytes: maxEntryBytes)
  }

  func append(_ entry: String) throws {
    guard let file = try LockedFile(path: path, isWriting: true) else { return }
    defer { file.close() }
    // A writer that was killed may have left half a line: it is damaged, and this one is not.
    let isCut = try !(file.lastByte() ?? Self.newline == Self.newline)
    try file.append((isCut ? [Self.newline] : []) + Self.line(entry))
  }

  /// Keeps the last `limit` entries, in a new file that takes the old one's place at once.
  func rewrite(limit: Int, maxEntryBytes: Int) throws {
    guard let file = try LockedFile(path: path, isWriting: true) else { return }
    defer { file.close() }
    let bytes = try file.readEnd(maxBytes: Self.maxFileBytes)
    let entries = Self.parse(bytes, maxEntryBytes: maxEntryBytes).entries.suffix(limit)
    try file.replace(with: Array(entries.map(Self.line).joined()))
  }

  private static let newline = UInt8(ascii: "\n")
  private static let backslash = UInt8(ascii: "\\")

  static func line(_ entry: String) -> [UInt8] {
    var line: [UInt8] = []
    for byte in entry.utf8 {
      switch byte {
      case newline: line += "\\n".utf8
      case backslash: line += "\\\\".utf8
      default: line.append(byte)
      }
    }
    return line + [newline]
  }

  static func parse(_ bytes: [UInt8], maxEntryBytes: Int) -> Content {
    var content = Content()
    for line in bytes.split(separator: newline) {
      if let entry = entry(line), entry.utf8.count <= maxEntryBytes {
        content.entries.append(entry)
      } else {
        content.damaged += 1
      }
    }
    return content
  }

  /// Nil if the line is not UTF-8, has a wrong escape, or a control character that is never
  /// written.
  private static func entry(_ line: ArraySlice<UInt8>) -> String? {
    var bytes: [UInt8] = []
    var isEscaped = false
    for byte in line {
      switch (isEscaped, byte) {
      case (true, UInt8(ascii: "n")): bytes.append(newline)
      case (true, backslash): bytes.append(backslash)
      case (true, _): return nil
      case (false, backslash): break
      case (false, 0): return nil
      default: bytes.append(byte)
      }
      isEscaped = !isEscaped && byte == backslash
    }
    return isEscaped ? nil : String(validating: bytes, as: UTF8.self)
  }
}
