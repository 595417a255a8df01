import Bytes
import Foundation
import Store
import Testing

@testable import EventLog

/// Bytes of the data file that change by themselves.
struct DamageTests {
  /// A store of some blocks, small and large, of two streams.
  private func makeStore(_ workspace: Workspace, _ random: inout SeededGenerator) throws -> [UInt8]
  {
    for name in ["made", "store"] { workspace.remove(name) }
    var script = Script(batches: 5, of: 60, stream: "alpha", &random)
    script.extend(batches: 6, streams: ["alpha", "beta"], &random)
    try script.append(0..<script.batches.count, to: workspace.path("made"))
    // A copy has no free pages, where damage does no harm.
    let store = try Store(directory: workspace.path("made"), mode: .readOnly)
    defer { store.close() }
    try check(try store.backup(to: workspace.path("store")).isSound, "the copy is damaged")
    return Array(try Data(contentsOf: URL(fileURLWithPath: workspace.path("store/data.mdb"))))
  }

  /// Where the blocks are, found by their magic.
  private func blocks(_ bytes: [UInt8]) -> [Range<Int>] {
    let magic = Array("NLOB".utf8)
    return bytes.indices.dropFirst(4).dropLast(4).compactMap { offset in
      guard bytes[offset..<offset + 4].elementsEqual(magic) else { return nil }
      // Before it stands the header's size.
      let start = offset - 4
      guard let decoded = try? BlockHeader.decode(bytes.rawSpan(start..<bytes.count)) else {
        return nil
      }
      let size = decoded.size + (decoded.header.sections.last?.range.upperBound ?? 0)
      return start..<start + size
    }
  }

  private struct Verdicts {
    var counts: [String: Int] = [:]
    var lines: [String] = []
    var description: String {
      counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
  }

  /// Damages each of `offsets` in a child, a new one after each trap.
  private func damage(
    _ workspace: Workspace, _ offsets: [Int], _ random: inout SeededGenerator
  ) throws -> Verdicts {
    var plan = offsets.map { "\($0) \(UInt8(random.within(1...255)))" }[...]
    var verdicts = Verdicts()
    while !plan.isEmpty {
      try workspace.copy("store", to: "damaged")
      let path = try workspace.write("plan", plan.joined(separator: "\n"))
      let ended = try Child.run(
        Child.writer, ["damage", workspace.path("damaged"), path], in: workspace)
      let said = ended.lines.filter { $0.first?.isNumber == true }
      for line in said {
        verdicts.counts[String(line.split(separator: " ")[2]), default: 0] += 1
      }
      verdicts.lines += said
      plan = plan.dropFirst(said.count)
      if ended.lines.last == "done" { break }
      try check(ended.status < 0, "the child failed: \(ended)")
      let name = "signal\(-ended.status)"
      verdicts.counts[name, default: 0] += 1
      verdicts.lines.append("\(plan.first ?? "") \(name) \(ended.error.prefix(300))")
      plan = plan.dropFirst()
    }
    return verdicts
  }

  /// A changed byte of a block is found, or was of no use to anyone.
  @Test func aByteOfABlock() throws {
    let workspace = try Workspace()
    round { random in
      let bytes = try makeStore(workspace, &random)
      let blocks = blocks(bytes)
      try check(blocks.count >= 10, "\(blocks.count) blocks were found in the file")
      let offsets = (0..<sampled(100)).map { _ in
        random.pick(random.pick(blocks))
      }
      let verdicts = try damage(workspace, offsets, &random)
      print("bytes of blocks: \(verdicts.description)")
      try check(
        Set(verdicts.counts.keys).isSubset(of: ["intact", "reported"]),
        verdicts.lines.filter { !$0.contains(" intact ") && !$0.contains(" reported ") }
          .prefix(10).joined(separator: "\n"))
      try check(verdicts.counts["reported", default: 0] > sampled(100) / 3, verdicts.description)
      for line in verdicts.lines where line.contains(" reported ") {
        try check(line.contains("seq ") || line.contains("stream"), "no place is named: \(line)")
      }
    }
  }

  /// A changed byte anywhere. LMDB does not protect its own pages, so it may fail, and even crash; but our own
  /// code must not trap, nor may the check miss that an event reads wrong.
  @Test func aByteAnywhere() throws {
    let workspace = try Workspace()
    round { random in
      let bytes = try makeStore(workspace, &random)
      let offsets = (0..<sampled(100)).map { _ in random.below(bytes.count) }
      let verdicts = try damage(workspace, offsets, &random)
      print("bytes of the file (\(bytes.count)): \(verdicts.description)")
      for line in verdicts.lines where !line.contains(" intact ") && !line.contains(" reported ") {
        print("  page \(Int(line.prefix { $0 != " " })! / 4096): \(line.prefix(300))")
      }
      let ours = verdicts.lines.filter {
        $0.contains("signal\(SIGILL)") || $0.contains("signal\(SIGTRAP)")
          || $0.contains(" silent ") && $0.contains("events of")
      }
      try check(ours.isEmpty, ours.prefix(5).joined(separator: "\n"))
    }
  }
}
