import Foundation
import Testing

/// Faults at each system call by which a commit reaches the disk, made by strace.
@Suite(.enabled(if: Child.hasStrace, "needs /usr/bin/strace"))
struct WriteFaultTests {
  /// A store that was there before, and the script that goes on with it.
  private struct Setting {
    let workspace: Workspace
    let expected: Expected
    /// Batches that the store holds at the start.
    let first: Int

    /// Copies the store and has `crash-writer` go on with it, each call that `injections` name going wrong.
    func run(_ injections: [String], attempts: Int = 1) throws -> Ended {
      if first > 0 {
        try workspace.copy("before", to: "store")
      } else {
        workspace.remove("store")
      }
      return try trace(
        ["-o", "/dev/null"] + files
          + injections.flatMap { ["-e", "inject=\($0)"] }, attempts: attempts)
    }

    /// Options that have strace look at the store's files only.
    private var files: [String] {
      ["store", "store/data.mdb", "store/data.mdb.new"].flatMap { ["-P", workspace.path($0)] }
    }

    func trace(_ options: [String], attempts: Int = 1) throws -> Ended {
      let calls = "trace=\(Trace.calls.joined(separator: ",")),lseek,openat"
      return try Child.run(
        Child.strace,
        ["-f", "-qq", "-e", calls] + options
          + [
            Child.writer, "append", workspace.path("store"), workspace.path("script"), "\(first)",
            "\(attempts)",
          ], in: workspace)
    }

    /// How often each call is made on the data file when nothing goes wrong.
    func counts() throws -> [String: Int] {
      if first > 0 { try workspace.copy("before", to: "store") }
      let log = workspace.path("log")
      let ended = try trace(["-o", log, "-y"] + files)
      try checkEqual(ended.lines.last, "done", "\(ended)")
      let counts = Trace.counts(try String(contentsOfFile: log, encoding: .utf8))
      try checkEqual(
        try expected.acknowledged(ended), expected.script.batches.count, "acknowledged")
      return counts
    }
  }

  /// A script from an empty directory on: the files, the tables, the first streams.
  private static func fromNothing(_ random: inout SeededGenerator) throws -> Setting {
    let script = Script(batches: 14, streams: ["alpha", "beta"], &random)
    let workspace = try Workspace()
    try workspace.write("script", script.text)
    return Setting(workspace: workspace, expected: try Expected(script, in: workspace), first: 0)
  }

  /// A script that goes on with a small store: all writes are the committer's.
  private static func goingOn(_ random: inout SeededGenerator) throws -> Setting {
    let script = Script(batches: 16, streams: ["alpha", "beta", "gamma"], &random)
    let workspace = try Workspace()
    try workspace.write("script", script.text)
    let first = 3
    let expected = try Expected(script, in: workspace, keepingBefore: first)
    return Setting(workspace: workspace, expected: expected, first: first)
  }

  /// A script that goes on with a store of almost as many blocks as are kept out of the dedup index: after
  /// `runs` flushes before, the next comes with a commit of the script.
  private static func pastAFlush(after runs: Int, _ random: inout SeededGenerator) throws -> Setting
  {
    let workspace = try Workspace()
    var script = Script(
      batches: 1_000 * runs + 996, of: 1, stream: "alpha", arePlain: true, &random)
    let first = script.batches.count
    script.extend(batches: 5, streams: ["alpha", "alpha", "beta"], &random)
    // Others may have nothing new of the stream whose blocks are counted.
    script.extend(batches: 5, of: 1, stream: "alpha", &random)
    try workspace.write("script", script.text)
    let expected = try Expected(script, in: workspace, keepingBefore: first)
    try check(
      expected.dedupRuns.first == runs && expected.dedupRuns.last != runs,
      "dedup runs after each batch: \(expected.dedupRuns)")
    return Setting(workspace: workspace, expected: expected, first: first)
  }

  /// Kills at the Nth call of each kind, or of one kind: all of them, or as many as there is time for.
  private func killAtEachCall(
    _ setting: Setting, only call: String? = nil, atMost limit: Int,
    _ random: inout SeededGenerator
  ) throws {
    let points = try faultPoints(setting, only: call, atMost: limit, &random)
    for (call, number) in points {
      let ended = try setting.run(["\(call):signal=KILL:when=\(number)"])
      let acknowledged = max(try setting.expected.acknowledged(ended), setting.first)
      let what = "killed at \(call) \(number), \(acknowledged) batches acknowledged"
      do {
        try goOn(setting, held: try verify(setting, acknowledged, inFlight: 1))
      } catch {
        throw Mismatch(description: "\(what): \(error)")
      }
    }
  }

  /// All calls on the data file, or a sample of `limit`.
  private func faultPoints(
    _ setting: Setting, only wanted: String? = nil, atMost limit: Int,
    _ random: inout SeededGenerator
  ) throws -> [(String, Int)] {
    let counts = try setting.counts()
    let points = counts.sorted { $0.key < $1.key }.flatMap { call, count in
      wanted == nil || wanted == call ? (1...count).map { (call, $0) } : []
    }
    try check(
      counts["fdatasync"] != nil && counts.keys.contains { $0.contains("write") },
      "a commit makes no calls that this test knows: \(counts)")
    let chosen = points.shuffled(using: &random).prefix(limit)
    print("fault points: \(chosen.count) of \(points.count), of \(counts)")
    return chosen.sorted { $0 < $1 }
  }

  /// The store opens, for reading and for writing, and holds what was acknowledged and at most the batches
  /// that were on their way.
  @discardableResult
  private func verify(_ setting: Setting, _ acknowledged: Int, inFlight: Int) throws -> Int {
    let store = setting.workspace.path("store")
    if acknowledged > 0, setting.first == 0 {
      try setting.expected.verify(store, mode: .readOnly)
    }
    let held = try setting.expected.verify(store)
    try check(
      (acknowledged...acknowledged + inFlight).contains(held),
      "\(held) batches are there, \(acknowledged) were acknowledged")
    return held
  }

  /// The rest of the script goes in, from the first batch that is not there.
  private func goOn(_ setting: Setting, held: Int) throws {
    let store = setting.workspace.path("store")
    try setting.expected.script.append(held..<setting.expected.script.batches.count, to: store)
    try checkEqual(
      try setting.expected.verify(store), setting.expected.script.batches.count,
      "batches in the end")
  }

  @Test func killedAtEachCallFromTheFirstOn() {
    round { random in
      try killAtEachCall(try Self.fromNothing(&random), atMost: sampled(14), &random)
    }
  }

  @Test func killedAtEachCallOfALaterRun() {
    round { random in
      try killAtEachCall(try Self.goingOn(&random), atMost: sampled(30), &random)
    }
  }

  @Test func killedAtEachCallAroundADedupFlush() {
    round { random in
      try killAtEachCall(try Self.pastAFlush(after: 0, &random), atMost: sampled(8), &random)
    }
  }

  /// The third run of ids leads to a merge. Each kill looks at thousands of blocks, so by default there is one for each
  /// commit, when those before it are on disk.
  @Test func killedAtEachCallAroundAMerge() {
    round { random in
      try killAtEachCall(
        try Self.pastAFlush(after: 2, &random), only: sampled(10) > 10 ? nil : "fdatasync",
        atMost: sampled(16), &random)
    }
  }

  /// One call fails: the batch fails with a clear error, and goes in at the next attempt, whole.
  @Test(arguments: ["EIO", "ENOSPC"])
  func aCallThatFails(error code: String) {
    round { random in
      try failAtEachCall(code, try Self.fromNothing(&random), atMost: sampled(8), &random)
      try failAtEachCall(code, try Self.goingOn(&random), atMost: sampled(8), &random)
    }
  }

  private func failAtEachCall(
    _ code: String, _ setting: Setting, atMost limit: Int, _ random: inout SeededGenerator
  ) throws {
    for (call, number) in try faultPoints(setting, atMost: limit, &random) {
      let ended = try setting.run(["\(call):error=\(code):when=\(number)"], attempts: 3)
      do {
        try verifyFailure(ended, code, setting)
      } catch {
        throw Mismatch(description: "\(code) at \(call) \(number): \(error)\n\(ended)")
      }
    }
  }

  /// All calls fail from some one on: the program ends with a clear error, and what was acknowledged is there.
  @Test(arguments: ["EIO", "ENOSPC"])
  func callsThatFailFromNowOn(error code: String) {
    round { random in
      let setting = try Self.goingOn(&random)
      for (call, number) in try faultPoints(setting, atMost: sampled(8), &random) {
        let all = Trace.calls.filter { $0 != call && $0 != "write" }.joined(separator: ",")
        let ended = try setting.run(
          ["\(call):error=\(code):when=\(number)+", "\(all):error=\(code):when=\(number)+"],
          attempts: 2)
        do {
          try checkEqual(ended.status, 1, "exit status")
          try checkMessage(ended, code)
          let acknowledged = max(try setting.expected.acknowledged(ended), setting.first)
          try goOn(setting, held: try verify(setting, acknowledged, inFlight: 0))
        } catch {
          throw Mismatch(description: "\(code) from \(call) \(number) on: \(error)\n\(ended)")
        }
      }
    }
  }

  private func verifyFailure(_ ended: Ended, _ code: String, _ setting: Setting) throws {
    try checkMessage(ended, code)
    if ended.lines.contains(where: { $0.hasPrefix("failed ") }) {
      // The store could not be opened.
      try checkEqual(ended.status, 1, "exit status")
      try goOn(setting, held: try verify(setting, setting.first, inFlight: 0))
      return
    }
    try checkEqual(ended.status, 0, "exit status")
    try checkEqual(
      try setting.expected.acknowledged(ended), setting.expected.script.batches.count,
      "acknowledged")
    try verify(setting, setting.expected.script.batches.count, inFlight: 0)
  }

  private func checkMessage(_ ended: Ended, _ code: String) throws {
    let message = ended.lines.first { $0.hasPrefix("error ") || $0.hasPrefix("failed ") }
    let wanted =
      code == "EIO"
      ? ["could not be read or written", "check the disk"] : ["no room left on the disk"]
    try check(message != nil, "nothing failed")
    try check(
      wanted.allSatisfy { message!.contains($0) } && message!.contains("/store"),
      "message: \(message!)")
  }

  /// A batch that fails in the middle of a long source: what came before is there, nothing after it is.
  @Test func aPipelineStopsAtACommitThatFails() {
    round { random in
      let script = Script(batches: 60, of: 20, stream: "alpha", arePlain: true, &random)
      let workspace = try Workspace()
      try workspace.write("script", script.text)
      let expected = try Expected(script, in: workspace)
      for _ in 0..<sampled(6) {
        workspace.remove("store")
        let number = random.within(2...12)
        let ended = try Child.run(
          Child.strace,
          [
            "-f", "-qq", "-o", "/dev/null", "-P", workspace.path("store/data.mdb"),
            "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=\(number)",
            Child.writer, "ingest", workspace.path("store"), workspace.path("script"),
          ], in: workspace)
        let held = try expected.verify(workspace.path("store"))
        // Commits may have been fewer than that.
        if ended.status == 0 { try checkEqual(held, script.batches.count, "batches of \(ended)") }
        try script.append(held..<script.batches.count, to: workspace.path("store"))
        try expected.verify(workspace.path("store"))
      }
    }
  }

  /// What a loss of power may leave: of the writes since the last sync any pages, or parts of them.
  @Test func powerIsLost() {
    rounds(1) { random in
      let script = Script(batches: 14, streams: ["alpha", "beta", "gamma"], &random)
      let workspace = try Workspace()
      try workspace.write("script", script.text)
      let setting = Setting(
        workspace: workspace, expected: try Expected(script, in: workspace), first: 0)
      let log = workspace.path("log")
      _ = try setting.trace(["-o", log, "-y", "-x", "-v", "-s", "100000000"])
      let trace = try Trace(
        String(contentsOfFile: log, encoding: .utf8), dataFile: "/store/data.mdb")
      var disk = PowerlessDisk()
      for event in trace.events {
        for _ in 0..<(!disk.isNamed ? 0 : disk.hasPending ? 3 : 1) {
          let image = disk.imageAfterPowerLoss(during: event, &random)
          try verifyImage(image, disk.acknowledged, setting, workspace)
        }
        disk.take(event)
      }
      try check(disk.isNamed, "no data file got its name")
      try checkEqual(disk.acknowledged, script.batches.count, "acknowledged")
      try verifyImage(
        disk.imageAfterPowerLoss(during: nil, &random), disk.acknowledged, setting, workspace)
    }
  }

  private func verifyImage(
    _ image: [UInt8], _ acknowledged: Int, _ setting: Setting, _ workspace: Workspace
  ) throws {
    let store = workspace.path("store")
    workspace.remove("store")
    try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
    try Data(image).write(to: URL(fileURLWithPath: "\(store)/data.mdb"))
    do {
      try verify(setting, acknowledged, inFlight: 1)
    } catch {
      throw Mismatch(description: "power lost after \(acknowledged) batches: \(error)")
    }
  }
}

/// A disk that has in its cache what was written since the last sync.
private struct PowerlessDisk {
  private var durable: [UInt8] = []
  private var pending: [(offset: Int, bytes: [UInt8])] = []
  private(set) var acknowledged = 0
  private(set) var isNamed = false

  var hasPending: Bool { !pending.isEmpty }

  mutating func take(_ call: Trace.Call) {
    switch call {
    case .write(let isSynchronous, let offset, let bytes):
      if isSynchronous {
        Self.write(bytes, at: offset, to: &durable)
      } else {
        pending.append((offset, bytes))
      }
    case .sync:
      for (offset, bytes) in pending { Self.write(bytes, at: offset, to: &durable) }
      pending = []
    case .named: isNamed = true
    case .acknowledged(let count): acknowledged = count
    }
  }

  /// What the disk has when the power goes during `call`.
  func imageAfterPowerLoss(during call: Trace.Call?, _ random: inout SeededGenerator) -> [UInt8] {
    var image = durable
    var cached = pending
    if case .write(_, let offset, let bytes) = call { cached.append((offset, bytes)) }
    let share = random.within(0...4)
    for (offset, bytes) in cached {
      // A page is written by sectors, a sector whole or not at all.
      var start = 0
      while start < bytes.count {
        let size = random.oneIn(4) ? 512 : 4096
        let end = min(bytes.count, ((offset + start) / size + 1) * size - offset)
        if random.below(4) < share {
          Self.write(Array(bytes[start..<end]), at: offset + start, to: &image)
        }
        start = end
      }
    }
    return image
  }

  private static func write(_ bytes: [UInt8], at offset: Int, to image: inout [UInt8]) {
    if image.count < offset + bytes.count {
      image += Array(repeating: 0, count: offset + bytes.count - image.count)
    }
    image.replaceSubrange(offset..<offset + bytes.count, with: bytes)
  }
}
