import FileConnector
import Foundation
import Model
import Query
import Store
import Terminal

/// One run of `nilo ingest`: file after file into a stream, and what became of all.
struct IngestRun {
  private(set) var total = IngestSummary()
  /// Files that could be opened.
  private(set) var fileCount = 0
  /// Files of which a part had been read before, and those that had nothing new.
  private(set) var (continuedCount, unchangedCount) = (0, 0)
  private(set) var hasFailed = false
  private(set) var isFollowing = false
  private(set) var elapsedSeconds = 0.0

  private let arguments: StoreArguments
  private let memory: MemoryArguments
  let stream: String
  private let definition: DefinitionArguments
  private let mapping: DocumentMapping
  private let format: FileFormat?
  private let decimalMark: DecimalMark?
  private let delimiter: UInt8?
  private let isFromStart: Bool
  private let actor = userName()
  private let start = ContinuousClock.now
  private var progress = Progress()
  /// Opened with the first file, so that a mistyped name leaves no empty store behind.
  private var store: Store?
  private var remembered: RememberedFiles?
  /// Whether this run has made the store, with its directory.
  private var isOwnStore = false
  /// Bytes of all files as they are on disk, nil when one is a pipe.
  private var totalBytes: Int64?
  private var bytesOfFilesBefore: Int64 = 0
  private var rejectionsShown: UInt64 = 0
  private var beginningsShown = 0
  /// Files that were read to their ends.
  private var endedSources: [String] = []

  private static let maxRejectionsShown = 5
  private static let maxBeginningsShown = 5

  init(
    _ arguments: StoreArguments, _ memory: MemoryArguments, stream: String,
    definition: DefinitionArguments, mapping: DocumentMapping, format: FileFormat?,
    decimalMark: DecimalMark?, delimiter: UInt8?, isFromStart: Bool
  ) {
    (self.arguments, self.memory) = (arguments, memory)
    self.stream = stream
    self.definition = definition
    self.mapping = mapping
    self.format = format
    self.decimalMark = decimalMark
    self.delimiter = delimiter
    self.isFromStart = isFromStart
  }

  /// Reads all of `files`. Throws when nothing can go into the store; faults of a file are shown,
  /// and the other files still go in.
  mutating func ingest(_ files: [String]) throws {
    defer {
      progress.wipe()
      discardEmptyStore()
      store?.close()
      elapsedSeconds = (ContinuousClock.now - start) / .seconds(1)
    }
    totalBytes = Self.totalBytes(of: files)
    for file in files where !Interruption.isRequested {
      do {
        try ingest(file)
      } catch let error as FileError {
        fail("\(error)")
      } catch  where total.documents > 0 || Store.isFailureOfDisk(error) {
        // Not the file's fault, such as a full disk: the next one would meet the same.
        fail("\(error)")
        break
      }
    }
    progress.wipe()
    // All at once, so that no file makes the others' events late.
    do {
      try store?.closeSources(endedSources, of: stream)
      try tellForgotten()
    } catch {
      fail("\(error)")
    }
    showNotes()
    if total.rejected > rejectionsShown {
      printNote(
        "\(Wording.count(total.rejected - rejectionsShown)) more rejected; see all with: "
          + "nilo ledger --data \(arguments.data) --kind rejected --stream \(stream)")
    }
  }

  /// Follows files until ``Interruption`` says so; for the rest as ``ingest(_:)``. Their sources stay open: more is to come.
  mutating func follow(_ names: FollowedNames) throws {
    defer {
      discardEmptyStore()
      store?.close()
      elapsedSeconds = (ContinuousClock.now - start) / .seconds(1)
    }
    let store = try openStore()
    isFollowing = true
    let notes = NoteLimit()
    var follower = Follower(
      names,
      into: Follower.Target(
        store: store, stream: stream, options: definition.options, mapping: mapping, actor: actor,
        format: format, decimalMark: decimalMark, delimiter: delimiter, isFromStart: isFromStart,
        tell: notes.tell))
    do {
      try follower.run()
    } catch {
      fail("\(error)")
    }
    (total, fileCount) = (follower.total, follower.fileCount)
    hasFailed = hasFailed || follower.hasFailed
    showNotes()
  }

  private mutating func tellForgotten() throws {
    guard let forgotten = try remembered?.forgetOldest(), forgotten > 0 else { return }
    printNote(
      "\(Wording.count(RememberedFiles.maxFiles)) files are remembered: \(Wording.count(forgotten)) that were read "
        + "longest ago are forgotten, and would be read from their start")
  }

  private mutating func ingest(_ file: String) throws {
    var reader = try FileReader(
      path: file, format: format, decimalMark: decimalMark, delimiter: delimiter,
      isCancelled: { Interruption.isRequested })
    let store = try openStore()
    fileCount += 1
    let (beginning, known) = try begin(&reader)
    let isContinued = beginning?.isContinued == true
    if !isContinued { tell(beginning, known, of: file) }
    if beginning == .unchanged {
      bytesOfFilesBefore += reader.totalBytes ?? 0
      endedSources.append(reader.sourceName)
      return
    }
    let before = total
    var ofFile = IngestSummary()
    defer {
      total = before
      total.add(ofFile)
      bytesOfFilesBefore += reader.totalBytes ?? 0
      if isContinued { tell(ofFile.documents == 0 ? .unchanged : beginning, known, of: file) }
      show(ofFile.firstRejections, of: file == "-" ? reader.sourceName : file)
      if let text = reader.note { note(text, on: file == "-" ? reader.sourceName : file) }
    }
    var bytesRead: Int64 = 0
    var last: FileCheckpoint?
    ofFile = try store.ingest(
      into: stream, options: definition.options, source: reader.sourceName, actor: actor,
      progress: { summary in
        ofFile = summary
        let share = totalBytes.map { Double(bytesOfFilesBefore + bytesRead) / Double(max($0, 1)) }
        let events = before.accepted + before.duplicates + summary.accepted + summary.duplicates
        progress.update(share: share, events: events)
      },
      next: {
        guard let chunk = try reader.next() else { return nil }
        bytesRead = reader.bytesRead
        last = chunk.checkpoint ?? last
        let progress = chunk.checkpoint.flatMap { remembered?.progress($0) }
        return { [mapping] in
          var batch = chunk.documents().mapped(by: mapping)
          batch.progress = progress
          return batch
        }
      })
    if let end = reader.checkpoint(afterLast: last), store.definition(of: stream) != nil {
      try remembered?.note(end)
      last = end
    }
    if let last { remembered?.learn(last) }
    guard !Interruption.isRequested else { return }
    endedSources.append(reader.sourceName)
    if let text = adviceOfFormat(file, reader.fieldNames, ofFile) {
      note(text, on: file == "-" ? reader.sourceName : file)
    }
    if ofFile.documents == 0 && !isContinued && reader.bytesRead > 0 {
      note(
        "there is nothing to store in its \(Wording.count(reader.bytesRead)) bytes",
        on: file == "-" ? reader.sourceName : file)
    }
  }

  /// Has the reader go on where the file was read to. Nil when nothing is known of the file.
  private mutating func begin(
    _ reader: inout FileReader
  ) throws -> (FileBeginning?, RememberedFiles.Known?) {
    guard let store, let identity = reader.identity else { return (nil, nil) }
    var files = remembered ?? RememberedFiles(store, stream: stream)
    defer { remembered = files }
    let found = try files.find(identity, path: reader.sourceName, reader)
    // Of one that is not the same it is told that it is read from its start.
    guard let known = try found ?? files.latest(at: reader.sourceName), !isFromStart,
      store.definition(of: stream) != nil
    else { return (nil, nil) }
    return (try reader.resume(at: known.checkpoint), known)
  }

  /// Counts and tells how the reading of a file began that was known.
  private mutating func tell(
    _ beginning: FileBeginning?, _ known: RememberedFiles.Known?, of file: String
  ) {
    guard let beginning, let known else { return }
    switch beginning {
    case .continued(let offset, let line):
      continuedCount += 1
      show("continued at byte \(Wording.count(offset)), line \(Wording.count(line))", on: file)
    case .unchanged:
      unchangedCount += 1
      let since = Timestamp(ns: known.notedNs / 1_000_000_000 * 1_000_000_000)
      show("nothing new since \(since); --from-start reads it again", on: file)
    case .replaced(let reason):
      let end = known.checkpoint.offset
      show(
        "read from its start: \(reason.rawValue), up to byte \(Wording.count(end))", on: file)
    }
  }

  private mutating func show(_ text: String, on file: String) {
    beginningsShown += 1
    if beginningsShown <= Self.maxBeginningsShown { note(text, on: file) }
  }

  /// What a file may be when none of its documents could be taken.
  private func adviceOfFormat(
    _ file: String, _ fieldNames: String?, _ summary: IngestSummary
  ) -> String? {
    guard summary.rejected > 0, summary.accepted == 0, summary.duplicates == 0 else { return nil }
    // What has a field that could be the time was read in the right format.
    let reasons = summary.firstRejections.map(\.reason)
    if reasons.contains(where: { $0.hasPrefix("unreadable time") }) { return nil }
    if let fieldNames {
      let names = Wording.printable(fieldNames.utf8, maxCharacters: 200)
      return "its first line is read as the names of the fields: \(names)"
    }
    guard format == nil, !FileFormat.isNamed(by: file),
      !reasons.contains(where: { $0.hasPrefix("no time") })
    else { return nil }
    return "it is read as NDJSON, since its name says no other format; --format csv, tsv or json "
      + "says another"
  }

  private mutating func note(_ text: String, on file: String) {
    progress.wipe()
    printNote("\(file): \(text)")
  }

  /// What the stream does not use, duplicates that may be none, and what makes it slow.
  private func showNotes() {
    if let cells = store?.cellMemory, cells.writesForRoom > 0 {
      let times = cells.writesForRoom == 1 ? "once" : "\(Wording.count(cells.writesForRoom)) times"
      printNote(
        "cells of KPIs take more than the \(Wording.bytes(UInt64(cells.limitBytes))) that --memory "
          + "\(memory.memory) gives them: they were written \(times) to make room; with more it is faster"
      )
    }
    // Without a stream no document was an event.
    guard let store, let definition = store.definition(of: stream) else { return }
    do {
      for field in try store.unusedFields(of: stream) {
        printNote(StreamNotes.text(field, ofStream: stream))
      }
      let info = try store.snapshot().streams.first { $0.name == stream }
      for note in info?.notesOfAbsentFields ?? [] { printNote(DisplayText.printable(note)) }
    } catch {
      printNote("\(error)")
    }
    guard total.differing > 0 else { return }
    printNote(
      "\(StreamNotes.differing(total.differing, definition)); see them with: "
        + "nilo ledger --data \(arguments.data) --kind duplicate --stream \(stream)")
  }

  private mutating func openStore() throws -> Store {
    if let store { return store }
    let directory = arguments.directory(memory)
    isOwnStore = directory.isAbsent
    let opened = try directory.writing()
    if let existing = opened.log.stream(named: stream) {
      do {
        try definition.check(against: existing.definition)
      } catch {
        opened.close()
        throw error
      }
    }
    store = opened
    return opened
  }

  /// A run that fails at once leaves nothing that was not there before. While the store is open nobody else writes to it.
  private func discardEmptyStore() {
    guard isOwnStore, endedSources.isEmpty, let statistics = try? store?.statistics() else {
      return
    }
    if statistics.lastSeq == 0, statistics.ledgerPages == 0 { arguments.directory().discard() }
  }

  private mutating func fail(_ message: String) {
    hasFailed = true
    progress.wipe()
    printError(message)
  }

  private mutating func show(_ rejections: [IngestSummary.Rejection], of file: String) {
    for rejection in rejections where rejectionsShown < Self.maxRejectionsShown {
      progress.wipe()
      printNote(
        DisplayText.printable("\(file):byte \(rejection.position): \(rejection.reason)"))
      rejectionsShown += 1
    }
  }

  private static func totalBytes(of files: [String]) -> Int64? {
    var sum: Int64 = 0
    for file in files {
      // What cannot be read is no part of the work.
      guard file != "-" else { return nil }
      guard let values = try? FileManager.default.attributesOfItem(atPath: file) else { continue }
      guard values[.type] as? FileAttributeType != .typeDirectory else { continue }
      guard values[.type] as? FileAttributeType == .typeRegular else { return nil }
      sum += (values[.size] as? NSNumber)?.int64Value ?? 0
    }
    return sum
  }
}

/// What a long run tells, and not for ever.
private final class NoteLimit {
  private var count = 0
  private static let maxNotes = 100

  func tell(_ text: String, of path: String) {
    count += 1
    if count > Self.maxNotes { return }
    printNote(DisplayText.printable("\(path): \(text)"))
    if count == Self.maxNotes {
      printNote("further notes are not shown; what was rejected is on the ledger: nilo ledger")
    }
  }
}
