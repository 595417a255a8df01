import Foundation
import Merkle

/// Secret keys in files, outside of stores, and keys that notes are checked by.
public enum KeyFile {
  /// Writes a secret key to a file that only its owner may read. Throws ``AuditError`` when there is one already.
  public static func write(_ key: SigningKey, to path: String) throws {
    guard !FileManager.default.fileExists(atPath: path) else {
      throw AuditError(
        "there is a file \(path) already: a key that is overwritten is lost; take another name")
    }
    // Nobody may read it by the time that it has the secret.
    guard
      FileManager.default.createFile(
        atPath: path, contents: nil, attributes: [.posixPermissions: 0o600]),
      let file = FileHandle(forWritingAtPath: path)
    else {
      throw AuditError(
        "the key cannot be written to \(path): is there such a directory, and may you write to it?")
    }
    defer { try? file.close() }
    try file.write(contentsOf: Data("\(key.text)\n".utf8))
    try file.synchronize()
  }

  /// Reads a secret key. Throws ``AuditError``, which does not show it.
  public static func signingKey(_ path: String) throws -> SigningKey {
    do {
      return try SigningKey(text(path))
    } catch let error as NoteError {
      throw AuditError("\(path): \(error)")
    }
  }

  /// A key that is given by itself, or as a file that has it. Throws ``AuditError``.
  public static func verifierKey(_ keyOrPath: String) throws -> VerifierKey {
    if let key = try? VerifierKey(keyOrPath) { return key }
    guard FileManager.default.fileExists(atPath: keyOrPath) else {
      throw AuditError("\"\(keyOrPath)\" is neither a key, NAME+HASH+KEY, nor a file that has one")
    }
    do {
      return try VerifierKey(text(keyOrPath))
    } catch let error as NoteError {
      throw AuditError("\(keyOrPath): \(error)")
    }
  }

  /// The signed checkpoint of a file. Throws ``AuditError``.
  public static func note(_ path: String) throws -> SignedNote {
    do {
      return try SignedNote(reading: Array(data(path)))
    } catch let error as NoteError {
      throw AuditError("\(path): \(error)")
    }
  }

  private static func text(_ path: String) throws -> String {
    String(decoding: try data(path), as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func data(_ path: String) throws -> Data {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw AuditError("\(path) cannot be read: is there such a file, and may you read it?")
    }
    return data
  }
}
