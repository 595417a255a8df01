import Bytes
import TestSupport
import Testing

@testable import Audit

struct LeafTests {
  static func leaf() -> Leaf {
    try! Leaf(
      [1] + [0, 0, 0, 0, 0, 0, 0, 7] + [0x17, 0xD4, 0xB8, 0x4D, 0x48, 0x4D, 0, 0]
        + [0x17, 0xD4, 0xB8, 0x4D, 0x83, 0xE7, 0xCA, 0] + Array(repeating: 0xFF, count: 8)
        + (0..<32) + [0, 4] + Array("heat".utf8) + [0, 5] + Array("plant".utf8) + [0, 0])
  }

  /// The example of docs/formats/leaf.md.
  @Test func theExample() {
    let leaf = Self.leaf()
    #expect(leaf.seq == 7 && leaf.position == -1 && leaf.actor.isEmpty)
    #expect(
      leaf.timeNs == 1_717_200_000_000_000_000 && leaf.receivedNs == 1_717_200_001_000_000_000)
    #expect(leaf.stream == "heat" && leaf.source == "plant" && leaf.digest == Array(0..<32))
  }

  @Test func whatIsReadIsWhatWasWritten() throws {
    rounds(300) { random in
      var leaf = Self.leaf()
      leaf.seq = random.word()
      leaf.timeNs = Int64(bitPattern: random.word())
      leaf.receivedNs = Int64(bitPattern: random.word())
      leaf.position = Int64(bitPattern: random.word())
      leaf.digest = (0..<32).map { _ in UInt8(random.below(256)) }
      func name() -> String {
        String((0..<random.below(random.pick([3, 300, 4_000]))).map { _ in random.pick("aé日😀/ ") })
      }
      (leaf.stream, leaf.source, leaf.actor) = (name(), name(), name())
      let bytes = leaf.bytes
      try checkEqual(Leaf(bytes), leaf, "leaf")
      // One that is cut short or goes on is none: there is one text for each event.
      for end in [0, bytes.count - 1, random.below(bytes.count)] {
        try check((try? Leaf(Array(bytes[..<end]))) == nil, "cut at \(end) of \(bytes.count)")
      }
      try check((try? Leaf(bytes + [0])) == nil, "a byte more")
    }
  }
}
