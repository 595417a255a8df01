import Bytes
import Foundation
import Parquet
import TestSupport
import Testing

/// Files that are read back by pyarrow and by DuckDB, whose readers are their own, by way of `compare.py`.
@Suite struct RoundTripTests {
  private static let script = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "compare.py").path()

  @Test func readersGiveBackRandomTables() throws {
    let folder = try Self.makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var written = 0
    rounds(60) { random in
      let table = RandomTable(&random)
      // The name tells the seed of a file that is not read as it was written.
      let name = "\(folder)/seed-\(firstSeed &+ UInt64(written))"
      try Data(try table.parquet()).write(to: URL(filePath: "\(name).parquet"))
      try Data(table.json.utf8).write(to: URL(filePath: "\(name).json"))
      written += 1
    }
    #expect(written > 0)
    let report = try Python.run(Self.script, [folder])
    #expect(report.contains("\(written) tables are the same"), "\(report)")
  }

  @Test func aMillionGroupsAndNoValueAtAllAreReadBack() throws {
    let folder = try Self.makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = "\(folder)/groups.parquet"
    let file = FileHandle.created(path)
    var options = ParquetOptions()
    options.groupRows = 300_000
    let writer = try ParquetWriter(
      columns: [
        ParquetColumn("group", .string), ParquetColumn("value", .int64, isOptional: false),
        ParquetColumn("nothing", .double),
      ], options: options
    ) { try file.write(contentsOf: $0) }
    for start in stride(from: 0, to: 1_000_000, by: 50_000) {
      var names = ByteStrings()
      for number in start..<start + 50_000 { names.append(Array("group-\(number)".utf8)) }
      try writer.append(
        [
          ParquetValues(.strings(names)),
          ParquetValues(.integers((start..<start + 50_000).map(Int64.init))),
          ParquetValues(.doubles([]), presence: .none),
        ], rowCount: 50_000)
    }
    try writer.finish()
    try file.close()
    let report = try Python.run(Self.script, ["--groups", path])
    #expect(report == "1000000 groups, 499999500000, 0 values, [300000, 300000, 300000, 100000]\n")
  }

  @Test func rowGroupsOfManyBytesAreCutShort() throws {
    var options = ParquetOptions()
    (options.maxGroupBytes, options.pageRows) = (100_000, 100)
    var bytes: [UInt8] = []
    let writer = try ParquetWriter(
      columns: [ParquetColumn("text", .string)], options: options
    ) { bytes += $0 }
    var random = SeededGenerator(seed: 1)
    var strings = ByteStrings()
    for _ in 0..<2_000 { strings.append((0..<100).map { _ in UInt8(97 + random.below(26)) }) }
    try writer.append([ParquetValues(.strings(strings))], rowCount: 2_000)
    try writer.finish()
    let folder = try Self.makeFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data(bytes).write(to: URL(filePath: "\(folder)/a.parquet"))
    let counts = try Python.run(Self.script, ["--row-groups", "\(folder)/a.parquet"])
    let rows = counts.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
    #expect(rows.count > 1 && rows.reduce(0, +) == 2_000, "\(counts)")
  }

  private static func makeFolder() throws -> String {
    let path = FileManager.default.temporaryDirectory
      .appending(path: "parquet-\(UUID().uuidString)").path()
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }
}

extension FileHandle {
  static func created(_ path: String) -> FileHandle {
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    return FileHandle(forWritingAtPath: path) ?? .nullDevice
  }
}
