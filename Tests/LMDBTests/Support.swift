import Foundation
import LMDB
import Synchronization

/// A directory that is gone after the test.
final class TemporaryDirectory: Sendable {
  let path: String

  init() {
    let temporary = FileManager.default.temporaryDirectory.path
    path = "\(temporary)/lmdb-tests-\(UUID().uuidString)"
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }
}

extension Environment {
  /// An environment of one table, `points`, with a small map.
  static func forTest(
    _ directory: TemporaryDirectory, mode: Mode = .readWrite, mapSizeBytes: Int = 1 << 20
  ) throws -> Environment {
    try Environment(
      directory: directory.path, mode: mode, tables: ["points"], mapSizeBytes: mapSizeBytes)
  }

  var points: Table { table("points") }

  /// The values of keys of one integer, in one transaction; nil where there is none.
  func values(_ table: Table, _ keys: UInt64...) throws -> [[UInt8]?] {
    try read { transaction in
      var values: [[UInt8]?] = []
      for key in keys { values.append(try transaction.value(table, Key(key))) }
      return values
    }
  }
}

func array(_ span: RawSpan) -> [UInt8] {
  var result: [UInt8] = []
  for offset in span.byteOffsets {
    result.append(unsafe span.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
  }
  return result
}

extension ReadTransaction {
  func value(_ table: Table, _ key: Key) throws -> [UInt8]? {
    guard let value = try get(table, key) else { return nil }
    return array(value)
  }

  /// The keys of the table, each of one integer, in their order.
  func keys(_ table: Table) throws -> [UInt64] {
    var cursor = try cursor(table)
    var keys: [UInt64] = []
    while try cursor.next() { keys.append(Key.uint64(in: cursor.key, at: 0)!) }
    return keys
  }
}

/// The code of the error that `body` throws, or nil if it throws none.
func code(of body: () throws -> Void) -> LMDBError.Code? {
  do { try body() } catch { return (error as? LMDBError)?.code }
  return nil
}

/// Runs `body` in `count` threads of its own and throws what the first to fail threw.
func inThreads(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
  let group = DispatchGroup()
  let failure = Failure()
  for index in 0..<count {
    group.enter()
    Thread.detachNewThread {
      do { try body(index) } catch { failure.keep(error) }
      group.leave()
    }
  }
  group.wait()
  try failure.check()
}

private final class Failure: Sendable {
  private let first = Mutex<(any Error)?>(nil)

  func keep(_ error: any Error) {
    first.withLock { if $0 == nil { $0 = error } }
  }

  func check() throws {
    if let error = first.withLock({ $0 }) { throw error }
  }
}

/// A flag that threads may read while another sets it.
final class Flag: Sendable {
  private let value = Atomic(false)
  var isSet: Bool { value.load(ordering: .acquiring) }
  func set() { value.store(true, ordering: .releasing) }
}
