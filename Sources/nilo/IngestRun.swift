import FileConnector
import Foundation
import Query
import Store
import Terminal

/// One run of `nilo ingest`: file after file into a stream, and what became of all.
struct IngestRun {
  private(set) var total = IngestSummary()
  /// Files that could be opened.
  private(set) var fileCount = 0
  private(set) var hasFailed = false
  private(set) var elapsedSeconds = 0.0

  private let arguments: StoreArguments
  private let memory: MemoryArguments
  let stream: String
  private let definition: DefinitionArguments
  private let format: FileFormat?
  private let decimalMark: DecimalMark?
  private let actor = userName()
  private let start = ContinuousClock.now
  private var progress = Progress()
  /// Opened with the first file, so that a mistyped name leaves no empty store behind.
  private var store: Store?
  /// Whether this run has made the store, with its directory.
  private var isOwnStore = false
  /// Bytes of all files as they are on disk, nil when one is a pipe.
  private var totalBytes: Int64?
  private var bytesOfFilesBefore: Int64 = 0
  private var rejectionsShown: UInt64 = 0
  /// Files that were read to their ends.
  private var endedSources: [String] = []

  private static let maxRejectionsShown = 5

  init(
    _ arguments: StoreArguments, _ memory: MemoryArguments, stream: String,
    definition: DefinitionArguments, format: FileFormat?, decimalMark: DecimalMark?
  ) {
    (self.arguments, self.memory) = (arguments, memory)
    self.stream = stream
    self.definition = definition
    self.format = format
    self.decimalMark = decimalMark
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

  private mutating func ingest(_ file: String) throws {
    var reader = try FileReader(
      path: file, format: format, decimalMark: decimalMark,
      isCancelled: { Interruption.isRequested })
    let store = try openStore()
    fileCount += 1
    let before = total
    var ofFile = IngestSummary()
    defer {
      total = before.adding(ofFile)
      bytesOfFilesBefore += reader.totalBytes ?? 0
      show(ofFile.firstRejections, of: file == "-" ? reader.sourceName : file)
      if let text = reader.note { note(text, on: file == "-" ? reader.sourceName : file) }
    }
    var bytesRead: Int64 = 0
    ofFile = try store.ingest(
      into: stream, options: definition.options, source: reader.sourceName, actor: actor,
      progress: { summary in
        ofFile = summary
        let share = totalBytes.map { Double(bytesOfFilesBefore + bytesRead) / Double(max($0, 1)) }
        let done = before.adding(summary)
        progress.update(share: share, events: done.accepted + done.duplicates)
      },
      next: {
        guard let chunk = try reader.next() else { return nil }
        bytesRead = reader.bytesRead
        return { chunk.documents() }
      })
    guard !Interruption.isRequested else { return }
    endedSources.append(reader.sourceName)
    if let text = adviceOfFormat(file, reader.fieldNames, ofFile) {
      note(text, on: file == "-" ? reader.sourceName : file)
    }
    if ofFile.documents == 0 && reader.bytesRead > 0 {
      note(
        "there is nothing to store in its \(Wording.count(reader.bytesRead)) bytes",
        on: file == "-" ? reader.sourceName : file)
    }
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

extension IngestSummary {
  fileprivate var documents: UInt64 { accepted + duplicates + rejected }

  /// What became of the documents of both sources.
  fileprivate func adding(_ next: IngestSummary) -> IngestSummary {
    var sum = self
    sum.accepted += next.accepted
    sum.duplicates += next.duplicates
    sum.differing += next.differing
    sum.rejected += next.rejected
    sum.late += next.late
    sum.ahead += next.ahead
    sum.firstSeq = firstSeq ?? next.firstSeq
    sum.lastSeq = next.lastSeq ?? lastSeq
    sum.bytes += next.bytes
    return sum
  }
}
