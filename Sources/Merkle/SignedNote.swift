import Foundation

/// A text with signatures, as C2SP signed-note has it: lines of text, an empty one, and a line for each signature.
public struct SignedNote: Sendable, Equatable {
  /// A signature as it stands in a note.
  public struct Signature: Sendable, Equatable {
    /// Whose it says it is.
    public var name: String
    public var keyId: UInt32
    /// Of a witness with the time before it.
    public var bytes: [UInt8]
  }

  /// With the end of its last line.
  public let text: String
  public private(set) var signatures: [Signature] = []

  /// Without signatures. `text` ends with its last line.
  public init(_ text: String) {
    precondition(text.hasSuffix("\n") && !text.contains("\n\n"), "a note's text is whole lines")
    self.text = text
  }

  /// A note is no larger.
  private static let maxBytes = 1 << 20
  private static let maxSignatures = 100

  /// Reads a note; its signatures are not checked. Throws ``NoteError``.
  public init(reading bytes: [UInt8]) throws(NoteError) {
    guard bytes.count <= Self.maxBytes, let note = String(validating: bytes, as: UTF8.self),
      bytes.allSatisfy({ $0 >= 0x20 || $0 == 0x0A }), note.hasSuffix("\n"),
      let split = note.range(of: "\n\n", options: .backwards)
    else { throw NoteError("this is no signed note: a text, an empty line, and signatures") }
    text = String(note[..<split.lowerBound]) + "\n"
    for line in note[split.upperBound...].split(separator: "\n", omittingEmptySubsequences: false)
      .dropLast()
    {
      signatures.append(try Self.signature(line))
    }
    guard 1...Self.maxSignatures ~= signatures.count else {
      throw NoteError("a note has 1 to \(Self.maxSignatures) signatures")
    }
  }

  private static func signature(_ line: Substring) throws(NoteError) -> Signature {
    let parts = line.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "\u{2014}", NoteName.isValid(parts[1]),
      let data = Base64.bytes(parts[2]), data.count > 4
    else { throw NoteError("this is no signature of a note: \(line.prefix(100))") }
    return Signature(
      name: String(parts[1]), keyId: data.prefix(4).reduce(0) { $0 << 8 | UInt32($1) },
      bytes: Array(data.dropFirst(4)))
  }

  /// The note as it is kept and sent.
  public var bytes: [UInt8] {
    let lines = signatures.map { signature in
      let id = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: signature.keyId >> UInt32($0)) }
      return "\u{2014} \(signature.name) \(Base64.text(id + signature.bytes))\n"
    }
    return Array((text + "\n" + lines.joined()).utf8)
  }

  /// Adds a signature. `timeS`, in seconds since 1970, is that of a witness.
  public mutating func sign(with key: SigningKey, timeS: UInt64? = nil) throws {
    var signature = try key.signature(
      of: Self.message(text, key.algorithm, timeS: timeS ?? 0))
    if key.algorithm == .cosignature { signature = Self.bytes(timeS ?? 0) + signature }
    signatures.append(
      Signature(name: key.name, keyId: key.verifier.id, bytes: signature))
  }

  /// Whether `key` has signed it. A line that says that it is of this key and is not makes it false, whatever else there is.
  public func isSigned(by key: VerifierKey) -> Bool {
    let claimed = signatures.filter { $0.name == key.name && $0.keyId == key.id }
    return !claimed.isEmpty && claimed.allSatisfy { isValid($0, key) }
  }

  /// When a witness says that it has seen the note, in seconds since 1970; nil when it does not.
  public func cosigned(by key: VerifierKey) -> UInt64? {
    guard key.algorithm == .cosignature, isSigned(by: key) else { return nil }
    return signatures.first { $0.name == key.name && $0.keyId == key.id }.map(Self.timeS)
  }

  private func isValid(_ signature: Signature, _ key: VerifierKey) -> Bool {
    switch key.algorithm {
    case .ed25519: return key.signs(Array(text.utf8), signature.bytes)
    case .cosignature:
      guard signature.bytes.count == 72 else { return false }
      let message = Self.message(text, .cosignature, timeS: Self.timeS(signature))
      return key.signs(message, signature.bytes.dropFirst(8))
    }
  }

  private static func message(
    _ text: String, _ algorithm: VerifierKey.Algorithm, timeS: UInt64
  ) -> [UInt8] {
    switch algorithm {
    case .ed25519: Array(text.utf8)
    case .cosignature: Array("cosignature/v1\ntime \(timeS)\n\(text)".utf8)
    }
  }

  private static func timeS(_ signature: Signature) -> UInt64 {
    signature.bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func bytes(_ value: UInt64) -> [UInt8] {
    stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> UInt64($0)) }
  }
}
