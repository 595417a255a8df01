import Foundation
import Testing

/// Single bits that flip anywhere in the data file, LMDB's own pages above all.
struct FlipTests {
  private struct Answer: Equatable {
    var status: Int32
    var output: String

    /// `timeout` ends what hangs.
    var isCrashOrHang: Bool { status < 0 || status == 124 || status >= 128 }
  }

  private func nilo(_ workspace: Workspace, _ arguments: String...) throws -> Answer {
    let ended = try Child.run("/usr/bin/timeout", ["60", Child.nilo] + arguments, in: workspace)
    return Answer(status: ended.status, output: ended.output)
  }

  private func answers(_ workspace: Workspace, _ store: String) throws -> [Answer] {
    let path = workspace.path(store)
    return try [
      nilo(
        workspace, "query", "--data", path, "--format", "csv",
        "SELECT count(*), sum(temperature) FROM s"),
      nilo(workspace, "query", "--data", path, "--format", "csv", "SELECT n, i FROM k"),
      nilo(workspace, "events", "--data", path, "--stream", "s"),
    ]
  }

  private func generate(
    _ workspace: Workspace, _ name: String, devices: Int, hours: Int, seed: Int
  ) throws {
    let made = try nilo(
      workspace, "generate", "fleet", "--devices", "\(devices)", "--every", "60s", "--hours",
      "\(hours)", "--seed", "\(seed)")
    try workspace.write(name, made.output)
  }

  private func makeStore(_ workspace: Workspace) throws {
    try generate(workspace, "a.ndjson", devices: 20, hours: 3, seed: 1)
    try generate(workspace, "b.ndjson", devices: 5, hours: 1, seed: 2)
    let store = workspace.path("store")
    let steps = try [
      nilo(workspace, "ingest", "--data", store, "--stream", "s", workspace.path("a.ndjson")),
      nilo(
        workspace, "kpi", "define", "--data", store, "k", "--from", "s", "--by", "device_id",
        "--every", "1h", "--select", "count(*) AS n, increase(humidity) AS i"),
      // Indexes the ids of all events, which are too few to leave memory by themselves.
      nilo(
        workspace, "query", "--data", store, "ALTER STREAM s DEDUP BY event_id WITHIN 8 days"),
    ]
    try check(steps.allSatisfy { $0.status == 0 }, "the store could not be made: \(steps)")
  }

  /// How many bits flip, each in a copy of its own: NILO_FLIPS, or some.
  private static let flipCount =
    ProcessInfo.processInfo.environment["NILO_FLIPS"].flatMap { Int($0) } ?? sampled(40)

  /// Every flip is found, or harms nothing: no crash, no hang, no wrong answer that says it is right, and no store
  /// that the check calls sound and the next commit breaks.
  @Test func aBitOfAnyPage() throws {
    let workspace = try Workspace()
    try makeStore(workspace)
    let clean = try answers(workspace, "store")
    let bytes = try Data(contentsOf: URL(fileURLWithPath: workspace.path("store/data.mdb")))
    round { random in
      var found = 0
      for _ in 0..<Self.flipCount {
        let offset = random.pick([random.below(16), random.within(16...119), random.below(4096)])
        let place = random.below(bytes.count / 4096) * 4096 + offset
        let bit = random.below(8)
        var damaged = bytes
        damaged[place] ^= 1 << UInt8(bit)
        try workspace.copy("store", to: "flipped")
        try damaged.write(to: URL(fileURLWithPath: workspace.path("flipped/data.mdb")))
        if try isFound(workspace, clean, "byte \(place), bit \(bit)") { found += 1 }
      }
      print("flipped bits: \(found) of \(Self.flipCount) were found")
    }
  }

  /// Throws when the flip does harm unseen; gives whether the check has found it.
  private func isFound(
    _ workspace: Workspace, _ clean: [Answer], _ place: String
  ) throws -> Bool {
    let path = workspace.path("flipped")
    let checked = try nilo(workspace, "check", "--data", path)
    try check(!checked.isCrashOrHang, "\(place): check ended with \(checked.status)")
    for (got, want) in zip(try answers(workspace, "flipped"), clean) {
      try check(!got.isCrashOrHang, "\(place): a reader ended with \(got.status)")
      try check(
        got.status != 0 || got == want, "\(place): a wrong answer, and check said \(checked.status)"
      )
    }
    if checked.status != 0 { return true }
    let more = workspace.path("b.ndjson")
    let ingested = try nilo(workspace, "ingest", "--data", path, "--stream", "s", more)
    try check(!ingested.isCrashOrHang, "\(place): ingest ended with \(ingested.status)")
    let again = try nilo(workspace, "check", "--data", path)
    try check(
      ingested.status == 0 && again.status == 0,
      "\(place): sound, and then ingest \(ingested.status), check \(again.status)")
    return false
  }
}
