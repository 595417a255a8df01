import Foundation
import LMDB
import TestSupport
import Testing

/// Bits of LMDB's own pages that change by themselves.
struct StructureTests {
  let directory = TemporaryDirectory()
  private var file: URL { URL(fileURLWithPath: directory.path + "/data.mdb") }

  private func open(_ mode: Environment.Mode) throws -> Environment {
    try Environment(directory: directory.path, mode: mode, tables: ["points", "others"])
  }

  /// A file of some commits, with large values, branch pages and free pages.
  private func make(_ random: inout SeededGenerator) throws {
    try? FileManager.default.removeItem(atPath: directory.path)
    let environment = try open(.readWrite)
    defer { environment.close() }
    let tables = ["points", "others"].map { environment.table($0) }
    for _ in 0..<random.within(2...8) {
      try environment.write { transaction in
        for _ in 0..<random.within(1...120) {
          let key = Key(UInt64(random.below(400)))
          let size = random.oneIn(8) ? random.below(20_000) : random.below(300)
          let value = [UInt8](repeating: UInt8(random.below(256)), count: size)
          try transaction.put(random.pick(tables), key, value)
        }
        for _ in 0..<random.below(60) {
          try transaction.delete(random.pick(tables), Key(UInt64(random.below(400))))
        }
      }
    }
  }

  /// All entries, and what the structure of the file says.
  private func read() throws -> (entries: [[UInt8]], damages: [PageDamage]) {
    let environment = try open(.readOnly)
    defer { environment.close() }
    let entries = try environment.read { transaction in
      var entries: [[UInt8]] = []
      for name in ["points", "others"] {
        var cursor = try transaction.cursor(environment.table(name))
        while try cursor.next() { entries += [array(cursor.key), array(cursor.value)] }
      }
      return entries
    }
    return (entries, try environment.checkStructure())
  }

  /// What LMDB makes is sound, whatever has been put and deleted.
  @Test func whatWasWrittenIsSound() {
    rounds(10) { random in
      try make(&random)
      let damages = try read().damages
      try check(damages.isEmpty, "\(damages.prefix(3))")
      try open(.readWrite).close()
      let copy = TemporaryDirectory()
      let environment = try open(.readOnly)
      try environment.copyCompact(to: copy.path)
      let copied = try Environment(
        directory: copy.path, mode: .readWrite, tables: ["points", "others"])
      try check(try copied.checkStructure().isEmpty, "the copy is damaged")
      // The first commit after a copy is one that lets pages go.
      try copied.write { try $0.put(copied.table("points"), Key(1), [1]) }
      try check(try copied.checkStructure().isEmpty, "the copy is damaged by a commit")
    }
  }

  /// A flipped bit of a page's structure is found, or harms nothing: what is read is what was written, or
  /// differs in a key or a value alone, which have no checksums here; and a commit leaves a sound file.
  @Test func aFlippedBit() {
    rounds(4) { random in
      try make(&random)
      let clean = try read().entries
      let bytes = try Data(contentsOf: file)
      for _ in 0..<100 {
        let page = random.below(bytes.count / 4096) * 4096
        let offset = page + random.pick([random.below(16), random.below(152), random.below(4096)])
        var damaged = bytes
        damaged[offset] ^= 1 << UInt8(random.below(8))
        try damaged.write(to: file)
        guard let found = try? read(), found.damages.isEmpty else { continue }
        let different = zip(found.entries, clean).count { $0 != $1 }
        try check(
          found.entries.count == clean.count && different <= 2, "byte \(offset) was not found")
        try commit(offset)
        let after = try read()
        try check(after.damages.isEmpty, "byte \(offset) was not found, and a commit made it worse")
      }
    }
  }

  private func commit(_ offset: Int) throws {
    let environment = try open(.readWrite)
    defer { environment.close() }
    try environment.write { transaction in
      for key in 1_000..<1_100 as Range<UInt64> {
        try transaction.put(environment.table("points"), Key(key), [1, 2, 3])
      }
    }
  }

  /// No bit of a commit's number may make the commit before it the last one again.
  @Test func everyBitOfTheCommitsNumbers() throws {
    for commits in 1...6 as ClosedRange<UInt8> {
      try? FileManager.default.removeItem(atPath: directory.path)
      let environment = try open(.readWrite)
      for value in 1...commits {
        try environment.write { try $0.put(environment.table("points"), Key(1), [value]) }
      }
      environment.close()
      let bytes = try Data(contentsOf: file)
      // The lowest byte of each commit's number.
      let last = max(bytes[144], bytes[4096 + 144])
      for page in 0...1 {
        for bit in 0..<64 {
          var damaged = bytes
          damaged[page * 4096 + 144 + bit / 8] ^= 1 << UInt8(bit % 8)
          try damaged.write(to: file)
          // The last commit taken for the one before the one before: a commit whose meta page could not be written
          // leaves the same behind, and the store has to open.
          if bit == 1, page == Int(last % 2), last & 2 != 0 {
            for mode in [Environment.Mode.readOnly, .readWrite] { try open(mode).close() }
            continue
          }
          for mode in [Environment.Mode.readOnly, .readWrite] {
            #expect(code { try open(mode).close() } == .corrupted, "page \(page), bit \(bit)")
          }
        }
      }
    }
  }

  @Test func aFileThatIsCutShort() throws {
    var random = SeededGenerator(seed: 1)
    try make(&random)
    let bytes = try Data(contentsOf: file)
    for size in [0, 1, 4095, 4096, 5000, 8191, 8192, bytes.count / 2] {
      try bytes.prefix(size).write(to: file)
      for mode in [Environment.Mode.readOnly, .readWrite] {
        #expect(code { try open(mode).close() } == .corrupted, "\(size) bytes")
      }
      #expect(try Data(contentsOf: file).count == size, "an error has changed the file")
    }
  }
}
