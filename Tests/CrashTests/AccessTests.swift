import Foundation
import Store
import Testing

/// Stores that may not be written, and machines that give no thread.
struct AccessTests {
  private static let setpriv = "/usr/bin/setpriv"
  private static let canChangeUser =
    getuid() == 0 && FileManager.default.isExecutableFile(atPath: setpriv)

  private let document = "{\"timestamp\": \"2024-06-01T00:00:00Z\", \"v\": 1}"

  /// A store of one event that everyone may read, and no one but root may write.
  private func makeStore(_ workspace: Workspace) throws -> String {
    let path = workspace.path("store")
    let store = try Store(directory: path)
    _ = try store.append([document], to: "s")
    store.close()
    try protect(workspace)
    return path
  }

  private func protect(_ workspace: Workspace) throws {
    let files = ["store/data.mdb", "store/lock.mdb", "store/writer.lock"].map(workspace.path)
    for path in [workspace.directory, workspace.path("store")] {
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }
    for path in files {
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
    }
  }

  /// Runs `nilo` as an account that owns nothing.
  private func asAuditor(_ workspace: Workspace, _ arguments: String...) throws -> Ended {
    try Child.run(
      Self.setpriv,
      ["--reuid=65534", "--regid=65534", "--clear-groups", Child.nilo] + arguments, in: workspace)
  }

  @Test(.enabled(if: canChangeUser, "needs root, to run as another user"))
  func anAuditorReadsWhatHeMayNotWrite() throws {
    let workspace = try Workspace()
    let path = try makeStore(workspace)
    for command in [["stat"], ["check"], ["rebuild", "--verify"], ["events", "--stream", "s"]] {
      let ended = try Child.run(
        Self.setpriv,
        ["--reuid=65534", "--regid=65534", "--clear-groups", Child.nilo] + command
          + ["--data", path], in: workspace)
      #expect(ended.status == 0, "\(command): \(ended.error)")
    }
    // A copy has no lock files.
    for file in ["lock.mdb", "writer.lock"] { workspace.remove("store/\(file)") }
    let ended = try asAuditor(workspace, "check", "--data", path)
    #expect(ended.status == 0, "\(ended.error)")
  }

  @Test(.enabled(if: canChangeUser, "needs root, to run as another user"))
  func anAuditorIsToldWhatHeMayNotDo() throws {
    let workspace = try Workspace()
    let path = try makeStore(workspace)
    do {
      let writer = try Store(directory: path)
      defer { writer.close() }
      let ended = try asAuditor(workspace, "stat", "--data", path)
      #expect(ended.status == 1)
      #expect(ended.error.contains("lock.mdb"), "\(ended.error)")
    }
    let written = try asAuditor(workspace, "ingest", "--data", path, "--stream", "s", "-")
    #expect(written.status == 1)
    #expect(written.error.contains("writer.lock: not permitted"), "\(written.error)")
    for (file, mode) in [("store/data.mdb", 0o600), ("store", 0o700)] {
      try FileManager.default.setAttributes(
        [.posixPermissions: mode], ofItemAtPath: workspace.path(file))
      let ended = try asAuditor(workspace, "stat", "--data", path)
      #expect(ended.status == 1)
      #expect(ended.error.contains("data.mdb: not permitted"), "\(ended.error)")
      try protect(workspace)
    }
  }

  /// Cells are compared while another process holds the right to write.
  @Test func cellsAreVerifiedBesideAWriter() throws {
    let workspace = try Workspace()
    let path = workspace.path("store")
    let store = try Store(directory: path)
    defer { store.close() }
    _ = try store.append([document], to: "s")
    let defined = try KpiDefinition(
      name: "k", stream: "s", select: "count(*) AS n", every: "1h")
    try store.projections.define(defined, actor: "test")
    _ = try store.append([document], to: "s")
    let ended = try Child.run(Child.nilo, ["rebuild", "--verify", "--data", path], in: workspace)
    #expect(ended.status == 0, "\(ended.error)")
    #expect(ended.output.contains("the same in every bit"), "\(ended.output)")
  }

  @Test func aCopyThatWasCutOffIsMadeAgain() throws {
    let workspace = try Workspace()
    let path = try makeStore(workspace)
    let copy = workspace.path("copy")
    let unchecked = Store.uncheckedCopy(in: copy)
    try FileManager.default.createDirectory(
      atPath: unchecked, withIntermediateDirectories: true)
    for name in ["data.mdb", "lock.mdb", "data.mdb.partial"] {
      try workspace.write("copy/unchecked/\(name)", "half")
    }
    let ended = try Child.run(Child.nilo, ["backup", "--data", path, copy], in: workspace)
    #expect(ended.status == 0, "\(ended.error)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: copy) == ["data.mdb"])
    let again = try Child.run(Child.nilo, ["backup", "--data", path, copy], in: workspace)
    #expect(again.status == 1)
  }

  /// Whichever thread cannot be started, the command says so and ends.
  @Test(.enabled(if: Child.hasStrace, "needs strace, to refuse threads"))
  func noThreads() throws {
    let workspace = try Workspace()
    try workspace.write("one.ndjson", document)
    for number in 1...4 {
      let path = workspace.path("store-\(number)")
      let ended = try Child.run(
        "/usr/bin/timeout",
        [
          "60", Child.strace, "-f", "-o", "/dev/null", "-e",
          "inject=clone3:error=EAGAIN:when=\(number)", Child.nilo, "ingest", "--data", path,
          "--stream", "s", workspace.path("one.ndjson"),
        ], in: workspace)
      let isRefused = ended.status == 1 && ended.error.contains("no thread could be started")
      #expect(isRefused || number > 2 && ended.status == 0, "thread \(number): \(ended)")
    }
  }
}
