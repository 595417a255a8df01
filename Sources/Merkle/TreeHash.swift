import Crypto
import Foundation

/// A hash of a Merkle tree: SHA-256, as RFC 6962 has it. What is hashed begins with 0 for a leaf and with 1 for a node, so that no
/// leaf can be passed off as a node.
public struct TreeHash: Hashable, Sendable {
  /// How many bytes a hash has.
  public static let byteCount = 32

  /// ``byteCount`` of them.
  public let bytes: [UInt8]

  /// Nil when there are more or fewer than ``byteCount``.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = Array(bytes)
  }

  init(_ digest: SHA256Digest) { bytes = Array(digest) }

  /// The hash of a leaf's data. O(bytes).
  public init(ofLeaf data: [UInt8]) {
    var hasher = SHA256()
    hasher.update(data: [0])
    hasher.update(data: data)
    self.init(hasher.finalize())
  }

  /// The hash of a node above two others.
  public init(ofNode left: TreeHash, _ right: TreeHash) {
    self.init(SHA256.hash(data: [1] + left.bytes + right.bytes))
  }

  /// The root of a tree without leaves.
  public static let ofEmptyTree = TreeHash(SHA256.hash(data: [UInt8]()))

  /// As checkpoints and proofs have it in texts.
  public var base64: String { Base64.text(bytes) }

  /// Nil when it is no hash in base64.
  public init?(base64 text: String) {
    guard let bytes = Base64.bytes(text) else { return nil }
    self.init(bytes)
  }

  /// Lower-case hexadecimal digits.
  public var hexadecimal: String { hexadecimalDigits(bytes) }
}

/// SHA-256 of bytes that are no part of the tree, such as a document that a leaf names. O(bytes).
public func sha256(_ bytes: ArraySlice<UInt8>) -> [UInt8] { Array(SHA256.hash(data: bytes)) }

/// Two lower-case digits a byte.
func hexadecimalDigits(_ bytes: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var text: [UInt8] = []
  for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
  return String(decoding: text, as: UTF8.self)
}
