import Foundation

/// A change of the store `before`, made by `crash-writer` on a copy of it, that is cut off or meets a fault at its system
/// calls.
protocol FaultyChange {
  var workspace: Workspace { get }
  /// What `crash-writer` is told to do.
  static var command: String { get }
  /// Throws unless the change was made; `counts` are its calls.
  func checkDone(_ ended: Ended, _ counts: [String: Int]) throws
  /// Throws unless the store is as it was or as it was to become, and the change can go on. `what` was done to it.
  func verify(_ what: String) throws
}

extension FaultyChange {
  private func run(_ options: [String]) throws -> Ended {
    try workspace.copy("before", to: "store")
    return try Child.run(
      Child.strace,
      [
        "-f", "-qq", "-y", "-P", workspace.path("store/data.mdb"), "-e",
        "trace=\(Trace.calls.joined(separator: ","))",
      ] + options + [Child.writer, Self.command, workspace.path("store"), "-"], in: workspace)
  }

  /// All calls on the data file, or a sample of `limit`.
  private func points(
    atMost limit: Int, _ random: inout SeededGenerator
  ) throws -> [(call: String, number: Int)] {
    let log = workspace.path("log")
    let ended = try run(["-o", log])
    let counts = Trace.counts(try String(contentsOfFile: log, encoding: .utf8))
    try checkDone(ended, counts)
    let points = counts.sorted { $0.key < $1.key }.flatMap { call, count in
      (1...count).map { (call, $0) }
    }
    return Array(points.shuffled(using: &random).prefix(limit))
  }

  /// Kills the writer at its calls, each time another one.
  func killAtCalls(atMost limit: Int, _ random: inout SeededGenerator) throws {
    var killed = 0
    for (call, number) in try points(atMost: limit, &random) {
      let ended = try run(["-o", "/dev/null", "-e", "inject=\(call):signal=KILL:when=\(number)"])
      if ended.status != 0 { killed += 1 }
      try verify("killed at \(call) \(number)")
    }
    try check(killed > 0, "no kill came before the end")
  }

  /// Has the writer's calls fail, each time another one.
  func failAtCalls(_ code: String, atMost limit: Int, _ random: inout SeededGenerator) throws {
    for (call, number) in try points(atMost: limit, &random) {
      let ended = try run(["-o", "/dev/null", "-e", "inject=\(call):error=\(code):when=\(number)"])
      try check(
        ended.status == 0 || ended.lines.contains { $0.hasPrefix("failed ") },
        "\(code) at \(call) \(number): \(ended)")
      try verify("\(code) at \(call) \(number)")
    }
  }
}
