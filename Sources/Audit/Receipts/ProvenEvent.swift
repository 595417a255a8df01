import Bytes
import Foundation
import Merkle

/// An event with the proof that it is in a log: its document, its leaf, and the hashes that lead from the leaf to the root.
struct ProvenEvent: Equatable {
  var leaf: Leaf
  var document: [UInt8]
  var path: [TreeHash]

  var json: [UInt8] {
    jsonObject { json in
      json.field("index", leaf.seq - 1)
      json.field("leaf", Data(leaf.bytes).base64EncodedString())
      json.field("document", String(decoding: document, as: UTF8.self))
      json.field("path", strings: path.map(\.base64))
    }
  }

  /// Reads what ``json`` gave. Throws ``AuditError``.
  init(_ json: JSONValue, _ what: String) throws(AuditError) {
    guard let index = json["index"]?.unsigned, let leaf = json["leaf"]?.string,
      let data = Data(base64Encoded: leaf), let document = json["document"]?.string,
      let path = json["path"]?.array?.map({ $0.string.flatMap { TreeHash(base64: $0) } }),
      !path.contains(nil)
    else {
      throw AuditError("\(what) has no proof: an object with index, leaf, document and path")
    }
    self.leaf = try Leaf(Array(data))
    (self.document, self.path) = (Array(document.utf8), path.compactMap(\.self))
    guard self.leaf.seq &- 1 == index else {
      throw AuditError(
        "\(what) is leaf \(index), but its leaf says that it is event \(self.leaf.seq)")
    }
  }

  init(leaf: Leaf, document: [UInt8], path: [TreeHash]) {
    (self.leaf, self.document, self.path) = (leaf, document, path)
  }

  /// Throws ``AuditError`` unless its document is that of the leaf, and the leaf is in the tree of a checkpoint. O(bytes + path).
  func check(_ checkpoint: Checkpoint, _ what: String) throws(AuditError) {
    guard sha256(document[...]) == leaf.digest else {
      throw AuditError("\(what): the document is not the one that its leaf has the hash of")
    }
    guard
      Proofs.includes(
        TreeHash(ofLeaf: leaf.bytes), at: leaf.seq &- 1, path, size: checkpoint.size,
        root: checkpoint.root)
    else {
      throw AuditError(
        "\(what): event \(leaf.seq) is not in the log that the checkpoint of \(checkpoint.size) events is of"
      )
    }
  }
}

extension LogTree {
  /// The events of some numbers, ascending, each with the proof that it is in the tree of `size` events. O(bytes of their blocks).
  func prove(_ seqs: [UInt64], size: UInt64) throws -> [ProvenEvent] {
    let tree = tree(ofSize: size)
    var proven: [ProvenEvent] = []
    var rest = seqs[...]
    while let first = rest.first {
      // Near ones are in the same blocks.
      let near = rest.prefix { $0 < first + Self.nearEvents }
      let wanted = Set(near)
      for (leaf, document) in try leaves(first...near[near.endIndex - 1])
      where wanted.contains(leaf.seq) {
        proven.append(
          ProvenEvent(
            leaf: leaf, document: document, path: try tree.inclusionPath(ofLeaf: leaf.seq - 1)))
      }
      rest = rest.dropFirst(near.count)
    }
    return proven
  }

  private static let nearEvents: UInt64 = 4_096
}
