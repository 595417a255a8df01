import CLMDB
import Foundation
import Testing

@testable import LMDB

struct FailureTests {
  let directory = TemporaryDirectory()

  @Test func itGoesOnAfterLMDBPanics() throws {
    let environment = try Environment.forTest(directory)
    let points = environment.points
    try environment.write { try $0.put(points, Key(1), [1]) }
    let number = environment.sessionNumber
    try inThreads(1) { _ in environment.abandonWrite() }
    try environment.write { try $0.put(points, Key(2), [2]) }
    #expect(environment.sessionNumber == number + 1)
    #expect(try environment.values(points, 1, 2) == [[1], [2]])
  }

  @Test func readersGoOnAfterLMDBPanics() throws {
    let environment = try Environment.forTest(directory)
    let points = environment.points
    try environment.write { try $0.put(points, Key(1), [1]) }
    for _ in 0..<20 {
      try inThreads(1) { _ in environment.abandonWrite() }
      try inThreads(4) { index in
        if index == 0 { try environment.write { try $0.put(points, Key(2), [2]) } }
        for _ in 0..<20 { #expect(try environment.values(points, 1) == [[1]]) }
      }
    }
  }

  @Test(.enabled(if: SmallDisk.isAvailable, "needs root, to mount a small tmpfs"))
  func aFullDisk() throws {
    let disk = try SmallDisk(megabytes: 6)
    let ballast = "\(disk.path)/ballast"
    try Data(count: 3 << 20).write(to: URL(fileURLWithPath: ballast))
    let environment = try Environment(
      directory: "\(disk.path)/store", mode: .readWrite, tables: ["points"])
    let points = environment.points
    let value: [UInt8] = Array(repeating: 9, count: 100_000)
    var written: UInt64 = 0
    let full = code {
      while written < 1000 {
        try environment.write { try $0.put(points, Key(written), value) }
        written += 1
      }
    }
    #expect(full == .diskFull)
    #expect(written > 10)
    #expect(try environment.values(points, written - 1, written) == [value, nil])
    #expect(code { try environment.write { try $0.put(points, Key(written), value) } } == .diskFull)

    try FileManager.default.removeItem(atPath: ballast)
    for _ in 0..<10 {
      try environment.write { try $0.put(points, Key(written), value) }
      written += 1
    }
    environment.close()
    let again = try Environment(
      directory: "\(disk.path)/store", mode: .readOnly, tables: ["points"])
    #expect(try again.read { try $0.keys(points) } == Array(0..<written))
    again.close()
  }

  @Test(.enabled(if: SmallDisk.isAvailable, "needs root, to mount a small tmpfs"))
  func aReadOnlyMountIsReadWithoutLocks() throws {
    let disk = try SmallDisk(megabytes: 4)
    let store = "\(disk.path)/store"
    let writer = try Environment(directory: store, mode: .readWrite, tables: ["points"])
    try writer.write { try $0.put(writer.points, Key(1), [1]) }
    writer.close()
    for lockFileExists in [true, false] {
      if !lockFileExists { try FileManager.default.removeItem(atPath: "\(store)/lock.mdb") }
      try disk.remount("ro")
      let reader = try Environment(directory: store, mode: .readOnly, tables: ["points"])
      #expect(try reader.values(reader.points, 1) == [[1]])
      #expect(try reader.info.isLockless)
      reader.close()
      let refused = code {
        _ = try Environment(directory: store, mode: .readWrite, tables: ["points"])
      }
      #expect(refused != nil)
      try disk.remount("rw")
    }
  }
}

extension Environment {
  /// Begins a write and never ends it; when the thread ends, the next write finds LMDB in panic.
  fileprivate func abandonWrite() {
    var transaction: OpaquePointer?
    let code = unsafe mdb_txn_begin(session!.handle, nil, 0, &transaction)
    #expect(code == MDB_SUCCESS)
  }
}

/// A file system of few bytes, in memory.
private final class SmallDisk {
  let path: String
  private let directory = TemporaryDirectory()

  static let isAvailable = geteuid() == 0 && (try? SmallDisk(megabytes: 1)) != nil

  init(megabytes: Int) throws {
    path = directory.path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try Self.run("/usr/bin/mount", "-t", "tmpfs", "-o", "size=\(megabytes)m", "none", path)
  }

  deinit {
    try? Self.run("/usr/bin/umount", "-l", path)
  }

  func remount(_ option: String) throws {
    try Self.run("/usr/bin/mount", "-o", "remount,\(option)", path)
  }

  private static func run(_ tool: String, _ arguments: String...) throws {
    struct Failed: Error {}
    let process = try Process.run(URL(fileURLWithPath: tool), arguments: arguments)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failed() }
  }
}
