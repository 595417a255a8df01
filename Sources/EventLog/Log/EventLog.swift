import Bytes
import Foundation
import LMDB
import Model
import Synchronization
import Threads
import Zstd

/// The log of all events of a store: append, and read by sequence number, stream and time.
///
/// One process may have a directory open for writing; any number may read it meanwhile. All methods may be
/// called from any thread.
public final class EventLog: Sendable {
  /// Whether a log may be changed; only one process has a directory open with `readWrite`.
  public enum Mode: Sendable { case readWrite, readOnly }

  public let directory: String
  public let mode: Mode
  package let environment: Environment
  let tables: LogTables
  let store: BlockStore
  private let attached = Mutex(CommitParticipants())
  let observers = Observers()
  private let catalogue: Mutex<Catalogue>
  /// Held while a stream is made, which takes a commit; `catalogue` is not, since commits ask it.
  let defining = NSLock()
  /// In a log that another process writes to: the streams as of the last commit that was looked at.
  let lastRead: Mutex<(commit: Int, streams: [EventStream])>
  /// What was read of the catalogue.
  let changes: OwnDocuments
  /// Streams whose block index was found to have all that the totals say.
  let complete: Mutex<Set<UInt32>>
  private let sequencer: Mutex<Sequencer>
  private let filters: FilterCache
  let committed: Mutex<CommitState>
  /// Held while what the last commit left is exchanged for what the next one leaves.
  let commitTurn = NSLock()
  private let commitQueue: Mutex<CommitQueue?>
  private let merger = Mutex<BackgroundMerger?>(nil)
  let mergeState = Mutex(MergeState())
  /// What appends have used and others may use again.
  let appenders = AppenderPool()
  /// The wall clock, in nanoseconds since the epoch: an event's received time.
  let clock: @Sendable () -> Int64

  /// The address space that a store begins with. It grows when it is needed.
  public static let defaultMapSizeBytes = 1 << 32

  /// Opens the log in `directory`; for writing, it is made when there is none.
  ///
  /// With `mergesBlocks` a thread merges the small blocks that small commits leave.
  ///
  /// Throws ``LMDBError`` when the directory cannot be opened or another process writes to it,
  /// ``UnknownFormatError``, or ``DamageError``. Takes some milliseconds, whatever the log's size.
  public init(
    directory: String, mode: Mode, projectionTables: [String] = [],
    clock: @escaping @Sendable () -> Int64 = EventLog.wallClockNs,
    mapSizeBytes: Int = defaultMapSizeBytes, mergesBlocks: Bool = true
  ) throws {
    self.directory = directory
    self.mode = mode
    self.clock = clock
    environment = try Environment(
      directory: directory, mode: mode == .readWrite ? .readWrite : .readOnly,
      tables: LogTables.names + projectionTables, appendOnlyTables: LogTables.appendOnlyNames,
      mapSizeBytes: mapSizeBytes)
    tables = LogTables(environment)
    store = BlockStore(tables)
    let tables = tables
    if mode == .readWrite {
      try environment.write { transaction in
        guard try !transaction.reading.contains(tables.meta, LogHead.key) else { return }
        // Numbers must not be given out a second time.
        guard try transaction.reading.count(tables.blocks) == 0 else {
          throw LogHead.missing
        }
        try transaction.put(tables.meta, LogHead.key, LogHead().encoded)
      }
    }
    let (store, changes) = (store, OwnDocuments())
    let (readAt, loaded, found) = try environment.read { transaction in
      let head = try LogHead.read(tables, transaction)
      var state = CommitState(head: head, index: try DedupIndex(transaction, table: tables.dedup))
      let catalogue = try Catalogue.load(
        changes, committedSeq: head.nextSeq - 1, tables, store, transaction)
      for stream in catalogue.all {
        let id = stream.definition.id
        let totals = try StreamTotals.read(id, tables, transaction) ?? StreamTotals()
        state.add(
          stream, totals: totals, try StreamClock.load(id, totals, tables, transaction))
      }
      return (transaction.commitNumber, state, catalogue)
    }
    self.changes = changes
    complete = Mutex([StreamDefinition.catalogue.id])
    lastRead = Mutex((readAt, found.all))
    catalogue = Mutex(found)
    filters = FilterCache()
    sequencer = Mutex(
      Sequencer(head: loaded.head, index: loaded.index, store: store, filters: filters))
    committed = Mutex(loaded)
    commitQueue = Mutex(nil)
    if mode == .readWrite {
      let queue = try CommitQueue { [unowned self] in commit($0) }
      commitQueue.withLock { $0 = queue }
      if mergesBlocks {
        let thread = try BackgroundMerger(self)
        merger.withLock { $0 = thread }
      }
    }
  }

  /// Makes `participant` take part in every commit, after those that do already. To be called before the first append.
  package func add(_ participant: any CommitParticipant) {
    precondition(mode == .readWrite, "a log that is open for reading has no commits")
    attached.withLock { $0.add(participant) }
  }

  var participants: CommitParticipants { attached.withLock { $0 } }

  deinit { close() }

  /// Ends all appends and closes the files. Using the log after it is an error.
  public func close() {
    // Not under the lock: whoever is about to submit must learn that it is too late.
    let running = commitQueue.withLock { queue in
      defer { queue = nil }
      return queue
    }
    running?.stop()
    let merging = merger.withLock { merger in
      defer { merger = nil }
      return merger
    }
    merging?.stop()
    observers.stop()
    attached.withLock { $0 = CommitParticipants() }
    environment.close()
  }

  /// Nanoseconds since 1970-01-01T00:00:00Z, by the system's clock, which may be set back.
  public static func wallClockNs() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  // MARK: Streams

  /// The streams, in order of their making; the log's own are not among them.
  public var streams: [EventStream] {
    catalogue.withLock { $0.streams }
  }

  /// A stream of users by its name; nil when there is none. In a log that is open for reading, of those that there were
  /// when it was opened. O(streams).
  public func stream(named name: String) -> EventStream? {
    catalogue.withLock { $0.stream(named: name) }
  }

  /// The last event that is durable.
  var committedSeq: UInt64 {
    mode == .readWrite ? committed.withLock { $0.head.nextSeq - 1 } : .max
  }

  /// One of the log's own streams.
  func system(_ definition: StreamDefinition) -> EventStream {
    catalogue.withLock { $0.system(definition) }
  }

  /// Makes a stream. Throws ``StreamExistsError`` when there is one of that name.
  @discardableResult
  public func define(_ definition: StreamDefinition) throws -> EventStream {
    try defining.withLock {
      if let existing = stream(named: definition.name) {
        throw StreamExistsError(name: existing.name)
      }
      return try add(definition)
    }
  }

  /// The stream of that name, which is made if need be from the first of `documents` that can be an
  /// event; nil when there is none and no document can.
  /// Throws ``StreamNameError``, and when it is made ``StreamDefinitionError``, ``DedupByTimeError`` and what a
  /// participant says of its name. O(documents that are looked at).
  package func stream(
    named name: String, _ options: StreamOptions, detectingFrom batch: DocumentBatch
  ) throws -> EventStream? {
    try StreamDefinition.checkName(name)
    if let known = stream(named: name) { return known }
    return try defining.withLock {
      if let known = stream(named: name) { return known }
      let detected = try Detection.definition(name: name, options, in: batch)
      guard let definition = detected.candidate, detected.isAccepted else { return nil }
      return try add(definition)
    }
  }

  /// Stands for a stream that could not be made, since no document told what it is like: what is appended
  /// to it can only be rejected.
  package func undetectedStream(
    _ name: String, _ options: StreamOptions, for batch: DocumentBatch
  ) throws -> EventStream {
    var definition =
      try Detection.definition(name: name, options, in: batch).candidate
      ?? StreamDefinition(name: name, timePath: Detection.undetectedTimePath)
    try definition.settleReading()
    return EventStream(definition: definition, schema: StreamSchema())
  }

  private func add(_ definition: StreamDefinition) throws -> EventStream {
    var definition = try definition.checked()
    for participant in participants.all {
      try participant.checkName(ofStream: definition.name)
    }
    definition.id = catalogue.withLock { $0.nextId }
    definition.hashKey = .random(in: .min ... .max)
    _ = try append(
      [definition.document(receivedNs: clock())], to: system(.catalogue), actor: "nilo")
    let stream = EventStream(definition: definition, schema: StreamSchema())
    catalogue.withLock {
      $0.streams.append(stream)
      $0.nextId = definition.id + 1
    }
    return stream
  }

  /// Appends a document to the catalogue; gives its sequence number. `change` says what has changed, and is told
  /// the time to write into it.
  @discardableResult
  package func record(actor: String, _ change: (Int64) -> [UInt8]) throws -> UInt64 {
    try append([change(clock())], to: system(.catalogue), actor: actor)
  }

  /// Gives the sequence number of the first document.
  func append(
    _ documents: [[UInt8]], to own: EventStream, actor: String, closing closed: [SourceEnd] = [],
    altering alteration: Alteration? = nil
  ) throws -> UInt64 {
    var batch = DocumentBatch(bytes: [], documents: [], endPosition: 0)
    for document in documents {
      batch.documents.append(
        DocumentRange(
          start: UInt32(batch.bytes.count), byteCount: UInt32(document.count), position: 0))
      batch.bytes += document
    }
    let result = try withAppender {
      try $0.append(
        batch, to: own, source: "nilo", actor: actor, closing: closed, altering: alteration)
    }
    guard let seq = result.firstSeq, result.accepted == documents.count else {
      throw DamageError(what: "a document of stream \(own.name) was not accepted")
    }
    return seq
  }

  // MARK: Appending

  /// Gives `parsed` its place in the log. Batches are committed in the order of these calls; each has to be
  /// passed to ``submit(_:_:_:)`` after.
  ///
  /// With the `epoch` of a batch that this one has to follow, throws ``EarlierCommitFailedError`` when a commit
  /// has failed since: that batch may be lost, and this one must not be stored without it.
  func sequence(
    _ parsed: consuming ParsedBatch, of stream: EventStream, _ hits: IndexHits, source: String,
    actor: String, closing closed: [SourceEnd] = [], altering alteration: Alteration? = nil,
    progress: SourceProgress? = nil, epoch: Int? = nil
  ) throws -> SequencedBatch {
    for name in [source, actor] where name.utf8.count > Limits.maxSourceNameBytes {
      throw SourceNameError(byteCount: name.utf8.count)
    }
    try progress?.check()
    let envelope = Envelope(
      source: source, actor: actor, receivedNs: clock(), progress: progress, closes: closed,
      alters: alteration)
    let id = stream.definition.id
    let batch = parsed
    return try sequencer.withLock { sequencer in
      if let epoch, epoch != sequencer.epoch { throw EarlierCommitFailedError() }
      if !isCurrent(stream.definition) || sequencer.isAltering(id) {
        throw StreamAlteredError(name: stream.name)
      }
      let (totals, clock) = committed.withLock {
        ($0.totals[id] ?? StreamTotals(), $0.clock(ofStream: id))
      }
      return try environment.read { transaction in
        for key in closed.map(\.key) {
          sequencer.prepare(
            toClose: key, try SourceState.find(key.streamId, key.name, tables, transaction),
            committed.withLock { $0.clock(ofStream: key.streamId) })
        }
        let state = try SourceState.find(id, source, tables, transaction)
        return try sequencer.sequence(
          batch, of: stream, envelope, hits, totals: totals, clock: clock, sourceState: state,
          transaction)
      }
    }
  }

  /// Whether the stream is still as `definition` says; so are the log's own, and one that could not be made.
  package func isCurrent(_ definition: StreamDefinition) -> Bool {
    if definition.id < StreamDefinition.firstUserId { return true }
    return catalogue.withLock { catalogue in
      catalogue.streams.contains {
        $0.definition.id == definition.id && $0.definition.version == definition.version
      }
    }
  }

  /// Waits while the stream is being altered, which may take as long as its documents are read anew.
  func awaitAlteration(of streamId: UInt32) {
    guard sequencer.withLock({ $0.isAltering(streamId) }) else { return }
    WorkerPool.shared.blocking { defining.withLock {} }
  }

  /// What the dedup index says of the batch's ids now: the long part of sequencing, done before the batch has
  /// its turn.
  func lookUp(_ parsed: borrowing ParsedBatch) -> IndexHits {
    if parsed.definition.idPaths.isEmpty { return IndexHits() }
    let index = sequencer.withLock { $0.index }
    var hits = IndexHits()
    do {
      try environment.read {
        try index.lookUp(parsed, filters, $0, into: &hits, afterRun: { releaseMemory() })
      }
      return hits
    } catch {
      // A run may be gone already. With its turn the batch finds out, or meets the damage that there is.
      return IndexHits()
    }
  }

  /// Hands a sequenced batch with its block to the queue of commits.
  func submit(
    _ batch: BatchPlace, _ block: Result<FoldedBlock?, any Error>, _ stream: EventStream
  ) throws -> PendingAppend {
    let completion = PendingAppend()
    guard let queue = commitQueue.withLock({ $0 }) else { throw ReadOnlyError() }
    queue.submit(
      CommitQueue.Item(batch: batch, block: block, stream: stream, completion: completion))
    return completion
  }

  /// Pages of the store's file that lookups have touched count as the program's memory until they are given
  /// back.
  package static let maxResidentFileBytes = 28 << 20

  /// Gives the pages of the store's file back to the system if files take more than `limit` bytes of the program's
  /// memory. What is touched again is mostly still in the system's cache.
  package func releaseMemory(above limit: Int = maxResidentFileBytes) {
    if Environment.residentFileBytes > limit { environment.releaseResidentPages() }
  }

  private func commit(_ group: [CommitQueue.Item]) {
    // What was sequenced before the last failure is void; what was sequenced after it stands for itself.
    let epoch = sequencer.withLock { $0.epoch }
    for item in group where item.batch.epoch != epoch {
      item.completion.finish(.failure(EarlierCommitFailedError()))
    }
    let items = group.filter { $0.batch.epoch == epoch }
    if items.isEmpty { return }
    do {
      for item in items { _ = try item.block.get() }
    } catch {
      return fail(items, error)
    }
    var rest = items[...]
    while !rest.isEmpty {
      do {
        let done = try commit(first: rest)
        for item in done {
          item.completion.finish(.success(AppendResult(item.batch, try item.block.get()?.block)))
        }
        rest = rest.dropFirst(done.count)
      } catch {
        return fail(Array(rest), error)
      }
    }
  }

  /// Commits as many of `items` as the participants' memory has room for, at least one; gives those, with what the
  /// commit has found out about them.
  private func commit(first items: ArraySlice<CommitQueue.Item>) throws -> [CommitQueue.Item] {
    let compressor = try ZstdCompressor(level: 1)
    let participants = participants
    let (after, done) = try participants.inTurn {
      commitTurn.lock()
      defer { commitTurn.unlock() }
      let before = committed.withLock { $0 }
      let written = try environment.write { transaction in
        var state = before
        state.altered = [:]
        var done: [CommitQueue.Item] = []
        for participant in participants.all { participant.begin() }
        try state.index.deleteLeftovers(batches: items.count, &transaction)
        for var item in items where done.isEmpty || !participants.isFull {
          item.batch.duplicates = try state.write(
            item.batch, try item.block.get(), item.stream, tables, compressor, participants,
            &transaction)
          releaseMemory()
          done.append(item)
        }
        for participant in participants.all { try participant.finish(&transaction) }
        return (state, done)
      }
      precondition(
        written.0.head.nextSeq >= before.head.nextSeq
          && written.0.head.nextLedgerPage >= before.head.nextLedgerPage,
        "a commit takes back numbers of events or of pages of the ledger")
      committed.withLock { $0 = written.0 }
      // Within the turn, lest a block that was merged for the stream of before is stored.
      for (id, stream) in written.0.altered { exchange(id, for: stream) }
      for participant in participants.all { participant.committed() }
      return written
    }
    sequencer.withLock { sequencer in
      for item in done {
        sequencer.committed(
          ticket: item.batch.ticket, flushes: item.batch.flushes, index: after.index)
        if let alteration = item.batch.envelope.alters {
          sequencer.altered(alteration.streamId, readsAnew: alteration.readsAnew)
        }
      }
    }
    observers.didCommit(through: after.head.nextSeq - 1)
    let grown = done.filter { $0.batch.eventCount > 0 }.map(\.stream.definition.id)
    merger.withLock { $0 }?.didCommit(blocksOf: grown)
    return done
  }

  /// Makes `stream` what the catalogue has under a number; nil when it was dropped.
  private func exchange(_ id: UInt32, for stream: EventStream?) {
    catalogue.withLock { catalogue in
      guard let index = catalogue.streams.firstIndex(where: { $0.definition.id == id }) else {
        return
      }
      if let stream {
        catalogue.streams[index] = stream
      } else {
        catalogue.streams.remove(at: index)
      }
    }
  }

  /// Calls `body` when all batches of the stream that had a place are committed, and while no other gets one.
  func holdingOff<R>(_ streamId: UInt32, _ body: () throws -> R) throws -> R {
    sequencer.withLock { $0.holdOff(streamId) }
    do {
      // A batch of nothing is committed after all that came before it.
      _ = try withAppender {
        try $0.append(
          DocumentBatch(bytes: [], documents: [], endPosition: 0), to: system(.catalogue),
          source: "nilo", actor: "nilo")
      }
      return try body()
    } catch {
      sequencer.withLock { $0.letGo(streamId) }
      throw error
    }
  }

  /// Nothing of `items` is in the log. What was sequenced after them has numbers that now will not be, so it
  /// fails as well, and the sequencer starts again from what is on disk.
  private func fail(_ items: [CommitQueue.Item], _ error: any Error) {
    let durable = committed.withLock { $0 }
    sequencer.withLock { $0.reset(head: durable.head, index: durable.index) }
    for item in items {
      // A refusal is that of the alteration only.
      let isOthers = error is StreamAlterationError && item.batch.envelope.alters == nil
      item.completion.finish(.failure(isOthers ? EarlierCommitFailedError() : error))
    }
  }
}

/// A stream of that name exists already.
public struct StreamExistsError: Error, Equatable, CustomStringConvertible {
  public var name: String
  public var description: String { "stream \"\(name)\" exists already" }
}

/// The name of a source or an actor is too long.
public struct SourceNameError: Error, Equatable, CustomStringConvertible {
  public var byteCount: Int
  public var description: String {
    "the name of a source or an actor may have \(Limits.maxSourceNameBytes) bytes, "
      + "this one has \(byteCount)"
  }
}

/// The log was opened for reading, or is closed.
public struct ReadOnlyError: Error, Equatable, CustomStringConvertible {
  public var description: String { "the log is open for reading only" }
}

/// A batch before this one could not be committed, so this one was not either.
public struct EarlierCommitFailedError: Error, Equatable, CustomStringConvertible {
  package init() {}

  public var description: String {
    "an earlier batch could not be committed, so this one was not either; append it again"
  }
}

extension LogHead {
  fileprivate static let missing = DamageError(what: "head of the log is missing")

  static func read(
    _ tables: LogTables, _ transaction: borrowing ReadTransaction
  ) throws -> LogHead {
    guard let value = try transaction.get(tables.meta, key) else {
      // The first writer has made the tables, and no more yet.
      if try transaction.count(tables.blocks) == 0 { return LogHead() }
      throw missing
    }
    return try LogHead(value)
  }
}
