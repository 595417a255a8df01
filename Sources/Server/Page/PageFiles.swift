import Bytes
import Crypto
import Foundation
import Gzip
import Synchronization

/// The files of the page, from the first folder that has them. They are read again when they change, so that whoever works
/// on the page sees it at once.
final class PageFiles: Sendable {
  /// A file as it is sent.
  struct File: Sendable {
    var bytes: [UInt8]
    /// Nil where that would not be shorter.
    var gzipped: [UInt8]?
    /// Of RFC 9110, of the bytes as they are. A weak one, since it stands for both forms.
    var entityTag: String
    var mediaType: String
    fileprivate var changed: Date
  }

  /// In the order in which they are looked into.
  let folders: [String]
  private let known = Mutex<[String: File]>([:])
  private let words = Result { try File(Array(WordsScript.text.utf8), "words.js", .distantPast) }

  /// `folder` comes first, unless it is empty; then what was built with the program, then what was installed with it.
  init(folder: String) {
    let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let home = URL(fileURLWithPath: program ?? "/").deletingLastPathComponent()
    folders =
      (folder.isEmpty ? [] : [folder]) + [
        home.appendingPathComponent("nilometer_Server.resources/assets").path,
        home.deletingLastPathComponent().appendingPathComponent("share/nilo/page").path,
      ]
  }

  /// A file by its path, such as `app/main.js`; nil when there is none, or its type is none of a page's. Blocks. O(bytes) when
  /// it is read first, or has changed.
  func file(_ path: String) throws -> File? {
    if path == WordsScript.path { return try words.get() }
    guard File.mediaType(path) != nil, Self.isPlain(path) else { return nil }
    for folder in folders {
      let place = folder + "/" + path
      guard let changed = Self.changed(place) else { continue }
      if let file = known.withLock({ $0[place] }), file.changed == changed { return file }
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: place)))
      let file = try File(bytes, path, changed)
      known.withLock { $0[place] = file }
      return file
    }
    return nil
  }

  private static func changed(_ place: String) -> Date? {
    let attributes = try? FileManager.default.attributesOfItem(atPath: place)
    return attributes?[.modificationDate] as? Date
  }

  /// Whether a path stays within its folder: names of letters, digits, `-`, `_` and dots, none of which begins with a dot.
  private static func isPlain(_ path: String) -> Bool {
    path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { name in
      !name.isEmpty && !name.hasPrefix(".")
        && name.utf8.allSatisfy {
          switch $0 {
          case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "."):
            true
          default: false
          }
        }
    }
  }
}

extension PageFiles.File {
  fileprivate init(_ bytes: [UInt8], _ path: String, _ changed: Date) throws {
    let gzipped = try GzipCompressor.compress(bytes)
    self.init(
      bytes: bytes, gzipped: gzipped.count < bytes.count ? gzipped : nil,
      entityTag: "W/\"\(SHA256.hash(data: bytes).hexadecimal.prefix(32))\"",
      mediaType: Self.mediaType(path) ?? "application/octet-stream", changed: changed)
  }

  /// Nil for what is no part of a page.
  fileprivate static func mediaType(_ path: String) -> String? {
    switch path.split(separator: ".").last {
    case "html": "text/html; charset=utf-8"
    case "js": "text/javascript; charset=utf-8"
    case "css": "text/css; charset=utf-8"
    case "svg": "image/svg+xml"
    case "txt": "text/plain; charset=utf-8"
    default: nil
    }
  }
}
