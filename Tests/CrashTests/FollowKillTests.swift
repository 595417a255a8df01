import Foundation
import Store
import Testing

/// Files that are followed while they grow and are rotated, by a program that is killed at any moment: each line is stored
/// once, without ids.
struct FollowKillTests {
  enum Rotation: CaseIterable, CustomTestStringConvertible {
    case none, rename, copy
    var testDescription: String { "\(self)" }
  }

  /// What writes the file, in parts that end anywhere.
  private struct Log {
    let path: String
    var count = 0
    /// Lines that are in files that were rotated away.
    private(set) var rotatedCount = 0
    private var pending: [UInt8] = []

    init(path: String) { self.path = path }

    mutating func write(lines: Int, _ random: inout SeededGenerator) throws {
      for _ in 0..<lines {
        let pad = String(repeating: "x", count: random.below(200))
        pending += Array(
          "{\"t\":\(1_717_200_000 + count),\"n\":\(count),\"pad\":\"\(pad)\"}\n".utf8)
        count += 1
      }
      try write(random.within(0...pending.count))
    }

    mutating func flush() throws { try write(pending.count) }

    private mutating func write(_ byteCount: Int) throws {
      if !FileManager.default.fileExists(atPath: path) { try Data().write(to: url) }
      let handle = try FileHandle(forWritingTo: url)
      try handle.seekToEnd()
      try handle.write(contentsOf: Data(pending[..<byteCount]))
      try handle.close()
      pending.removeFirst(byteCount)
    }

    private var url: URL { URL(fileURLWithPath: path) }

    /// Deletes what was rotated away, whose numbers the next files get.
    func removeRotated() throws {
      let files = FileManager.default
      for number in 1...31 where files.fileExists(atPath: "\(path).\(number)") {
        try files.removeItem(atPath: "\(path).\(number)")
      }
    }

    mutating func rotate(byCopy: Bool) throws {
      try flush()
      rotatedCount = count
      let files = FileManager.default
      for number in stride(from: 30, through: 1, by: -1)
      where files.fileExists(atPath: "\(path).\(number)") {
        try files.moveItem(atPath: "\(path).\(number)", toPath: "\(path).\(number + 1)")
      }
      if byCopy {
        try files.copyItem(atPath: path, toPath: "\(path).1")
        truncate(path, 0)
      } else {
        try files.moveItem(atPath: path, toPath: "\(path).1")
      }
    }
  }

  @Test(arguments: Rotation.allCases) func eachLineOnce(_ rotation: Rotation) throws {
    rounds(1) { random in
      let workspace = try Workspace()
      try FileManager.default.createDirectory(
        atPath: workspace.path("logs"), withIntermediateDirectories: true)
      var log = Log(path: workspace.path("logs/plant.ndjson"))
      let store = workspace.path("store")
      let arguments = [
        "ingest", "--data", store, "--stream", "s", "--time", "t", "--json", "--follow", log.path,
      ]
      var child = try Child(Child.nilo, arguments, in: workspace)
      try log.write(lines: 3, &random)
      try log.flush()
      while try Fleet.eventCount(store, in: workspace) == 0 { pause(microseconds: 20_000) }
      for step in 0..<60 {
        try log.write(lines: random.within(1...80), &random)
        if rotation != .none, random.oneIn(8) {
          if try Fleet.eventCount(store, in: workspace) > log.rotatedCount {
            try log.removeRotated()
          }
          // What is written between a copy and the cut is in neither.
          try log.rotate(byCopy: rotation == .copy)
        }
        pause(microseconds: random.below(40_000))
        if step % 20 == 10 {
          child.send(SIGKILL)
          _ = try child.wait()
        } else if !child.isRunning, random.oneIn(4) {
          child = try Child(Child.nilo, arguments, in: workspace)
        }
      }
      if !child.isRunning { child = try Child(Child.nilo, arguments, in: workspace) }
      try log.flush()
      let deadline = ContinuousClock.now + .seconds(60)
      while try Fleet.eventCount(store, in: workspace) < log.count, .now < deadline {
        pause(microseconds: 50_000)
      }
      child.send(SIGTERM)
      let ended = try child.wait()
      try checkEqual(ended.status, 0, "\(ended)")
      try check(try ended.json()["interrupted"] as? Bool == false, "\(ended)")
      try verify(store, log.count, ended)
    }
  }

  private func verify(_ path: String, _ count: Int, _ ended: Ended) throws {
    let store = try Store(directory: path)
    defer { store.close() }
    var next = 0
    try store.forEachEvent(of: "s") { event in
      let text = String(decoding: event.bytes, as: UTF8.self)
      try check(text.contains("\"n\":\(next),"), "in the place of line \(next): \(text); \(ended)")
      next += 1
      return true
    }
    try checkEqual(next, count, "lines; \(ended)")
  }
}
