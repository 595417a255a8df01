import Foundation
import LMDB
import Testing

struct EnvironmentTests {
  let directory = TemporaryDirectory()

  @Test func whatIsCommittedIsThereAfterReopening() throws {
    do {
      let environment = try Environment.forTest(directory)
      try environment.write { try $0.put(environment.points, Key(1), [1]) }
      environment.close()
      #expect(code { try environment.read { _ in } } == .closed)
    }
    let environment = try Environment.forTest(directory, mode: .readOnly)
    #expect(try environment.values(environment.points, 1) == [[1]])
    #expect(code { try environment.write { _ in } } == .readOnly)
  }

  @Test func aSecondOpenInTheProcessIsRefused() throws {
    let environment = try Environment.forTest(directory)
    for mode in [Environment.Mode.readWrite, .readOnly] {
      #expect(code { _ = try Environment.forTest(directory, mode: mode) } == .alreadyOpen)
    }
    let link = TemporaryDirectory()
    try FileManager.default.createSymbolicLink(
      atPath: link.path, withDestinationPath: directory.path)
    #expect(code { _ = try Environment.forTest(link) } == .alreadyOpen)
    environment.close()
    _ = try Environment.forTest(directory)
  }

  @Test func droppingTheLastReferenceCloses() throws {
    for _ in 0..<3 { _ = try Environment.forTest(directory) }
  }

  @Test func nothingToReadIsNotFound() throws {
    #expect(code { _ = try Environment.forTest(directory, mode: .readOnly) } == .notFound)
    try FileManager.default.createDirectory(
      atPath: directory.path, withIntermediateDirectories: false)
    #expect(code { _ = try Environment.forTest(directory, mode: .readOnly) } == .notFound)
  }

  /// Tables are made with the file. One that is missing later was lost, and made anew it would be empty.
  @Test func aMissingTableIsDamage() throws {
    try Environment.forTest(directory).close()
    for mode in [Environment.Mode.readOnly, .readWrite] {
      do {
        _ = try Environment(directory: directory.path, mode: mode, tables: ["points", "others"])
        Issue.record("a table was made anew")
      } catch {
        #expect(error.code == .corrupted)
        #expect(error.description.contains("its table others is missing"))
      }
    }
  }

  @Test func aFileThatIsNoDatabaseIsRefused() throws {
    try FileManager.default.createDirectory(
      atPath: directory.path, withIntermediateDirectories: false)
    try Data(repeating: 7, count: 8192)
      .write(to: URL(fileURLWithPath: directory.path + "/data.mdb"))
    #expect(code { _ = try Environment.forTest(directory) } == .notADatabase)
  }

  @Test func errorsSayWhatAndWhereAndWhatToDo() throws {
    let environment = try Environment.forTest(directory)
    let error = #expect(throws: LMDBError.self) { _ = try Environment.forTest(directory) }
    #expect(
      error?.description
        == "\(directory.path): open: this process has it open already; "
        + "share the one Environment; LMDB forbids a second one in a process")
    environment.close()
  }

  @Test func copyCompactThenReopen() throws {
    let environment = try Environment.forTest(directory, mapSizeBytes: 1 << 24)
    let points = environment.points
    let value: [UInt8] = Array(repeating: 1, count: 3000)
    try environment.write { transaction in
      for number in 0..<UInt64(500) { try transaction.put(points, Key(number), value) }
    }
    try environment.write { try $0.deleteRange(points, from: Key(10), to: nil) }
    let backup = TemporaryDirectory()
    try environment.copyCompact(to: backup.path)
    #expect(code { try environment.copyCompact(to: backup.path) } == .destinationExists)
    #expect(code { try environment.copyCompact(to: directory.path) } == .destinationExists)

    let copy = try Environment.forTest(backup, mode: .readOnly)
    #expect(try copy.read { try $0.keys(points) } == Array(0..<10))
    #expect(try copy.info.usedBytes < environment.info.usedBytes / 10)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: backup.path).sorted()
        == ["data.mdb", "lock.mdb"])
  }

  @Test func infoTellsTheSizes() throws {
    let environment = try Environment.forTest(directory, mapSizeBytes: 1 << 21)
    let info = try environment.info
    #expect(info.mapSizeBytes == 1 << 21)
    #expect(info.usedBytes == (info.lastPageNumber + 1) * info.pageSizeBytes)
    #expect(info.maxReaders == 510)
    #expect(!info.isLockless)
    #expect(try environment.checkStaleReaders() == 0)
  }
}
