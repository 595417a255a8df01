import FileConnector
import Foundation
import Store
import Workloads

/// A directory for a store, removed with the test.
final class TemporaryDirectory: Sendable {
  let path = FileManager.default.temporaryDirectory
    .appendingPathComponent("nilo-\(UUID().uuidString)").path

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Stores with data that many tests ask; each is made once, and copied.
enum TestData: String, CaseIterable, Sendable {
  case weather, machine, fleet

  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().appendingPathComponent("../..").standardized

  private static let bases: [TestData: Result<TemporaryDirectory, any Error>] =
    Dictionary(uniqueKeysWithValues: allCases.map { data in (data, Result { try data.made() }) })

  private static let lock = NSLock()

  /// Puts a copy of the store with this data into a directory that is not there yet.
  func copy(to path: String) throws {
    let base = try Self.lock.withLock { try Self.bases[self]?.get() }
    guard let base else { return }
    try FileManager.default.copyItem(atPath: base.path, toPath: path)
  }

  private func made() throws -> TemporaryDirectory {
    let directory = TemporaryDirectory()
    let store = try Store(directory: directory.path)
    defer { store.close() }
    switch self {
    case .weather: try ingest("weather/nyc-weather-2013.ndjson.gz", store)
    case .machine: try ingest("machine/machine-temperature.ndjson.gz", store)
    case .fleet:
      _ = try store.append(Self.fleetLines(), to: "fleet")
    }
    return directory
  }

  static func fleetLines() -> [String] {
    var options = FleetWorkload.Options()
    (options.devices, options.hours, options.intervalMs) = (20, 12, 120_000)
    var workload = FleetWorkload(options)
    var bytes: [UInt8] = []
    while workload.next(into: &bytes) {}
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  private func ingest(_ file: String, _ store: Store) throws {
    var reader = try FileReader(
      path: Self.root.appendingPathComponent("Examples/\(file)").path, format: nil)
    let source = reader.sourceName
    _ = try store.ingest(
      into: rawValue, source: source,
      next: {
        guard let chunk = try reader.next() else { return nil }
        return { chunk.documents() }
      })
    try store.closeSources([source], of: rawValue)
  }
}
