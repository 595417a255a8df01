import Export
import Foundation
import Store
import TestSupport
import Testing

/// Facts in files, compared by `compare.py` with the documents that they were in, which it reads by itself.
@Suite struct FactExportTests {
  private static let script = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "compare.py").path()

  @Test(arguments: ExportFormat.allCases)
  func filesHaveTheFactsOfRandomDocuments(format: ExportFormat) throws {
    rounds(6) { random in
      let plant = try Plant(&random)
      defer { plant.remove() }
      var settings = ExportSettings(format)
      settings.parquet.groupRows = random.pick([30, 1_000_000])
      settings.partition = random.pick([[], [.date], [.stream], [.stream, .date]])
      // A directory is gone on with, by the same exporter or another one.
      var exporter = Exporter(plant.store, .facts(stream: "plant"), settings)
      for _ in 0..<random.within(1...4) {
        try plant.append(random.pick([0, 1, 300]), &random)
        if random.oneIn(2) { exporter = Exporter(plant.store, .facts(stream: "plant"), settings) }
        let report = try exporter.advance(in: plant.lake)
        try checkEqual(report.lastSeq, try plant.store.snapshot().lastSeq, "the last seq")
      }
      let again = try exporter.advance(in: plant.lake)
      try checkEqual(again.files, 0, "files of a second run")
      try plant.compare(Self.script, format, plant.lake)
      // One piece has the same.
      let piece = "\(plant.folder)/piece.\(format.fileExtension)"
      let report = try Exporter(plant.store, .facts(stream: "plant"), settings).write(toFile: piece)
      try checkEqual(report.files, 1, "files of one piece")
      try plant.compare(Self.script, format, piece)
    }
  }

  @Test func timesPickRows() throws {
    rounds(3) { random in
      let plant = try Plant(&random)
      defer { plant.remove() }
      try plant.append(500, &random)
      var settings = ExportSettings(.parquet)
      settings.times =
        (1_700_000_000 + 4_000) * 1_000_000_000..<(1_700_000_000 + 12_000) * 1_000_000_000
      _ = try Exporter(plant.store, .facts(stream: "plant"), settings).advance(in: plant.lake)
      try plant.compare(
        Self.script, .parquet, plant.lake, ["--since", "1700004000", "--until", "1700012000"])
    }
  }

  @Test func aCrashAtAnyPlaceIsBroughtInOrder() throws {
    rounds(10) { random in
      let plant = try Plant(&random)
      defer { plant.remove() }
      var settings = ExportSettings(.parquet)
      settings.partition = random.oneIn(2) ? [.date] : []
      for _ in 0..<random.within(2...4) {
        try plant.append(100, &random)
        _ = try Exporter(plant.store, .facts(stream: "plant"), settings).advance(in: plant.lake)
        try plant.crash(&random)
      }
      _ = try Exporter(plant.store, .facts(stream: "plant"), settings).advance(in: plant.lake)
      try plant.compare(Self.script, .parquet, plant.lake)
    }
  }

  @Test func aDirectoryOfSomethingElseIsRefused() throws {
    var random = SeededGenerator(seed: 1)
    let plant = try Plant(&random)
    defer { plant.remove() }
    try plant.append(10, &random)
    func advance(_ change: (inout ExportSettings) -> Void = { _ in }) throws -> ExportReport {
      var settings = ExportSettings(.parquet)
      change(&settings)
      return try Exporter(plant.store, .facts(stream: "plant"), settings).advance(in: plant.lake)
    }
    let exporter = Exporter(plant.store, .facts(stream: "plant"), ExportSettings(.parquet))
    _ = try exporter.advance(in: plant.lake)
    #expect(throws: ExportError.self) { try advance() }
    withExtendedLifetime(exporter) {}
    let other = try Plant(&random)
    defer { other.remove() }
    try other.append(1, &random)
    let settings = ExportSettings(.csv)
    _ = try Exporter(plant.store, .facts(stream: "plant"), settings).advance(in: plant.lake)
    let message = #expect(throws: ExportError.self) {
      try Exporter(other.store, .facts(stream: "plant"), settings).advance(in: plant.lake)
    }
    #expect(message?.description.contains("another store") == true, "\(message as Any)")
    let refused = #expect(throws: ExportError.self) {
      var dated = settings
      dated.partition = [.date]
      return try Exporter(plant.store, .facts(stream: "plant"), dated).advance(in: plant.lake)
    }
    #expect(refused?.description.contains("was begun with no --partition") == true)
  }
}

/// A store with a stream of random documents, and a directory to export to.
private final class Plant {
  let folder: String
  let store: Store
  private var documents: RandomDocuments
  private var lines: [String] = []

  var lake: String { "\(folder)/lake" }

  init(_ random: inout SeededGenerator) throws {
    folder =
      FileManager.default.temporaryDirectory.appending(path: "export-\(UUID().uuidString)").path()
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    store = try Store(directory: "\(folder)/store")
    documents = RandomDocuments(&random)
    var definition = StreamDefinition(name: "plant", timePath: "timestamp", keyPath: "device_id")
    if documents.isExploded { definition.explodePath = "readings" }
    try store.define(definition)
  }

  func remove() {
    store.close()
    try? FileManager.default.removeItem(atPath: folder)
  }

  func append(_ count: Int, _ random: inout SeededGenerator) throws {
    let new = documents.next(count, &random)
    var start = 0
    while start < new.count {
      let end = min(new.count, start + random.within(1...200))
      let result = try store.append(Array(new[start..<end]), to: "plant")
      try check(result.rejected.isEmpty, "\(result.rejected)")
      start = end
    }
    lines += new
  }

  /// What a crash in the last batch can leave: files without their names, a line that was cut, files that no line tells of.
  func crash(_ random: inout SeededGenerator) throws {
    let files = FileManager.default.enumerator(atPath: lake)?.compactMap { $0 as? String } ?? []
    let manifest = "\(lake)/_facts-plant-parquet.manifest"
    var text = try String(contentsOfFile: manifest, encoding: .utf8)
    var entries = text.split(separator: "\n").map(String.init)
    let last = try JSONSerialization.jsonObject(with: Data((entries.last ?? "").utf8))
    let batch = try #require(last as? [String: Any])
    let paths = (batch["files"] as? [[String: Any]] ?? []).compactMap { $0["path"] as? String }
    let isCommitted = random.oneIn(2)
    for path in paths where files.contains(path) {
      let url = URL(fileURLWithPath: "\(lake)/\(path)")
      let hidden = url.deletingLastPathComponent()
        .appendingPathComponent(".\(url.lastPathComponent).partial")
      // Before its line is durable no file has its name; after, some have.
      if isCommitted && random.oneIn(2) { continue }
      try FileManager.default.moveItem(at: url, to: hidden)
      if !isCommitted, random.oneIn(2) {
        let bytes = try Data(contentsOf: hidden)
        try bytes.prefix(random.below(bytes.count)).write(to: hidden)
      }
    }
    if !isCommitted {
      let line = entries.removeLast()
      text = entries.map { $0 + "\n" }.joined() + String(line.prefix(random.below(line.count)))
      try text.write(toFile: manifest, atomically: true, encoding: .utf8)
    }
  }

  func compare(
    _ script: String, _ format: ExportFormat, _ target: String, _ more: [String] = []
  ) throws {
    let file = "\(folder)/documents.ndjson"
    try lines.map { $0 + "\n" }.joined().write(toFile: file, atomically: true, encoding: .utf8)
    let report = try Python.run(
      script,
      [file, format.rawValue, target] + (documents.isExploded ? ["--explode", "readings"] : [])
        + more)
    try check(report.contains("are the same"), report)
  }
}
