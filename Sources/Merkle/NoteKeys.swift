import Crypto
import Foundation

/// A key that signatures of notes are checked by, as C2SP signed-note writes it: `NAME+HASH+KEY`.
public struct VerifierKey: Hashable, Sendable, CustomStringConvertible {
  /// What a key signs: texts of notes, or as a witness that it has seen them at a time (C2SP tlog-cosignature).
  public enum Algorithm: UInt8, Sendable {
    case ed25519 = 1
    case cosignature = 4
  }

  /// Whose key it is: of a log its origin.
  public let name: String
  public let algorithm: Algorithm
  /// The 32 bytes of an Ed25519 key.
  public let publicKey: [UInt8]

  init(_ name: String, _ algorithm: Algorithm, _ publicKey: [UInt8]) {
    (self.name, self.algorithm, self.publicKey) = (name, algorithm, publicKey)
  }

  /// The first four bytes of the hash of its name and itself, by which signatures name it.
  public var id: UInt32 {
    let named = Array(name.utf8) + [0x0A, algorithm.rawValue] + publicKey
    return Array(SHA256.hash(data: named)).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
  }

  public var description: String {
    "\(name)+\(Self.digits(id))+\(Base64.text([algorithm.rawValue] + publicKey))"
  }

  static func digits(_ id: UInt32) -> String {
    hexadecimalDigits([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: id >> UInt32($0)) })
  }

  /// Throws ``NoteError``.
  public init(_ text: String) throws(NoteError) {
    let fields = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
    guard fields.count == 3, NoteName.isValid(fields[0]),
      let data = Base64.bytes(fields[2]), data.count == 33,
      let algorithm = Algorithm(rawValue: data[0])
    else {
      throw NoteError("\"\(text)\" is no key of notes: NAME+HASH+KEY, as nilo audit keygen prints")
    }
    self.init(String(fields[0]), algorithm, Array(data.dropFirst()))
    guard Self.digits(id) == fields[1] else {
      throw NoteError(
        "the key of \(name) has the hash \(fields[1]), and should have \(Self.digits(id))")
    }
  }

  /// Whether `signature` is one of `message` by this key.
  func signs(_ message: [UInt8], _ signature: some Collection<UInt8>) -> Bool {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else {
      return false
    }
    return key.isValidSignature(Data(signature), for: message)
  }
}

/// A key that notes are signed by. Its text is a secret: `PRIVATE+KEY+NAME+HASH+SEED`.
public struct SigningKey: Sendable {
  public let name: String
  private let seed: [UInt8]
  private let publicKey: [UInt8]
  public let algorithm: VerifierKey.Algorithm

  /// A new one. Throws ``NoteError`` when notes can have no such name.
  public static func make(
    named name: String, _ algorithm: VerifierKey.Algorithm = .ed25519
  ) throws(NoteError) -> SigningKey {
    guard NoteName.isValid(name[...]) else { throw NoteError("\"\(name)\" \(NoteName.rule)") }
    let key = Curve25519.Signing.PrivateKey()
    return SigningKey(
      name: name, seed: Array(key.rawRepresentation),
      publicKey: Array(key.publicKey.rawRepresentation), algorithm: algorithm)
  }

  private init(
    name: String, seed: [UInt8], publicKey: [UInt8], algorithm: VerifierKey.Algorithm
  ) {
    (self.name, self.seed, self.publicKey) = (name, seed, publicKey)
    self.algorithm = algorithm
  }

  /// Reads what ``text`` gives. Throws ``NoteError``, which does not show it.
  public init(_ text: String) throws(NoteError) {
    let fields = text.split(separator: "+", maxSplits: 4, omittingEmptySubsequences: false)
    guard fields.count == 5, fields[0] == "PRIVATE", fields[1] == "KEY",
      NoteName.isValid(fields[2]), let data = Base64.bytes(fields[4]),
      data.count == 33, let algorithm = VerifierKey.Algorithm(rawValue: data[0]),
      let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: data.dropFirst())
    else { throw NoteError("this is no secret key of notes, as nilo audit keygen makes it") }
    self.init(
      name: String(fields[2]), seed: Array(data.dropFirst()),
      publicKey: Array(key.publicKey.rawRepresentation), algorithm: algorithm)
    guard VerifierKey.digits(verifier.id) == fields[3] else {
      throw NoteError("the secret key of \(name) does not have the hash that it should have")
    }
  }

  /// The key in the form that files have it in.
  public var text: String {
    let data = Base64.text([algorithm.rawValue] + seed)
    return "PRIVATE+KEY+\(name)+\(VerifierKey.digits(verifier.id))+\(data)"
  }

  /// What others check by.
  public var verifier: VerifierKey { VerifierKey(name, algorithm, publicKey) }

  func signature(of message: [UInt8]) throws -> [UInt8] {
    Array(try Curve25519.Signing.PrivateKey(rawRepresentation: seed).signature(for: message))
  }
}

/// Names of keys.
enum NoteName {
  static let rule = "is no name of a key: one has no spaces and no +, such as example.org/plant"

  static func isValid(_ name: Substring) -> Bool {
    !name.isEmpty && !name.unicodeScalars.contains { $0 == "+" || $0.properties.isWhitespace }
  }
}

/// A note, a key or a checkpoint is not what it should be.
public struct NoteError: Error, Equatable, CustomStringConvertible {
  public var description: String
  init(_ description: String) { self.description = description }
}
