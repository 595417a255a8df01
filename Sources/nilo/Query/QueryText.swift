import Foundation
import Language
import Server

/// A text of statements, and where it came from.
struct QueryText {
  var text: String
  /// The file that errors name; nil for the command line and standard input.
  var file: String?

  /// The text of a statement, which its errors show.
  init(_ statement: Statement) { text = statement.canonicalText }

  /// The text that is given, or that of a file; of standard input if it is `-` or there is neither.
  init(_ given: String?, file: String?) throws {
    if let file, file != "-" {
      text = try Self.read(file)
      self.file = file
    } else if let given, given != "-" {
      text = given
    } else {
      text = try Self.text(Self.standardInput(), of: "standard input")
    }
  }

  static func read(_ file: String) throws -> String {
    do {
      let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: file))
      defer { try? handle.close() }
      return try text(bytes(of: handle), of: file)
    } catch let error as Failure {
      throw error
    } catch {
      throw Failure("\(file) cannot be read: \(FileReason.of(error))")
    }
  }

  private static func standardInput() throws -> Data {
    do { return try bytes(of: .standardInput) } catch {
      throw Failure("standard input cannot be read: \(FileReason.of(error))")
    }
  }

  /// Not more than can be a text.
  private static func bytes(of handle: FileHandle) throws -> Data {
    var bytes = Data()
    while bytes.count <= LanguageLimits.maxTextBytes {
      let missing = LanguageLimits.maxTextBytes + 1 - bytes.count
      guard let more = try handle.read(upToCount: missing), !more.isEmpty else { break }
      bytes += more
    }
    return bytes
  }

  private static func text(_ bytes: Data, of name: String) throws -> String {
    guard bytes.count <= LanguageLimits.maxTextBytes else {
      throw Failure("\(name) has more than \(LanguageLimits.maxTextBytes >> 20) MiB of text")
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
