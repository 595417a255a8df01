import EventLog
import Merkle
import Model
import Projections
import Store

/// Compares a store with what was signed of it: the tree with the original bytes of all events, each checkpoint with the tree and
/// its key, and sealed rows of KPIs with the events that they are of.
///
/// Whoever can write the store's file can change events, hashes and checkpoints; without the secret key no checkpoint fits them then.
/// That the last checkpoints were not taken away is shown by one that is kept elsewhere.
public struct Verifier {
  private let store: Store
  private let tree: LogTree
  /// The key that is known to be the log's; nil takes the store's word.
  private let trusted: VerifierKey?
  /// Checkpoints that were kept elsewhere.
  private let kept: [SignedNote]
  private let skipsRows: Bool

  public init(
    _ store: Store, trusted: VerifierKey? = nil, kept: [SignedNote] = [], skipsRows: Bool = false
  ) {
    (self.store, self.trusted, self.kept, self.skipsRows) = (store, trusted, kept, skipsRows)
    tree = LogTree(store)
  }

  /// Verifies all, on all workers. What is wrong is in the report, and is not thrown. Throws ``AuditError`` when the store has no
  /// tree, and `CancellationError`. O(bytes of the log + facts of sealed rows).
  public func run(
    progress: (Double) -> Void = { _ in }, isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> AuditReport {
    var report = AuditReport()
    // In this order: a program that writes meanwhile makes the log longer before the tree.
    report.leaves = try tree.size
    report.events = try store.log.lastSeq()
    guard report.leaves > 0 else {
      throw AuditError(
        "the store has no audit log; begin one with: nilo audit keygen, and nilo audit sign, or nilo serve --audit-key"
      )
    }
    let size = min(report.leaves, report.events)
    if report.leaves > report.events {
      report.findings.append(
        .init("the log has lost events: the tree has them", size + 1...report.leaves))
    }
    try checkLeaves(size, &report, progress, isCancelled)
    try checkUpperLevels(report.leaves, &report)
    let keys = recordedKeys(&report)
    try checkCheckpoints(keys, &report)
    try checkKept(keys, &report)
    if skipsRows {
      report.notes.append("sealed rows were not computed again, as was asked")
    } else {
      try SealCheck(store, isCancelled).run(&report)
    }
    addNotes(&report)
    return report
  }

  private func addNotes(_ report: inout AuditReport) {
    if report.signed < report.events {
      report.notes.append(
        "\(report.events - report.signed) events came after the last checkpoint, and are not signed yet"
      )
    }
    if trusted == nil {
      report.notes.append(
        "the key is the one that the store names itself: give the one that its owner has published by --key"
      )
    }
    if kept.isEmpty {
      report.notes.append(
        "that no later checkpoint was taken away is shown only by one that was kept elsewhere: give it by --checkpoint"
      )
    }
  }

  // MARK: Leaves and hashes

  private func checkLeaves(
    _ size: UInt64, _ report: inout AuditReport, _ progress: (Double) -> Void,
    _ isCancelled: @escaping @Sendable () -> Bool
  ) throws {
    let step = LogTree.stepEvents
    let count = Int((size + step - 1) / step)
    let tree = tree
    let work = try OrderedWork(count: count, for: .rebuild) { index in
      if isCancelled() { throw CancellationError() }
      let first = UInt64(index) * step
      return try Self.findings(first + 1...min(first + step, size), tree)
    }
    defer { work.stop() }
    for index in 0..<count {
      report.add(try work.next())
      progress(Double(index + 1) / Double(count))
    }
  }

  /// What is wrong with the leaves of some events, which begin a tile, and with the hashes above them.
  private static func findings(
    _ seqs: ClosedRange<UInt64>, _ tree: LogTree
  ) throws -> [AuditReport.Finding] {
    let leaves = try LeafRange(seqs, of: tree.log)
    var part = AuditReport()
    let known: HashList
    do {
      known = try tree.hashes(ofLevel: 0, seqs.lowerBound - 1..<seqs.upperBound)
    } catch let damage as DamageError {
      return [.init("\(damage.what)", seqs)]
    }
    for place in 0..<seqs.count {
      let seq = seqs.lowerBound + UInt64(place)
      if !leaves.isThere[place] {
        part.add("events are missing, or cannot be read", at: seq)
      } else if leaves.twice.contains(seq) {
        part.add("more than one event has a number", at: seq)
      } else if known[place..<place + 1] != leaves.hashes[place..<place + 1] {
        part.add("events are not those that the tree has", at: seq)
      }
    }
    part.add(try Self.wrongAbove(0, known, at: seqs.lowerBound - 1, tree))
    return part.findings
  }

  /// Whether hashes that begin a tile are below those of the next level.
  private static func wrongAbove(
    _ level: Int, _ hashes: HashList, at first: UInt64, _ tree: LogTree
  ) throws -> [AuditReport.Finding] {
    let width = UInt64(HashLevels.tileWidth)
    let above = first / width..<(first + UInt64(hashes.count)) / width
    if above.isEmpty { return [] }
    let known: HashList
    do { known = try tree.hashes(ofLevel: level + 1, above) } catch let damage as DamageError {
      return [.init("\(damage.what)")]
    }
    return (0..<known.count).compactMap { index in
      let start = index * HashLevels.tileWidth
      let root = HashList.root(above: hashes[start..<start + HashLevels.tileWidth])
      if root == known[index] { return nil }
      let leaves = UInt64(1) << UInt64((level + 1) * HashLevels.tileHeight)
      let begin = (above.lowerBound + UInt64(index)) * leaves
      return .init(
        "a hash of level \(level + 1) is not that of those below it", begin + 1...begin + leaves)
    }
  }

  private func checkUpperLevels(_ size: UInt64, _ report: inout AuditReport) throws {
    var level = 1
    while Tile.count(ofLevel: level + 1, size: size) > 0 {
      do {
        let hashes = try tree.hashes(ofLevel: level, 0..<Tile.count(ofLevel: level, size: size))
        report.add(try Self.wrongAbove(level, hashes, at: 0, tree))
      } catch let damage as DamageError {
        report.findings.append(.init(damage.what))
      }
      level += 1
    }
  }

  // MARK: What was signed

  private func checkCheckpoints(_ keys: RecordedKeys, _ report: inout AuditReport) throws {
    var (next, sound) = (UInt64(0), UInt64(0))
    while let stored = try tree.log.checkpoint(atLeast: next) {
      report.checkpoints += 1
      do {
        let note = try SignedNote(reading: stored.note)
        try check(note, stored.size, by: keys.required(at: stored.size, after: sound))
        (sound, report.signed) = (stored.size, stored.size)
      } catch let error as AuditError {
        report.findings.append(.init("\(error)", sound + 1...max(stored.size, sound + 1)))
      } catch let error as NoteError {
        report.findings.append(.init("\(error)", sound + 1...max(stored.size, sound + 1)))
      }
      if stored.size == .max { break }
      next = stored.size + 1
    }
    if report.checkpoints == 0 { report.findings.append(.init("no checkpoint is in the store")) }
  }

  private func recordedKeys(_ report: inout AuditReport) -> RecordedKeys {
    var keys = RecordedKeys()
    do { keys = try RecordedKeys(store.log) } catch {
      report.findings.append(.init("the keys that the store names cannot be read: \(error)"))
    }
    report.keys = keys.keys.map { "\($0.key)" }
    if let trusted, !keys.keys.contains(where: { $0.key == trusted }) {
      report.findings.append(.init("the store was not signed by the key \(trusted)"))
    }
    return keys
  }

  private func check(_ note: SignedNote, _ size: UInt64, by keys: [VerifierKey]) throws {
    guard !keys.isEmpty else { throw AuditError("the store does not say what key signs it") }
    for key in keys { _ = try Checkpoint(of: note, by: key) }
    let checkpoint = try Checkpoint(text: note.text)
    guard checkpoint.size == size else {
      throw AuditError(
        "the checkpoint of \(checkpoint.size) events stands where one of \(size) should")
    }
    try check(checkpoint)
  }

  private func check(_ checkpoint: Checkpoint) throws {
    guard try checkpoint.size <= tree.size else {
      throw AuditError(
        "the log had \(checkpoint.size) events when a checkpoint was signed, and has \(try tree.size) in its tree"
      )
    }
    let root: TreeHash
    do { root = try tree.tree(ofSize: checkpoint.size).root() } catch let damage as DamageError {
      throw AuditError(
        "the checkpoint of \(checkpoint.size) events cannot be compared: \(damage.what)")
    }
    guard root == checkpoint.root else {
      throw AuditError(
        "the first \(checkpoint.size) events are not those that were signed: their tree has another root than the checkpoint"
      )
    }
  }

  private func checkKept(_ recorded: RecordedKeys, _ report: inout AuditReport) throws {
    let keys = recorded.keys.map(\.key)
    for note in kept {
      do {
        let checkpoint = try Checkpoint(text: note.text)
        guard (trusted.map { [$0] } ?? keys).contains(where: { note.isSigned(by: $0) }) else {
          throw AuditError(
            "the checkpoint of \(checkpoint.size) events that was kept is not signed by the log's key"
          )
        }
        try check(checkpoint)
      } catch let error as AuditError {
        report.findings.append(.init("\(error)"))
      } catch let error as NoteError {
        report.findings.append(.init("\(error)"))
      }
    }
  }
}
