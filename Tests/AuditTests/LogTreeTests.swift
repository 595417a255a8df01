import Foundation
import Merkle
import Store
import TestSupport
import Testing

@testable import Audit
@testable import EventLog

/// The tree over a log is that of its events, whatever becomes of their blocks.
struct LogTreeTests {
  let folder = Folder()

  /// The root over all events by the words of the RFC, of events as the store gives them.
  private func plainRoot(_ store: Store, _ size: UInt64) throws -> TreeHash {
    func root(_ hashes: ArraySlice<TreeHash>) -> TreeHash {
      if hashes.count == 1 { return hashes.first! }
      var half = 1
      while half * 2 < hashes.count { half *= 2 }
      let middle = hashes.startIndex + half
      return TreeHash(ofNode: root(hashes[..<middle]), root(hashes[middle...]))
    }
    var hashes: [UInt64: TreeHash] = [:]
    for stream in try store.log.streamNames(in: 1...size) {
      try store.forEachEvent(of: stream) { event in
        let leaf = Leaf(
          LeafEvent(
            seq: event.seq, stream: stream, timeNs: event.timeNs, receivedNs: event.receivedNs,
            source: event.source, position: event.position, actor: event.actor,
            document: event.bytes[...]))
        hashes[event.seq] = TreeHash(ofLeaf: leaf.bytes)
        return true
      }
    }
    return root((1...size).map { hashes[$0]! }[...])
  }

  @Test func theTreeIsThatOfTheEvents() throws {
    rounds(2) { random in
      let audited = try AuditedStore(folder.file("\(random.next())"))
      defer { audited.close() }
      try audited.define()
      let tree = LogTree(audited.store)
      var number = 0
      for _ in 0..<random.within(8...20) {
        let count = random.pick([1, 3, 40, 300])
        try audited.append(number..<number + count, source: random.pick(["plant", "file"]))
        number += count
        if random.oneIn(3) { try tree.extend(through: audited.store.snapshot().lastSeq) }
        if random.oneIn(6) { _ = try audited.store.compact() }
      }
      let last = try audited.store.snapshot().lastSeq
      try tree.extend(through: last)
      try checkEqual(tree.size, last, "leaves")
      try checkEqual(
        tree.tree(ofSize: last).root(), plainRoot(audited.store, last), "root of \(last)")
      _ = try audited.store.compact()
      let leaves = try LeafRange(1...last, of: audited.store.log)
      try leaves.requireWhole()
      try checkEqual(
        leaves.hashes, tree.hashes(ofLevel: 0, 0..<last), "leaves of merged blocks")
    }
  }

  /// A store of before has no tree. It is made in steps, each of which is kept.
  @Test func catchingUpCanBeStopped() throws {
    let path = folder.file("store")
    var audited = try AuditedStore(path)
    try audited.define()
    let documents = (0..<70_000).map {
      #"{"ts":\#(1_717_200_000 + $0),"device":"a","id":\#($0),"v":1}"#
    }
    _ = try audited.store.append(documents, to: "heat")
    var steps = 0
    #expect(throws: CancellationError.self) {
      try LogTree(audited.store).extend(
        through: 70_000,
        isCancelled: {
          steps += 1
          return steps > 1
        })
    }
    #expect(try LogTree(audited.store).size == 65_536)
    audited.close()
    audited = try AuditedStore(path)
    defer { audited.close() }
    let last = try audited.store.snapshot().lastSeq
    let tree = LogTree(audited.store)
    try tree.extend(through: last)
    let levels = try LeafRange(1...last, of: audited.store.log)
    var memory = HashLevels()
    memory.append(levels.hashes)
    #expect(try tree.tree(ofSize: last).root() == memory.tree.root())
    for level in memory.levels.indices {
      let count = UInt64(memory.levels[level].count)
      #expect(try tree.hashes(ofLevel: level, 0..<count) == memory.levels[level])
    }
    #expect(try audited.store.check().isSound)
  }

  /// Each event's time in its leaf is the one that its stream read when it came.
  @Test func alteringAStreamChangesNoLeaf() throws {
    let audited = try AuditedStore(folder.file("store"))
    defer { audited.close() }
    _ = try audited.run("DEFINE STREAM two TIME ts")
    let documents = (0..<50).map { #"{"ts":\#(1_717_200_000 + $0),"at":\#(1_717_300_000 - $0)}"# }
    _ = try audited.store.append(documents, to: "two")
    let tree = LogTree(audited.store)
    let before = try audited.store.snapshot().lastSeq
    try tree.extend(through: before)
    _ = try audited.run("ALTER STREAM two TIME at")
    _ = try audited.store.append([#"{"ts":1717200050,"at":1717300050}"#], to: "two")
    _ = try audited.run("ALTER STREAM two TIME ts")
    _ = try audited.store.append([#"{"ts":1717200051,"at":1717300051}"#], to: "two")
    let last = try audited.store.snapshot().lastSeq
    try tree.extend(through: last)
    _ = try audited.run("ALTER STREAM two TIME at")
    _ = try audited.store.compact()
    let again = try LeafRange(1...last, of: audited.store.log)
    try again.requireWhole()
    #expect(try tree.hashes(ofLevel: 0, 0..<last) == again.hashes)
  }

  @Test func tiles() throws {
    let audited = try AuditedStore(folder.file("store"))
    defer { audited.close() }
    try audited.define()
    try audited.append(0..<600)
    let last = try audited.store.snapshot().lastSeq
    let tree = LogTree(audited.store)
    try tree.extend(through: last)
    // From tiles alone, as a client of the log has them, the same root.
    var memory = HashLevels()
    for index in 0..<(last + 255) / 256 {
      let width = Int(min(256, last - index * 256))
      let tile = try #require(
        try tree.bytes(of: Tile(.hashes(level: 0), index, width: width), size: last))
      memory.append(HashList(tile)!)
      var entries = try #require(
        try tree.bytes(of: Tile(.entries, index, width: width), size: last))[...]
      for place in 0..<width {
        let count = Int(entries.removeFirst()) << 8 | Int(entries.removeFirst())
        let leaf = Array(entries.prefix(count))
        entries = entries.dropFirst(count)
        #expect(TreeHash(ofLeaf: leaf).bytes == Array(tile[place * 32..<place * 32 + 32]))
      }
      #expect(entries.isEmpty)
    }
    #expect(try memory.tree.root() == tree.tree(ofSize: last).root())
    #expect(
      try tree.bytes(of: Tile(.hashes(level: 1), 0, width: 2), size: last) == memory.levels[1].bytes
    )
    for beyond in [
      Tile(.hashes(level: 0), 0, width: 256), Tile(.hashes(level: 1), 0, width: 1),
      Tile(.entries, 0, width: 200), Tile(.hashes(level: 9), 0, width: 1),
    ] {
      #expect(try tree.bytes(of: beyond, size: 199) == nil)
    }
  }
}
