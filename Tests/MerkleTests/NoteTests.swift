import Foundation
import TestSupport
import Testing

@testable import Merkle

/// Signed notes, checkpoints and cosignatures, as C2SP has them.
struct NoteTests {
  /// The example of C2SP signed-note.
  @Test func theExampleOfTheSpecification() throws {
    let key = try VerifierKey(
      "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    let note = try SignedNote(
      reading: Array(
        "This is an example message.\n\n\u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
          .utf8))
    #expect(note.isSigned(by: key))
    #expect(key.id == 0x530d_903a)
  }

  /// The key and note in the documentation of golang.org/x/mod/sumdb/note: a signature of Ed25519 is always the same.
  @Test func theExampleOfTheFirstImplementation() throws {
    let secret = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
    let text =
      "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    let signed =
      text
      + "\n\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    let key = try SigningKey(secret)
    #expect(key.text == secret)
    #expect(
      "\(key.verifier)" == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    let note = try SignedNote(reading: Array(signed.utf8))
    #expect(note.isSigned(by: key.verifier))
    #expect(String(decoding: note.bytes, as: UTF8.self) == signed)
    // What is signed here is read there, and the other way round: signatures may differ where they are randomised.
    var own = SignedNote(text)
    try own.sign(with: key)
    #expect(own.isSigned(by: key.verifier))
  }

  private static func signed(
    _ size: UInt64, by key: SigningKey, origin: String? = nil
  ) throws -> SignedNote {
    let root = TreeHash(ofLeaf: Array("\(size)".utf8))
    var note = SignedNote(Checkpoint(origin: origin ?? key.name, size: size, root: root).text)
    try note.sign(with: key)
    return note
  }

  @Test func checkpointsThatAreNotTheLogs() throws {
    let key = try SigningKey.make(named: "example.org/plant")
    let other = try SigningKey.make(named: "example.org/plant")
    let note = try Self.signed(7, by: key)
    #expect(try Checkpoint(of: note, by: key.verifier).size == 7)
    // Another key of the same name, another origin, another text, and a signature under another key's name.
    #expect(throws: NoteError.self) { try Checkpoint(of: note, by: other.verifier) }
    let foreign = try Self.signed(7, by: key, origin: "example.org/other")
    #expect(throws: NoteError.self) { try Checkpoint(of: foreign, by: key.verifier) }
    let text = String(decoding: note.bytes, as: UTF8.self)
    let larger = try SignedNote(
      reading: Array(text.replacingOccurrences(of: "\n7\n", with: "\n8\n").utf8))
    #expect(throws: NoteError.self) { try Checkpoint(of: larger, by: key.verifier) }
    var renamed = try SignedNote(reading: note.bytes)
    try renamed.sign(with: other)
    #expect(try Checkpoint(of: renamed, by: key.verifier).size == 7)
    #expect(try Checkpoint(of: renamed, by: other.verifier).size == 7)
  }

  /// A line that claims to be of a key and is not is not passed over, though another one is right.
  @Test func aWrongSignatureBesideARightOne() throws {
    let key = try SigningKey.make(named: "example.org/plant")
    let (note, wrong) = (try Self.signed(7, by: key), try Self.signed(8, by: key))
    let line = String(decoding: wrong.bytes, as: UTF8.self).split(separator: "\n").last!
    let both = try SignedNote(reading: note.bytes + Array("\(line)\n".utf8))
    #expect(both.signatures.count == 2)
    #expect(!both.isSigned(by: key.verifier))
  }

  @Test func eachFlippedBitIsFound() throws {
    let key = try SigningKey.make(named: "example.org/plant")
    let bytes = try Self.signed(1_234, by: key).bytes
    for index in bytes.indices {
      for bit in 0..<8 {
        var flipped = bytes
        flipped[index] ^= 1 << bit
        let sound = (try? SignedNote(reading: flipped)).map {
          (try? Checkpoint(of: $0, by: key.verifier)) != nil
        }
        #expect(sound != true, "byte \(index), bit \(bit)")
      }
    }
  }

  @Test func witnesses() throws {
    let key = try SigningKey.make(named: "example.org/plant")
    let witness = try SigningKey.make(named: "witness.example/w1", .cosignature)
    var note = try Self.signed(9, by: key)
    #expect(note.cosigned(by: witness.verifier) == nil)
    try note.sign(with: witness, timeS: 1_717_200_000)
    let read = try SignedNote(reading: note.bytes)
    #expect(read.cosigned(by: witness.verifier) == 1_717_200_000)
    #expect(try Checkpoint(of: read, by: key.verifier).size == 9)
    #expect(try VerifierKey("\(witness.verifier)") == witness.verifier)
    // A log's key says nothing of a time, and a witness's signature is none of the text alone.
    #expect(read.cosigned(by: key.verifier) == nil)
    let later = read.signatures.last!
    var moved = try Self.signed(9, by: key).bytes
    let bytes = [0x8d, 0, 0, 0].map(UInt8.init) + later.bytes
    moved += Array("\u{2014} \(later.name) \(Data(bytes).base64EncodedString())\n".utf8)
    #expect(try SignedNote(reading: moved).cosigned(by: witness.verifier) == nil)
  }

  /// The same rules in Python, with another library, agree both ways.
  @Test func anotherImplementation() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "notes-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "vectors.py")
    let key = try SigningKey.make(named: "example.org/plant")
    let witness = try SigningKey.make(named: "witness.example/w1", .cosignature)
    var note = try Self.signed(99, by: key)
    try note.sign(with: witness, timeS: 1_717_200_000)
    let ours = folder.appending(path: "ours")
    try Data(note.bytes).write(to: ours)
    let theirs = folder.appending(path: "theirs")
    let said = try Python.run(
      script.path(), [ours.path(), "\(key.verifier)", "\(witness.verifier)", theirs.path()])
    let keys = try said.split(separator: "\n").map { try VerifierKey(String($0)) }
    let read = try SignedNote(reading: Array(try Data(contentsOf: theirs)))
    #expect(try Checkpoint(of: read, by: keys[0]).size == 12)
    #expect(read.cosigned(by: keys[1]) == 1_700_000_000)
  }

  @Test(arguments: [
    "", "x", "x+00000000+AQ==", "example.org+12345678+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    "a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    "example.com/foo+530d903a+CekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
  ])
  func keysThatAreNone(_ text: String) {
    #expect(throws: NoteError.self) { try VerifierKey(text) }
    #expect(throws: NoteError.self) { try SigningKey(text) }
  }
}
