import Foundation

/// A directory for a store, removed with the test.
final class TemporaryDirectory {
  let path = FileManager.default.temporaryDirectory
    .appendingPathComponent("nilo-\(UUID().uuidString)").path

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
