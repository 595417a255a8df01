import Foundation
import Store
import Synchronization
import Testing

/// Disks without room, made of tmpfs.
@Suite(.enabled(if: SmallDisk.isAvailable, "needs root, to mount a small tmpfs"), .serialized)
struct FullDiskTests {
  private static let fleet = Fleet(devices: 120, hours: 1.2, seed: 9)

  @Test(arguments: [false, true]) func niloIngestOnAFullDisk(byRemount: Bool) throws {
    let disk = try SmallDisk(kilobytes: 4096)
    let workspace = disk.workspace
    let files = try Self.fleet.write(files: 60, in: workspace)
    let store = workspace.path("disk/store")
    let arguments = ["ingest", "--data", store, "--stream", "fleet", "--json"]
    rounds(1) { random in
      if byRemount { try disk.resize(kilobytes: random.within(250...300)) }
      let room = byRemount ? 0 : random.within(250_000...300_000)
      if !byRemount {
        try Data(count: (4 << 20) - room).write(
          to: URL(fileURLWithPath: workspace.path("disk/ballast")))
      }
      let ended = try Child.run(Child.nilo, arguments + files, in: workspace)
      try checkEqual(ended.status, 1, "\(ended)")
      try check(
        ended.error.contains(store) && ended.error.contains("no room left on the disk"),
        "message: \(ended.error)")
      let count = try Self.fleet.verifyPrefix(store, in: workspace, isFirstRun: true)
      try check(count > 0 && count < Self.fleet.events.count, "\(count) events are there")
      try checkEqual(try ended.json()["accepted"] as? Int, count, "accepted")
      // Again without room: nothing more, nothing less.
      let again = try Child.run(Child.nilo, arguments + files, in: workspace)
      try checkEqual(again.status, 1, "\(again)")
      // The summary is there however soon it ends.
      try check(try again.json()["accepted"] is Int, "no summary: \(again)")
      try check(
        try Self.fleet.verifyPrefix(store, in: workspace, isFirstRun: false) >= count,
        "events are lost")
      if byRemount { try disk.resize(kilobytes: 8192) } else { workspace.remove("disk/ballast") }
      try Self.fleet.complete(store, files, in: workspace)
      workspace.remove("disk/store")
    }
  }

  /// A disk that has not even room for an empty store.
  @Test func aNewStoreOnAFullDisk() throws {
    let disk = try SmallDisk(kilobytes: 1024)
    let workspace = disk.workspace
    let script = try workspace.write("script", "# alpha\n{\"id\":1,\"time\":2}\n")
    let ballast = URL(fileURLWithPath: workspace.path("disk/ballast"))
    for pages in 0..<12 {
      workspace.remove("disk/store")
      try Data(count: (256 - pages) * 4096).write(to: ballast)
      let ended = try Child.run(
        Child.writer, ["append", workspace.path("disk/store"), script], in: workspace)
      if ended.status != 0 {
        #expect(ended.status == 1, "\(pages) pages: \(ended)")
        #expect(ended.output.contains("no room left on the disk"), "\(pages) pages: \(ended)")
      }
      workspace.remove("disk/ballast")
      let after = try Child.run(
        Child.writer, ["append", workspace.path("disk/store"), script], in: workspace)
      #expect(after.status == 0, "after \(pages) pages: \(after)")
      let check = try Child.run(
        Child.nilo, ["check", "--data", workspace.path("disk/store")], in: workspace)
      #expect(check.status == 0, "after \(pages) pages: \(check)")
    }
  }

  /// Threads that share commits share a failure, too; what they append later goes in.
  @Test func aFailedCommitFailsAllOfItsBatches() throws {
    let disk = try SmallDisk(kilobytes: 2048)
    let ballast = disk.workspace.path("disk/ballast")
    let store = try Store(directory: disk.workspace.path("disk/store"))
    let failures = Mutex(0)
    let accepted = Mutex<[String: UInt64]>([:])
    try inThreads(8) { thread in
      let stream = "stream\(thread % 3)"
      for number in 0..<60 {
        if thread == 0, number == 20 {
          // Takes all the room there is.
          try? Data(count: 4 << 20).write(to: URL(fileURLWithPath: ballast))
        }
        let documents = (0..<5).map { index in
          "{\"event_id\":\"\(thread)-\(number)-\(index)\",\"time\":\(1_717_200_000 + number),"
            + "\"noise\":\"\((0..<8).map { _ in String(UInt64.random(in: 0 ... .max)) }.joined())\"}"
        }
        while true {
          do {
            let result = try store.append(documents, to: stream)
            try checkEqual(result.accepted, 5, "accepted of batch \(number) of thread \(thread)")
            accepted.withLock { all in
              for (index, document) in documents.enumerated() {
                all[document] = result.firstSeq! + UInt64(index)
              }
            }
            break
          } catch let error where !(error is Mismatch) {
            let text = "\(error)"
            try check(
              text.contains("no room left on the disk") || text.contains("earlier batch"), text)
            if failures.withLock({
              $0 += 1
              return $0 == 40
            }) {
              try disk.resize(kilobytes: 16384)
            }
          }
        }
      }
    }
    #expect(failures.withLock { $0 } >= 40)
    store.close()
    try verify(disk.workspace.path("disk/store"), accepted.withLock { $0 })
  }

  private func verify(_ directory: String, _ accepted: [String: UInt64]) throws {
    let store = try Store(directory: directory)
    defer { store.close() }
    #expect(try store.check().damages == [])
    var found: [String: UInt64] = [:]
    for stream in try store.statistics().streams {
      try store.forEachEvent(of: stream.definition.name) {
        found[String(decoding: $0.bytes, as: UTF8.self)] = $0.seq
        return true
      }
    }
    #expect(found == accepted)
    #expect(found.count == 8 * 60 * 5)
  }
}
