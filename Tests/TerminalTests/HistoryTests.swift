import Foundation
import Testing

@testable import Terminal

@Suite struct HistoryTests {
  private let directory: TemporaryDirectory
  private var path: String { directory.path("history") }

  init() throws { directory = try TemporaryDirectory() }

  private func content() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  @Test func entriesAreKept() throws {
    let history = History(path: path)
    for entry in ["one", "a\nb\\n", "a\nb\\n", " secret", "  ", "", "日本"] { history.add(entry) }
    #expect(history.entries == ["one", "a\nb\\n", "日本"])
    #expect(try content() == "one\na\\nb\\\\n\n日本\n")
    #expect(History(path: path).entries == history.entries)
    #expect(History(path: path).takeProblem() == nil)
  }

  @Test func theOldestGo() throws {
    let history = History(path: path, limit: 3)
    for number in 0..<10 { history.add("\(number)") }
    #expect(history.entries == ["7", "8", "9"])
    #expect(History(path: path, limit: 3).entries == ["7", "8", "9"])
    // It was rewritten by then.
    #expect(try content() == "7\n8\n9\n")
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
    #expect(mode as? Int == 0o600)
  }

  @Test func damageIsStatedOnceAndTakenOut() throws {
    let damaged: [UInt8] = Array("one\n".utf8) + [0xFF, 0x0A] + Array("wr\\xong\ntwo\ncut\\".utf8)
    try Data(damaged).write(to: URL(fileURLWithPath: path))
    let history = History(path: path)
    #expect(history.entries == ["one", "two"])
    #expect(history.takeProblem() == "the history \(path) has 3 damaged entries, left out")
    #expect(history.takeProblem() == nil)
    #expect(History(path: path).takeProblem() == nil)
  }

  @Test func halfALineDoesNotSpoilTheNextEntry() throws {
    let history = History(path: path)
    history.add("one")
    try Data("one\nhal".utf8).write(to: URL(fileURLWithPath: path))
    history.add("two")
    #expect(History(path: path).entries == ["one", "hal", "two"])
  }

  @Test(arguments: ["/dev/null", "/", "/no/such/directory/history", "/dev/tty"])
  func aFileThatCannotBeUsedIsNoError(path: String) {
    let history = History(path: path)
    history.add("one")
    history.add("two")
    #expect(history.entries == ["one", "two"])
    #expect(history.takeProblem()?.hasPrefix("the history is not kept: ") == true)
    #expect(history.takeProblem() == nil)
  }

  @Test func anyBytesAreRead() throws {
    let path = path
    rounds(200) { random in
      let bytes = (0..<random.below(60)).map { _ in
        random.oneIn(3)
          ? random.pick(Array("\\\nn".utf8)) : UInt8(truncatingIfNeeded: random.next())
      }
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      let entries = History(path: path).entries
      try checkEqual(History(path: path).entries, entries, "read twice")
      let parsed = HistoryFile.parse(entries.flatMap(HistoryFile.line), maxEntryBytes: 1_000)
      try checkEqual(parsed.entries, entries, "written and read")
    }
  }

  /// Some write while others make the file shorter: no entry is lost or torn.
  @Test func severalWriters() async throws {
    let path = path
    await withTaskGroup { group in
      for writer in 0..<4 {
        group.addTask {
          let history = History(path: path, limit: 1_000)
          for number in 0..<100 {
            history.add("writer \(writer)\nentry \(number)")
            if number % 20 == 0 {
              try? HistoryFile(path: path).rewrite(limit: 1_000, maxEntryBytes: 1_000)
            }
          }
        }
      }
    }
    let entries = History(path: path, limit: 1_000).entries
    #expect(Set(entries).count == 400)
    for writer in 0..<4 {
      let own = entries.filter { $0.hasPrefix("writer \(writer)\n") }
      #expect(own == (0..<100).map { "writer \(writer)\nentry \($0)" })
    }
  }
}
